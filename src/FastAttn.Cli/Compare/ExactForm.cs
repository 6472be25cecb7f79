namespace FastAttn.Cli.Compare;

/// <summary>
/// What a system computes or estimates, written as weights of pairs: <c>Σ_j w_ij v_j</c>, divided by <c>Σ_j w_ij</c> or not, with w a
/// function of the inner product of prepared rows and their squared lengths, times exp(bias) or not.
/// </summary>
/// <param name="Prepare">What is done to each row of query and key beforehand.</param>
/// <param name="Weight">w of q·k, ‖q‖² and ‖k‖² of prepared rows.</param>
/// <param name="HasBias">Whether w is multiplied by exp(b_{j−i}).</param>
/// <param name="Divides">Whether the sum is divided by that of the weights.</param>
internal sealed record ExactForm(Func<double[], double[]> Prepare, Func<double, double, double, double> Weight, bool HasBias, bool Divides)
{
    /// <summary>exp(q·k/√d + b), divided: what the others are measured against.</summary>
    public static ExactForm Softmax(int dimension) =>
        new(AsIs, (product, _, _) => Math.Exp(product / Math.Sqrt(dimension)), HasBias: true, Divides: true);

    /// <summary>exp(q·k) of rows of length one, which random features of both signs and positive ones estimate (Luo et al. 2021).</summary>
    public static ExactForm NormalizedExponential { get; } = new(ToLengthOne, (product, _, _) => Math.Exp(product), HasBias: true, Divides: true);

    /// <summary>exp(−‖q − k‖²/(2√d)), not divided (Chen et al. 2021, eq. 3).</summary>
    public static ExactForm Gaussian(int dimension) =>
        new(AsIs, (product, query, key) => Math.Exp(-Math.Max(query + key - (2 * product), 0) / (2 * Math.Sqrt(dimension))), HasBias: false, Divides: false);

    /// <summary>φ(q)·φ(k): the system itself, in double precision.</summary>
    public static ExactForm Features(Func<double[], double[]> map) => new(map, (product, _, _) => product, HasBias: true, Divides: true);

    /// <summary>f(q·k/√d) of rows whose mean is taken off and which are then scaled to length one (Guo et al. 2025).</summary>
    public static ExactForm DotProductKernel(int dimension, Func<double, double> kernel) =>
        new(row => ToLengthOne(WithoutMean(row)), (product, _, _) => kernel(product / Math.Sqrt(dimension)), HasBias: false, Divides: true);

    private static double[] AsIs(double[] row) => row;

    private static double[] WithoutMean(double[] row)
    {
        double mean = row.Average();
        return Array.ConvertAll(row, entry => entry - mean);
    }

    private static double[] ToLengthOne(double[] row)
    {
        double length = Math.Sqrt(row.Sum(entry => entry * entry));
        return length == 0 ? row : Array.ConvertAll(row, entry => entry / length);
    }
}
