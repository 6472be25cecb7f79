using FastAttn.Attention;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Threading;

namespace FastAttn;

/// <summary>Exact softmax attention with relative position bias, tiled: the baseline that every other method is measured against.</summary>
public static unsafe class SoftmaxAttention
{
    /// <summary>
    /// <c>softmax(q_i·k_j/√d + b_{j−i})</c> over keys, times values, never n×n in memory: keys stream by in blocks under a running
    /// maximum (Milakov and Gimelshein 2018; Dao et al. 2022). O(n_q·n_k·(d + d_v)) time; 4·n_k·(d + d_v) bytes for each head of keys
    /// that is packed at a time, which is one or as many as fit in 32 MiB, 4·H·(n_q + n_k) for the bias and less than a megabyte a thread.
    /// </summary>
    /// <remarks>
    /// A row that sees no key is zeros. NaN and infinity reach exactly the rows that depend on them, and a value entry only its own
    /// column; scores must stay within the range of float32, in units of one binary logarithm (which are ln 2 as large). The same
    /// input gives the same bits for any number of threads; tiles of rows of all heads are dealt to them. Thread-safe.
    /// </remarks>
    /// <param name="shape">The sizes.</param>
    /// <param name="query"><c>[B, H, n_q, d]</c>, dense.</param>
    /// <param name="key"><c>[B, H_k, n_k, d]</c>, dense.</param>
    /// <param name="value"><c>[B, H_k, n_k, d_v]</c>, dense.</param>
    /// <param name="destination"><c>[B, H, n_q, d_v]</c>, dense; shares no memory with the others.</param>
    /// <param name="bias">
    /// <c>[n_q + n_k − 1]</c> or <c>[H, n_q + n_k − 1]</c>, entry (j − i) + (n_q − 1), finite or −∞, which removes the pair; empty for none.
    /// </param>
    /// <param name="causal">Whether query i sees only keys up to n_k − n_q + i; needs n_q ≤ n_k.</param>
    /// <param name="threads">Threads; default as in <see cref="KernelizedAttentionOptions.Threads"/>.</param>
    /// <exception cref="ShapeException">A length does not fit the shape, or more queries than keys are causal; nothing was written.</exception>
    /// <exception cref="ArgumentException">
    /// A size or the number of threads is out of range, a bias is NaN or +∞, or the destination overlaps an input; nothing was written.
    /// </exception>
    public static void Forward(
        AttentionShape shape, ReadOnlySpan<float> query, ReadOnlySpan<float> key, ReadOnlySpan<float> value, Span<float> destination,
        ReadOnlySpan<float> bias = default, bool causal = false, int? threads = null)
    {
        KernelizedAttentionSettings.CheckShape(shape);
        int threadCount = ThreadCount.Resolve(threads, nameof(threads));
        if (causal && shape.QueryLength > shape.KeyLength)
            throw new ShapeException($"QueryLength is {shape.QueryLength} with {shape.KeyLength} keys; expected at most as many causal queries as keys", nameof(shape));
        ArgumentCheck.Elements(query.Length, shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDimension, nameof(query));
        ArgumentCheck.Elements(key.Length, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.HeadDimension, nameof(key));
        ArgumentCheck.Elements(value.Length, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.ValueDimension, nameof(value));
        ArgumentCheck.Elements(destination.Length, shape.Batch, shape.Heads, shape.QueryLength, shape.ValueDimension, nameof(destination));
        CheckBias(bias, shape);
        if (destination.Overlaps(bias)) throw new ArgumentException("destination shares memory with bias; expected memory of its own", nameof(destination));
        fixed (float* q = query, k = key, v = value, z = destination, b = bias)
        {
            var tensors = new AttentionTensors(
                StridedTensor.Dense(q, shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDimension),
                StridedTensor.Dense(k, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.HeadDimension),
                StridedTensor.Dense(v, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.ValueDimension),
                StridedTensor.Dense(z, shape.Batch, shape.Heads, shape.QueryLength, shape.ValueDimension));
            tensors.Check(shape);
            var call = new SoftmaxCall(shape, q, k, v, z, b, bias.Length > (long)shape.QueryLength + shape.KeyLength - 1, causal);
            Tiers.Visit(Tiers.Current, new Run(call, threadCount));
        }
    }

    private static void CheckBias(ReadOnlySpan<float> bias, AttentionShape shape)
    {
        long offsets = (long)shape.QueryLength + shape.KeyLength - 1;
        if (bias.Length != 0 && bias.Length != offsets && bias.Length != shape.Heads * offsets)
            throw new ShapeException($"bias has {bias.Length} values; expected n_q + n_k − 1 = {offsets}, {shape.Heads} × {offsets} or none", nameof(bias));
        ArgumentCheck.BiasValues(bias);
    }

    /// <summary>Calls a crew together and computes all heads.</summary>
    private sealed class Run(SoftmaxCall call, int threads) : ITierVisitor<int>
    {
        /// <summary>Multiply-adds that are worth a thread: what it does in some tens of microseconds, the time it takes to wake one.</summary>
        private const double WorkPerThread = 1 << 21;

        public int Visit<TKernels>()
            where TKernels : struct, IKernels
        {
            AttentionShape shape = call.Shape;
            int heads = shape.Batch * shape.Heads;
            double work = (double)heads * shape.QueryLength * shape.KeyLength * (shape.HeadDimension + shape.ValueDimension);
            Crew crew = Crew.Enlist((int)Math.Clamp(work / WorkPerThread, 1, threads));
            try
            {
                SoftmaxHeads<TKernels>.Run(call, crew);
            }
            finally
            {
                crew.Dismiss();
            }

            return heads;
        }
    }
}
