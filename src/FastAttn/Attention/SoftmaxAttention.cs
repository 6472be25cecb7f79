namespace FastAttn;

/// <summary>Exact softmax attention with relative position bias, tiled: the baseline that every other method is measured against.</summary>
public static class SoftmaxAttention
{
    /// <summary>
    /// <c>softmax(q_i·k_j/√d + b_{j−i})</c> over keys, times values, never n×n in memory.
    /// </summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="query"><c>[B, H, n_q, d]</c>, dense.</param>
    /// <param name="key"><c>[B, H_k, n_k, d]</c>, dense.</param>
    /// <param name="value"><c>[B, H_k, n_k, d_v]</c>, dense.</param>
    /// <param name="destination"><c>[B, H, n_q, d_v]</c>, dense.</param>
    /// <param name="bias"><c>[n_q + n_k − 1]</c> or <c>[H, n_q + n_k − 1]</c>, entry (j − i) + (n_q − 1); empty for none.</param>
    /// <param name="causal">Whether query i sees only keys up to n_k − n_q + i.</param>
    /// <param name="threads">Threads; default as in <see cref="KernelizedAttentionOptions.Threads"/>.</param>
    public static void Forward(
        AttentionShape shape, ReadOnlySpan<float> query, ReadOnlySpan<float> key, ReadOnlySpan<float> value, Span<float> destination,
        ReadOnlySpan<float> bias = default, bool causal = false, int? threads = null) =>
        throw new NotSupportedException();
}
