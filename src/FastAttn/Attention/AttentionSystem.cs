using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using FastAttn.Attention;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn;

/// <summary>
/// An attention of any kind, prepared for one set of sizes: query, key and value go in, one row a query comes out. What is done
/// in between is each system's own; tensors, masks, lengths and errors are the same for all.
/// </summary>
/// <remarks>
/// <para>A row that sees no key is zeros. NaN and infinity reach exactly the outputs that depend on them. The same input gives the same
/// bits for any number of threads.</para>
/// <para>Thread-safe: any number of threads may call Forward at once; what a call works in is kept for the next, so the steady
/// state allocates nothing.</para>
/// <para>A call that ends early, by an exception, a cancellation or <see cref="Thread.Interrupt"/>, returns when none of its threads works any more.
/// An interruption ends no call: it is kept for the thread's next wait. Where the system gives no further thread, a call computes with those there are.</para>
/// </remarks>
public abstract unsafe class AttentionSystem : IDisposable
{
    private volatile bool _disposed;

    private protected AttentionSystem(AttentionShape shape) => Shape = shape;

    /// <summary>The sizes of every call.</summary>
    public AttentionShape Shape { get; }

    /// <summary>Bytes of working memory of one piece of work in flight: of a head, where heads are dealt to threads, or of a whole call.</summary>
    public abstract long WorkspaceBytes { get; }

    /// <summary>The attention of that name, for comparison: what all have in common is chosen, the rest is each one's default.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="shape">The sizes of every call.</param>
    /// <param name="options">The choices; defaults when null.</param>
    /// <param name="position">Relative positions; Skyformer refuses them.</param>
    /// <exception cref="ShapeException">Sizes contradict each other or the position.</exception>
    /// <exception cref="ArgumentException">A choice is out of range or is not one of this attention's.</exception>
    public static AttentionSystem Create(AttentionKind kind, AttentionShape shape, CommonOptions? options = null, RelativePosition? position = null)
    {
        ArgumentCheck.Defined(kind, nameof(kind));
        CommonOptions chosen = options ?? new CommonOptions();
        if (kind is AttentionKind.Softmax or AttentionKind.Gaussian && chosen.Budget is int budget)
            throw new ArgumentException(Invariant($"Budget is {budget}; expected none, {Words.Of(kind)} is exact"), nameof(options.Budget));
        if (kind is AttentionKind.Skyformer && (chosen.Causal || chosen.QueryOffset is not null || chosen.QueryOffsets is not null || position is not null))
            throw new ArgumentException("skyformer was asked for causality or positions; expected neither, its landmarks are shared by all queries", nameof(options));
        return kind switch
        {
            AttentionKind.Softmax => new SoftmaxAttention(
                shape, new SoftmaxAttentionOptions { Causal = chosen.Causal, QueryOffset = chosen.QueryOffset, QueryOffsets = chosen.QueryOffsets, Threads = chosen.Threads }, position),
            AttentionKind.Gaussian => new GaussianAttention(
                shape, new GaussianAttentionOptions { Causal = chosen.Causal, QueryOffset = chosen.QueryOffset, QueryOffsets = chosen.QueryOffsets, Threads = chosen.Threads }, position),
            AttentionKind.Skyformer => new SkyformerAttention(
                shape, new SkyformerOptions { Landmarks = chosen.Budget ?? new SkyformerOptions().Landmarks, Seed = chosen.Seed, Threads = chosen.Threads }),
            AttentionKind.Schoenbat => new SchoenbatAttention(
                shape,
                new SchoenbatOptions { Features = chosen.Budget, Causal = chosen.Causal, QueryOffset = chosen.QueryOffset, QueryOffsets = chosen.QueryOffsets, Seed = chosen.Seed, Threads = chosen.Threads },
                position),
            AttentionKind.Kernelized => new KernelizedAttention(
                shape,
                new KernelizedAttentionOptions { Features = chosen.Budget, Causal = chosen.Causal, QueryOffset = chosen.QueryOffset, QueryOffsets = chosen.QueryOffsets, Seed = chosen.Seed, Threads = chosen.Threads },
                position),
        };
    }

    /// <summary>Dense tensors in row-major order.</summary>
    /// <param name="query"><c>[B, H, n_q, d]</c>.</param>
    /// <param name="key"><c>[B, H_k, n_k, d]</c>.</param>
    /// <param name="value"><c>[B, H_k, n_k, d_v]</c>.</param>
    /// <param name="destination"><c>[B, H, n_q, d_v]</c>; shares no memory with the others.</param>
    /// <param name="keyMask"><c>[n_k]</c> or <c>[B, n_k]</c>, true = attend; empty for all. Masked keys may hold anything.</param>
    /// <param name="lengths"><c>[B]</c>: keys kept from the front, 0…n_k; empty for all.</param>
    /// <param name="cancellationToken">Ends the call early, within some tens of milliseconds.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="ShapeException">A span's length does not fit the shape; nothing was written.</exception>
    /// <exception cref="ArgumentException">The destination overlaps an input, or a length is out of range; nothing was written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, or <see cref="InterruptCheck"/> said so. The destination holds unspecified numbers; the attention can be used again.</exception>
    public ForwardReport Forward(
        ReadOnlySpan<float> query, ReadOnlySpan<float> key, ReadOnlySpan<float> value, Span<float> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, CancellationToken cancellationToken = default) =>
        Forward(query, key, value, destination, ElementType.Float32, keyMask, lengths, cancellationToken);

    /// <summary>Dense tensors of <see cref="Half"/>. Tensors of other types, or of different ones, come as <see cref="StridedTensor"/>.</summary>
    /// <inheritdoc cref="Forward(ReadOnlySpan{float}, ReadOnlySpan{float}, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public ForwardReport Forward(
        ReadOnlySpan<Half> query, ReadOnlySpan<Half> key, ReadOnlySpan<Half> value, Span<Half> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, CancellationToken cancellationToken = default) =>
        Forward(query, key, value, destination, ElementType.Float16, keyMask, lengths, cancellationToken);

    /// <summary>
    /// Tensors of rank 2, 3 or 4 (leading axes may be absent when they are 1) with any strides on batch, head and row; the
    /// last stride is 1. A transposed <c>[B, n, H, d]</c> is read in place.
    /// </summary>
    /// <inheritdoc cref="Forward(ReadOnlySpan{float}, ReadOnlySpan{float}, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, CancellationToken)"/>
    public ForwardReport Forward(
        in ReadOnlyTensorSpan<float> query, in ReadOnlyTensorSpan<float> key, in ReadOnlyTensorSpan<float> value,
        in TensorSpan<float> destination, ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, CancellationToken cancellationToken = default) =>
        Forward(query, key, value, destination, ElementType.Float32, keyMask, lengths, cancellationToken);

    /// <summary>The same of <see cref="Half"/>.</summary>
    /// <inheritdoc cref="Forward(in ReadOnlyTensorSpan{float}, in ReadOnlyTensorSpan{float}, in ReadOnlyTensorSpan{float}, in TensorSpan{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public ForwardReport Forward(
        in ReadOnlyTensorSpan<Half> query, in ReadOnlyTensorSpan<Half> key, in ReadOnlyTensorSpan<Half> value,
        in TensorSpan<Half> destination, ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, CancellationToken cancellationToken = default) =>
        Forward(query, key, value, destination, ElementType.Float16, keyMask, lengths, cancellationToken);

    /// <summary>Raw memory with explicit strides and a type each: for element types without spans, for mixed ones, and for bindings to other languages.</summary>
    /// <inheritdoc cref="Forward(ReadOnlySpan{float}, ReadOnlySpan{float}, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, CancellationToken)"/>
    public ForwardReport Forward(
        StridedTensor query, StridedTensor key, StridedTensor value, StridedTensor destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        AttentionShape shape = Shape;
        var tensors = new AttentionTensors(query, key, value, destination);
        tensors.Check(shape);
        KeySelection.Check(keyMask.Length, lengths, shape.Batch, shape.KeyLength);
        using CallWatch? watch = CallWatch.Begin(cancellationToken);
        fixed (bool* mask = keyMask)
        fixed (int* kept = lengths)
        {
            return Run(tensors, new KeySelection(mask, keyMask.Length > shape.KeyLength, kept, shape.KeyLength));
        }
    }

    /// <summary>Frees the working memory that no call uses now; later calls take it anew. For an attention that is kept but rests.</summary>
    public void Trim()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ReleaseIdle();
    }

    /// <summary>Frees the pooled workspaces; calls in flight keep theirs until they return.</summary>
    public void Dispose()
    {
        _disposed = true;
        Release();
    }

    /// <summary>Computes one call whose arguments are checked.</summary>
    private protected abstract ForwardReport Run(in AttentionTensors tensors, KeySelection selection);

    /// <summary>Frees what is pooled and not in use.</summary>
    private protected abstract void ReleaseIdle();

    /// <summary>Frees what is pooled.</summary>
    private protected abstract void Release();

    private ForwardReport Forward<T>(
        ReadOnlySpan<T> query, ReadOnlySpan<T> key, ReadOnlySpan<T> value, Span<T> destination, ElementType element,
        ReadOnlySpan<bool> keyMask, ReadOnlySpan<int> lengths, CancellationToken cancellationToken)
        where T : unmanaged
    {
        AttentionShape shape = Shape;
        ArgumentCheck.Elements(query.Length, shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDimension, nameof(query));
        ArgumentCheck.Elements(key.Length, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.HeadDimension, nameof(key));
        ArgumentCheck.Elements(value.Length, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.ValueDimension, nameof(value));
        ArgumentCheck.Elements(destination.Length, shape.Batch, shape.Heads, shape.QueryLength, shape.ValueDimension, nameof(destination));
        fixed (T* q = query, k = key, v = value, z = destination)
        {
            return Forward(
                StridedTensor.Dense(q, element, shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDimension),
                StridedTensor.Dense(k, element, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.HeadDimension),
                StridedTensor.Dense(v, element, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.ValueDimension),
                StridedTensor.Dense(z, element, shape.Batch, shape.Heads, shape.QueryLength, shape.ValueDimension),
                keyMask, lengths, cancellationToken);
        }
    }

    private ForwardReport Forward<T>(
        in ReadOnlyTensorSpan<T> query, in ReadOnlyTensorSpan<T> key, in ReadOnlyTensorSpan<T> value, in TensorSpan<T> destination, ElementType element,
        ReadOnlySpan<bool> keyMask, ReadOnlySpan<int> lengths, CancellationToken cancellationToken)
        where T : unmanaged
    {
        fixed (T* q = &query.GetPinnableReference(), k = &key.GetPinnableReference(), v = &value.GetPinnableReference(), z = &destination.GetPinnableReference())
        {
            return Forward(
                TensorAxes.Describe(q, element, query.Lengths, query.Strides, nameof(query)),
                TensorAxes.Describe(k, element, key.Lengths, key.Strides, nameof(key)),
                TensorAxes.Describe(v, element, value.Lengths, value.Strides, nameof(value)),
                TensorAxes.Describe(z, element, destination.Lengths, destination.Strides, nameof(destination)),
                keyMask, lengths, cancellationToken);
        }
    }
}
