using FastAttn.Tests.Features;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>One call of SchoenbAt as data, and its truth in float64.</summary>
/// <param name="Call">Tensors, masks, bias, causality and the method; its feature map is not read.</param>
/// <param name="Options">Everything else.</param>
internal sealed record SchoenbatProblem(AttentionProblem Call, SchoenbatOptions Options)
{
    /// <summary>Options with what <see cref="Call"/> says of causality, offset, method, tolerance and threads.</summary>
    private SchoenbatOptions AllOptions => Options with
    {
        Causal = Call.Options.Causal,
        QueryOffset = Call.Options.QueryOffset,
        QueryOffsets = Call.Options.QueryOffsets,
        Method = Call.Options.Method,
        Tolerance = Call.Options.Tolerance,
        Threads = Call.Options.Threads,
    };

    /// <summary>The same problem by another method.</summary>
    public SchoenbatProblem By(Method method) => this with { Call = Call.By(method) };

    public SchoenbatAttention Prepare() => new(Call.Shape, AllOptions, Call.Position());

    /// <summary>Runs the library once.</summary>
    public (float[] Output, ForwardReport Report, MaclaurinFeatures Draw) Run()
    {
        using SchoenbatAttention attention = Prepare();
        AttentionShape s = Call.Shape;
        var output = new float[(long)s.Batch * s.Heads * s.QueryLength * s.ValueDimension];
        output.AsSpan().Fill(float.NaN);
        ForwardReport report = attention.Forward(Call.Query, Call.Key, Call.Value, output, Call.KeyMask, Call.Lengths);
        return (output, report, attention.Draw);
    }

    /// <summary>Runs it and checks every row against the truth before γ and β; only for problems without these.</summary>
    public ForwardReport Holds(Func<int, bool>? rows = null)
    {
        (float[] output, ForwardReport report, MaclaurinFeatures draw) = Run();
        Contract.RowsHold(Truth(draw, rows), Call.Shape, output, Call.Options.Tolerance, () => $"{report}; {this}");
        return report;
    }

    /// <summary>
    /// All rows, straight from the definition: <c>z_i = Σ_j exp(b_{j−i}) (φ(q̂_i)·φ(k̂_j)) v_j / Σ_j exp(b_{j−i}) (φ(q̂_i)·φ(k̂_j))</c>.
    /// </summary>
    public ReferenceRow[] Truth(MaclaurinFeatures draw, Func<int, bool>? wanted = null)
    {
        AttentionShape s = Call.Shape;
        var rows = new ReferenceRow[s.Batch * s.Heads * s.QueryLength];
        double[][] queries = [.. Enumerable.Range(0, rows.Length).Select(row => wanted is null || wanted(row % s.QueryLength) ? Features(draw, Call.Query, row) : [])];
        double[][] keys = [.. Enumerable.Range(0, s.Batch * s.KeyHeads * s.KeyLength).Select(row => Features(draw, Call.Key, row))];
        for (int row = 0; row < rows.Length; row++)
        {
            (int i, int h, int b) = (row % s.QueryLength, row / s.QueryLength % s.Heads, row / s.QueryLength / s.Heads);
            if (wanted is not null && !wanted(i)) continue;
            int firstKey = ((b * s.KeyHeads) + (h / (s.Heads / s.KeyHeads))) * s.KeyLength;
            int[] visible = [.. Enumerable.Range(0, s.KeyLength).Where(j => Call.IsVisible(b, h, i, j))];
            double largest = visible.Length == 0 ? 0 : visible.Max(j => (double)Call.BiasOf(h, i, j)), denominator = 0, absolute = 0, loudest = 0;
            var numerator = new double[s.ValueDimension];
            foreach (int j in visible)
            {
                double c = Math.Exp(Call.BiasOf(h, i, j) - largest), weight = 0, norm = 0;
                for (int a = 0; a < queries[row].Length; a++)
                {
                    double term = c * queries[row][a] * keys[firstKey + j][a];
                    weight += term;
                    absolute += Math.Abs(term);
                }

                denominator += weight;
                for (int column = 0; column < numerator.Length; column++)
                {
                    float v = Call.Value[((firstKey + j) * numerator.Length) + column];
                    numerator[column] += float.IsFinite(v) ? weight * v : double.NaN;
                    if (float.IsFinite(v)) norm += (double)v * v;
                }

                loudest = Math.Max(loudest, Math.Sqrt(norm));
            }

            double floor = (Options.DenominatorFloor ?? 0) * Math.Exp(-largest);
            if (denominator < floor) (denominator, absolute) = (floor, Math.Max(absolute, floor));

            // Features that are all zero, which the literal form may draw, give zeros.
            if (absolute != 0) numerator = Array.ConvertAll(numerator, sum => sum / denominator);
            rows[row] = new ReferenceRow(numerator, loudest, visible.Length, absolute == 0 ? 1 : absolute / Math.Abs(denominator));
        }

        return rows;
    }

    /// <summary>preSBN and temperature, then φ; a row with a NaN or an infinity gives NaN.</summary>
    private static double[] Features(MaclaurinFeatures draw, float[] rows, int row)
    {
        double[] x = [.. rows.AsSpan(row * draw.Dimension, draw.Dimension).ToArray().Select(value => float.IsFinite(value) ? value : double.NaN)];
        return MaclaurinReference.Features(draw, Normalized(x));
    }

    /// <summary><c>(x − mean)/‖x − mean‖₂ · d^(−1/4)</c>, zero for a constant row.</summary>
    public static double[] Normalized(double[] x)
    {
        double mean = x.Average(), norm = Math.Sqrt(x.Sum(value => (value - mean) * (value - mean)));
        return Array.ConvertAll(x, value => norm == 0 ? 0 : (value - mean) / norm * Math.Pow(x.Length, -0.25));
    }
}
