using System.Numerics.Tensors;

namespace FastAttn.Methods;

/// <summary>
/// The errors of a computation that only rounds: nothing beyond rounding relative to den_i, except what underflow can
/// lose. Every factor but the value is at most one, so each of the n·m products loses less than the smallest normal number,
/// times the value or at the product with it. Loud tokens are counted twice: theirs times the loudest value that the row sees is
/// what the certificate makes of it.
/// </summary>
internal readonly unsafe struct UnderflowErrors
{
    private const double SmallestNormal = 1.17549435e-38;

    private readonly float _denominator;
    private readonly float _numerator;

    public UnderflowErrors(in HeadProblem problem)
        : this(
            (double)problem.KeyCount + problem.Loud.Count, problem.Features,
            TensorPrimitives.Max(new ReadOnlySpan<double>(problem.ValueNorm, problem.KeyCount)) * problem.Values.Factor)
    {
    }

    /// <param name="keys">Keys that are summed.</param>
    /// <param name="features">Features of each.</param>
    /// <param name="largestValue">The largest ‖v_j‖, times the values' factor.</param>
    public UnderflowErrors(double keys, int features, double largestValue)
    {
        _denominator = (float)(keys * features * SmallestNormal);
        _numerator = (float)(_denominator * Math.Max(largestValue, 1));
    }

    /// <summary>Sets the error bounds of rows <paramref name="first"/> … <paramref name="end"/>−1.</summary>
    public void Set(in PartialSums sums, int first, int end)
    {
        new Span<float>(sums.DenominatorErrors + first, end - first).Fill(_denominator);
        new Span<float>(sums.NumeratorErrors + first, end - first).Fill(_numerator);
    }
}
