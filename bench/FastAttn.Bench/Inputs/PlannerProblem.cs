using System.Globalization;

namespace FastAttn.Bench.Inputs;

/// <summary>A problem drawn at random for the planner: sizes that no cost table was measured at, and positions of some kind.</summary>
internal sealed class PlannerProblem
{
    /// <summary>The most multiply-adds that direct sums may cost, so that a few hundred problems take minutes.</summary>
    private const double MostWork = 2e10;

    private readonly float[] _query, _key, _value, _output;
    private readonly RelativePosition? _position;

    public PlannerProblem(Random random)
    {
        Causal = random.Next(2) == 1;
        Features = LogUniform(random, 8, 256);
        (int dimension, int valueDimension) = (LogUniform(random, 16, 128), LogUniform(random, 8, 160));
        int length = LogUniform(random, 64, 12_000);
        double work = (double)length * length * (Features + valueDimension);
        int heads = 1 + random.Next((int)Math.Clamp(MostWork / work, 1, 4));
        Shape = new AttentionShape(heads, length, dimension) { ValueDimension = valueDimension };
        (Kind, Func<int, double>? bias) = DrawBias(random, length);
        _position = bias is null ? null : RelativePosition.Dense(Tabulate(bias, length), length, length);
        _query = Normal.Array(random, (long)heads * length * dimension);
        _key = Normal.Array(random, (long)heads * length * dimension);
        _value = Normal.Array(random, (long)heads * length * valueDimension);
        _output = new float[_value.Length];
    }

    public AttentionShape Shape { get; }

    public int Features { get; }

    public bool Causal { get; }

    /// <summary>What the positions are, in a few words.</summary>
    public string Kind { get; }

    /// <summary>A plan that takes the planner's choice, or a method that is forced.</summary>
    public KernelizedAttention Plan(Method method) =>
        new(Shape, new KernelizedAttentionOptions { Method = method, Features = Features, Causal = Causal, Threads = 1 }, _position);

    public void Run(KernelizedAttention plan) => plan.Forward(_query.AsSpan(), _key, _value, _output);

    private static (string Kind, Func<int, double>? Bias) DrawBias(Random random, int length)
    {
        switch (random.Next(8))
        {
            case 0:
                return ("none", null);
            case 1:
                return ("learned", _ => 0.5 * Normal.Next(random));
            case 2:
                int most = LogUniform(random, 8, 512);
                double[] clipped = [.. Enumerable.Range(0, (2 * most) + 1).Select(_ => 0.5 * Normal.Next(random))];
                return (Text($"clipped at {most}"), t => clipped[Math.Clamp(t, -most, most) + most]);
            case 3:
                int window = LogUniform(random, 8, 512);
                return (Text($"window of {window}"), t => Math.Abs(t) <= window ? 0.1 * Normal.Next(random) : double.NegativeInfinity);
            case 4:
                double slope = Math.Pow(2, -8 * random.NextDouble());
                return (Text($"slope {slope:0.000}"), t => -slope * Math.Abs(t));
            case 5:
                (double power, double scale) = (0.5 + (2 * random.NextDouble()), Math.Pow(10, -2 * random.NextDouble()));
                return (Text($"log, {power:0.00} and {scale:0.000}"), t => -power * Math.Log(1 + (scale * Math.Abs(t))));
            case 6:
                double width = length * (0.05 + random.NextDouble());
                return (Text($"Gaussian of {width:0}"), t => -t * (double)t / (2 * width * width));
            default:
                double[] buckets = [.. Enumerable.Range(0, 32).Select(_ => 0.5 * Normal.Next(random))];
                return ("T5", t => buckets[(t > 0 ? 16 : 0) + T5Bucket(Math.Abs(t))]);
        }
    }

    /// <summary>Raffel et al. 2020: eight exact distances, then eight logarithmic ones up to 128.</summary>
    private static int T5Bucket(int distance) =>
        distance < 8 ? distance : Math.Min(8 + (int)(Math.Log(distance / 8.0) / Math.Log(16) * 8), 15);

    private static float[] Tabulate(Func<int, double> bias, int length) =>
        [.. Enumerable.Range(1 - length, (2 * length) - 1).Select(t => (float)bias(t))];

    private static int LogUniform(Random random, int least, int most) =>
        (int)Math.Round(least * Math.Pow((double)most / least, random.NextDouble()));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
