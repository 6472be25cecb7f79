using System.Numerics.Tensors;
using FastAttn.Features;
using FastAttn.Kernels;

namespace FastAttn.Scores;

/// <summary>
/// The point that the rows of a Gaussian head are measured from. Distances do not depend on it, but products do: with
/// ‖q − k‖² = ‖q‖² + ‖k‖² − 2·q·k the rounding of a score grows with the norms, so they should be small.
/// </summary>
/// <remarks>
/// <para>With rows relative to the centre, u = 2⁻²⁴ and D = ‖q − k‖²/(2√d), a weight is computed with a relative error of at most
/// (d + 8)·u·(‖q‖ + ‖k‖)²/(2√d) + 5u: two roundings of coordinates, one of the factor, d of the products, which start from the key's own
/// term, and those of the exponential. Since ‖k‖ ≤ ‖q‖ + ‖q − k‖ that is at most <c>(d + 8)·u·(4‖q‖²/√d + 2D) + 5u</c>. The part with D is
/// what any float32 evaluation of D has; the other is kept small by taking only rows with ‖q‖² ≤ <see cref="MostSquare"/> this way. Roundings
/// are as good as independent, so what is seen is about √d of these d: 2⁻¹² at that limit (Higham and Mary 2019).</para>
/// <para>The centre is the median, coordinate by coordinate, of some of the keys: outliers do not move it.</para>
/// </remarks>
internal static unsafe class GaussianFrame
{
    /// <summary>Rows whose squared distance from the centre is above this are computed from differences.</summary>
    public const double MostSquare = 1024;

    /// <summary>
    /// Keys this far from the centre have no weight for any row within <see cref="MostSquare"/>, and their products would overflow.
    /// </summary>
    public const double VanishingSquare = 1e30;

    private const int MostSamples = 31;

    /// <summary>Writes the centre of the finite keys that take part, zeros when there is none.</summary>
    public static void FindCentre<TKernels>(in ScoreProblem problem, float* centre)
        where TKernels : struct, IRowKernels
    {
        int columns = problem.Key.Columns;
        int* samples = stackalloc int[MostSamples];
        float* sorted = stackalloc float[MostSamples];
        int count = Sample<TKernels>(problem, samples);
        new Span<float>(centre, columns).Clear();
        for (int column = 0; column < columns && count > 0; column++)
        {
            for (int sample = 0; sample < count; sample++) sorted[sample] = problem.Key.At(samples[sample], column);
            new Span<float>(sorted, count).Sort();
            centre[column] = sorted[count / 2];
        }
    }

    /// <summary>Writes a row relative to the centre, perhaps over itself, and returns its square, in float64.</summary>
    public static double Relative(float* row, float* centre, float* target, int columns)
    {
        TensorPrimitives.Subtract(new ReadOnlySpan<float>(row, columns), new ReadOnlySpan<float>(centre, columns), new Span<float>(target, columns));
        return WideSum.OfSquares(target, columns);
    }

    /// <summary>Keys at even distances from each other, without those that do not count.</summary>
    private static int Sample<TKernels>(in ScoreProblem problem, int* samples)
        where TKernels : struct, IRowKernels
    {
        int count = 0, step = (problem.KeptKeys + MostSamples - 1) / MostSamples;
        for (int key = 0; key < problem.KeptKeys && count < MostSamples; key += step)
        {
            if (problem.Keeps(key) && problem.Key.AllFinite<TKernels>(key)) samples[count++] = key;
        }

        return count;
    }
}
