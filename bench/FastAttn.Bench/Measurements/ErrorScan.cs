using System.Numerics.Tensors;
using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Positions;

namespace FastAttn.Bench.Measurements;

/// <summary>
/// The errors of the FFT method in units of its certificate, over positions and features that are hard on it: the evidence
/// for <see cref="FftErrorBound.Constant"/>. Reference in float64 on the first, the last and random rows.
/// </summary>
internal sealed class ErrorScan : IMeasurement
{
    private const int FeatureCount = 32;
    private const int ValueDimension = 16;
    private const int RandomRows = 126;
    private const double HalfUlp = 1.0 / (1 << 24);

    public bool IsPinned => false;

    public Table Run(MeasurementSettings settings)
    {
        int[] lengths = settings.IsQuick
            ? [64, 160, 768, 1024]
            : [64, 96, 160, 256, 512, 1024, 1280, 1536, 2048, 4096, 5120, 6144, 8192, 16384, 20480, 24576, 32768, 65536];
        var table = new Table(
            "Largest errors of the FFT method, in units of 2⁻²⁴·‖c‖₂·Σ_a |φ(q_i)_a|·‖φ(k)_a [1 or ‖v‖]‖₂", "position", "features", "denominator", "at N", "numerator", "at N");
        var byLength = new Dictionary<int, Worst>();
        foreach (string position in AdversarialPositions.Names)
        {
            foreach (string features in AdversarialFeatures.Names)
            {
                Worst worst = default;
                foreach (int length in lengths)
                {
                    Worst one = Measure(position, features, length);
                    worst = worst.Or(one);
                    byLength[length] = byLength.GetValueOrDefault(length).Or(one);
                }

                table.Add(position, features, worst.Denominator, worst.DenominatorLength, worst.Numerator, worst.NumeratorLength);
            }
        }

        table.Note($"By length N (denominator, numerator): {string.Join("; ", byLength.Select(entry => FormattableString.Invariant($"{entry.Key}: {entry.Value.Denominator:0.00}, {entry.Value.Numerator:0.00}")))}.");
        double largest = byLength.Values.Max(worst => Math.Max(worst.Denominator, worst.Numerator));
        table.Note($"Worst of all: {largest:0.00}. The certificate takes {FftErrorBound.Constant}.");
        return table;
    }

    private static Worst Measure(string positionName, string featureName, int length)
    {
        var random = new Random(length);
        float[] projection = AdversarialFeatures.Projection(FeatureCount, random);
        float[] query = AdversarialFeatures.Make(featureName, length, projection, random);
        float[] key = AdversarialFeatures.Make(featureName, length, projection, random);
        float[] value = Normal.Array(random, (long)length * ValueDimension);
        var positions = new PreparedPosition(
            RelativePosition.Dense(AdversarialPositions.Make(positionName, length, random), length, length), new PositionExtent(length, length, 0, length - 1));
        using var method = new MethodCase(Method.Fft, query, key, value, length, FeatureCount, positions);
        PartialSums sums = method.Compute();

        var scene = new Scene(length, query, Array.ConvertAll(key, x => (double)x), Array.ConvertAll(value, x => (double)x), positions.Head(0));
        int[] rows = [.. Enumerable.Range(0, RandomRows).Select(_ => random.Next(length)).Append(0).Append(length - 1).Distinct()];
        var errors = new Worst[rows.Length];
        Parallel.For(0, rows.Length, index => errors[index] = scene.Errors(rows[index], sums));
        return errors.Aggregate((a, b) => a.Or(b));
    }

    /// <summary>The largest errors seen and the lengths they were seen at.</summary>
    private readonly record struct Worst(double Denominator, int DenominatorLength, double Numerator, int NumeratorLength)
    {
        public Worst Or(Worst other) => new(
            Math.Max(Denominator, other.Denominator), Denominator >= other.Denominator ? DenominatorLength : other.DenominatorLength,
            Math.Max(Numerator, other.Numerator), Numerator >= other.Numerator ? NumeratorLength : other.NumeratorLength);
    }

    /// <summary>One problem in float64.</summary>
    private sealed class Scene
    {
        private readonly int _length;
        private readonly float[] _query;
        private readonly double[] _key;
        private readonly double[] _value;
        private readonly HeadPosition _position;
        private readonly double[] _norms = new double[FeatureCount];
        private readonly double[] _valueNorms = new double[FeatureCount];

        public Scene(int length, float[] query, double[] key, double[] value, HeadPosition position)
        {
            (_length, _query, _key, _value, _position) = (length, query, key, value, position);
            for (int j = 0; j < length; j++)
            {
                double squares = TensorPrimitives.SumOfSquares(value.AsSpan(j * ValueDimension, ValueDimension));
                for (int a = 0; a < FeatureCount; a++)
                {
                    double square = key[(j * FeatureCount) + a] * key[(j * FeatureCount) + a];
                    _norms[a] += square;
                    _valueNorms[a] += square * squares;
                }
            }
        }

        /// <summary>The errors of row <paramref name="i"/> in units of its bound.</summary>
        public unsafe Worst Errors(int i, PartialSums sums)
        {
            Span<double> query = stackalloc double[FeatureCount];
            double bound = 0, valueBound = 0;
            for (int a = 0; a < FeatureCount; a++)
            {
                query[a] = _query[(i * FeatureCount) + a];
                bound += Math.Abs(query[a]) * Math.Sqrt(_norms[a]);
                valueBound += Math.Abs(query[a]) * Math.Sqrt(_valueNorms[a]);
            }

            double denominator = 0;
            Span<double> numerator = stackalloc double[ValueDimension];
            numerator.Clear();
            for (int j = 0; j < _length; j++)
            {
                double weight = _position.Coefficients[j - i] * TensorPrimitives.Dot<double>(query, _key.AsSpan(j * FeatureCount, FeatureCount));
                denominator += weight;
                TensorPrimitives.MultiplyAdd(_value.AsSpan(j * ValueDimension, ValueDimension), weight, numerator, numerator);
            }

            double squares = 0;
            for (int column = 0; column < ValueDimension; column++)
                squares += Math.Pow(sums.Numerators[((long)i * sums.NumeratorStride) + column] - numerator[column], 2);
            double unit = HalfUlp * _position.Norm;
            return new Worst(Math.Abs(sums.Denominators[i] - denominator) / (unit * bound), _length, Math.Sqrt(squares) / (unit * valueBound), _length);
        }
    }
}
