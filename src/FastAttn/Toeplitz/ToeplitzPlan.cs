namespace FastAttn;

/// <summary>
/// Multiplication by Toeplitz matrices, <c>y_i = Σ_j c_{j−i} x_j</c>, by fast Fourier transform with columns in lanes.
/// Immutable and thread-safe.
/// </summary>
public sealed class ToeplitzPlan
{
    /// <summary>Prepares the spectra.</summary>
    /// <param name="coefficients"><c>[heads, n_out + n_in − 1]</c>, entry <c>(j − i) + (n_out − 1)</c>; finite.</param>
    /// <param name="outputLength">Rows n_out of the result, at least 1.</param>
    /// <param name="inputLength">Rows n_in of the operand, at least 1.</param>
    /// <param name="heads">1 when all heads share the coefficients.</param>
    public ToeplitzPlan(ReadOnlySpan<float> coefficients, int outputLength, int inputLength, int heads = 1) =>
        throw new NotSupportedException();

    /// <summary>Multiplies <paramref name="heads"/> operands <c>[heads, n_in, columns]</c> into <c>[heads, n_out, columns]</c>, both dense.</summary>
    public void Multiply(ReadOnlySpan<float> x, Span<float> destination, int columns, int heads = 1, int? threads = null) =>
        throw new NotSupportedException();
}
