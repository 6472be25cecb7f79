namespace FastAttn.Cli.Compare;

/// <summary>Feature maps in double precision by their formulas.</summary>
internal static class ElementwiseMaps
{
    private const double ReluOffset = 1e-3;

    /// <summary>max(W x d^(−1/4)/√m, 0) + 10⁻³.</summary>
    public static double[] Relu(double[] row, RandomProjection projection)
    {
        double scale = Math.Pow(row.Length, -0.25) / Math.Sqrt(projection.Features);
        double[] features = new double[projection.Features];
        for (int feature = 0; feature < features.Length; feature++)
        {
            double product = 0;
            for (int column = 0; column < row.Length; column++) product += projection.Values[(feature * row.Length) + column] * row[column];
            features[feature] = Math.Max(product * scale, 0) + ReluOffset;
        }

        return features;
    }

    /// <summary>x + 1 above zero, exp(x) below.</summary>
    public static double[] Elu(double[] row) => Array.ConvertAll(row, x => x > 0 ? x + 1 : Math.Exp(x));

    /// <summary>exp(x).</summary>
    public static double[] Sikf(double[] row) => Array.ConvertAll(row, Math.Exp);

    /// <summary>r times r rolled by one, r = [max(x, 0), max(−x, 0)].</summary>
    public static double[] Dpfp(double[] row)
    {
        double[] halves = [.. row.Select(x => Math.Max(x, 0)), .. row.Select(x => Math.Max(-x, 0))];
        return [.. halves.Select((x, i) => x * halves[(i + halves.Length - 1) % halves.Length])];
    }
}
