namespace FastAttn.Tests.Attention;

/// <summary>The feature maps in float64, as logarithm and sign; constant factors that cancel in attention are left out.</summary>
internal sealed class ReferenceFeatures(AttentionProblem problem, RandomProjection? projection, int head)
{
    private readonly int _dimension = problem.Shape.HeadDimension;
    private readonly FeatureMap _map = problem.Options.FeatureMap;

    private readonly float? _epsilon = problem.Options.FeatureEpsilon;

    /// <summary>The largest w·x of a row: what Performer's ε is measured by. 0 for maps that do not ask for it.</summary>
    public double LargestProjection(float[] rows, int row) => HasAddedEpsilon ? Project(Scaled(rows, row), wx => wx).Max() : 0;

    /// <summary>φ of row <paramref name="row"/> of a dense array of rows; a row with a NaN or an infinity gives NaN.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="row">Which one.</param>
    /// <param name="largestOfKeys">The largest w·x of all keys that take part; null for a query, which has its own.</param>
    public LogFeatures Of(float[] rows, int row, double? largestOfKeys = null)
    {
        double[] x = Scaled(rows, row);
        double halfSquare = x.Sum(value => value * value) / 2;
        double[] logs = _map switch
        {
            FeatureMap.Prf => Project(x, wx => wx - halfSquare),
            FeatureMap.Trf => [.. Project(x, wx => halfSquare + Math.Log(Math.Abs(Math.Sin(wx)))), .. Project(x, wx => halfSquare + Math.Log(Math.Abs(Math.Cos(wx))))],
            FeatureMap.Relu => Project(x, wx => Math.Log(Math.Max(wx / Math.Sqrt(projection!.Features), 0) + (_epsilon ?? 1e-3))),
            FeatureMap.Elu => Array.ConvertAll(x, value => value >= 0 ? Math.Log(value + 1) : value),
            FeatureMap.Sikf => x,
            FeatureMap.Given => Array.ConvertAll(x, value => Math.Log(Math.Abs(value))),
            FeatureMap.Dpfp => Products(x, problem.Options.Nu),
            _ => throw new ArgumentOutOfRangeException(nameof(row)),
        };
        if (HasAddedEpsilon)
        {
            // exp(w·x − ‖x‖²/2 − M) + ε, times exp(M).
            double added = Math.Log(_epsilon!.Value) + (largestOfKeys ?? logs.Max() + halfSquare);
            logs = Array.ConvertAll(logs, log => Math.Max(log, added) + Math.Log(1 + Math.Exp(-Math.Abs(log - added))));
        }

        double[] signs = _map switch
        {
            FeatureMap.Trf => [.. Project(x, wx => Sign(Math.Sin(wx))), .. Project(x, wx => Sign(Math.Cos(wx)))],
            FeatureMap.Given => Array.ConvertAll(x, Sign),
            _ => Array.ConvertAll(logs, _ => 1.0),
        };
        return new LogFeatures(logs, signs);
    }

    private bool HasAddedEpsilon => _map == FeatureMap.Prf && _epsilon is not null;

    private double[] Scaled(float[] rows, int row)
    {
        double[] x = [.. rows.AsSpan(row * _dimension, _dimension).ToArray().Select(value => float.IsFinite(value) ? value : double.NaN)];
        bool normalize = problem.Options.Normalize ?? _map is FeatureMap.Prf or FeatureMap.Trf;
        double norm = Math.Sqrt(x.Sum(value => value * value));
        double factor = !normalize ? problem.Options.QkScale ?? DefaultScale() : norm == 0 ? 1 : 1 / norm;
        return Array.ConvertAll(x, value => value * factor);
    }

    /// <summary>±1, and NaN for NaN, where the system's own throws.</summary>
    private static double Sign(double x) => x < 0 ? -1 : x > 0 ? 1 : x;

    private double DefaultScale() => _map is FeatureMap.Elu or FeatureMap.Sikf or FeatureMap.Dpfp or FeatureMap.Given ? 1 : Math.Pow(_dimension, -0.25);

    /// <summary>Logarithms of r_i·r_(i−j), indices modulo 2d, for j = 1…ν; −∞ for products that are zero.</summary>
    private static double[] Products(double[] x, int nu)
    {
        double[] r = [.. x.Select(value => Math.Max(value, 0)), .. x.Select(value => Math.Max(-value, 0))];
        return [.. from j in Enumerable.Range(1, nu) from i in Enumerable.Range(0, r.Length) select Math.Log(r[i]) + Math.Log(r[(i + (nu * r.Length) - j) % r.Length])];
    }

    private double[] Project(double[] x, Func<double, double> feature)
    {
        int first = projection!.Heads == 1 ? 0 : head * projection.Features;
        var features = new double[projection.Features];
        for (int a = 0; a < features.Length; a++)
        {
            ReadOnlySpan<float> w = projection.Values.Slice((first + a) * _dimension, _dimension);
            double wx = 0;
            for (int c = 0; c < w.Length; c++) wx += w[c] * x[c];
            features[a] = feature(wx);
        }

        return features;
    }
}
