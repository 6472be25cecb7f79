using System.Numerics.Tensors;

namespace FastAttn;

/// <summary>Kernelized attention with relative positions (Luo et al. 2021): a cheap, immutable, thread-safe plan.</summary>
public sealed class KernelizedAttention : IDisposable
{
    /// <summary>Checks the sizes, chooses the method and prepares what does not depend on query, key and value.</summary>
    public KernelizedAttention(AttentionShape shape, KernelizedAttentionOptions? options = null, RelativePosition? position = null) =>
        throw new NotSupportedException();

    /// <summary>The method that will run and why.</summary>
    public ExecutionPlan Plan { get; } = null!;

    /// <summary>The projection in use: given or drawn; null for maps without one.</summary>
    public RandomProjection? Projection { get; }

    /// <summary>Dense spans in row-major order, <c>[B, H, n, d]</c>.</summary>
    public ForwardReport Forward(
        ReadOnlySpan<float> query, ReadOnlySpan<float> key, ReadOnlySpan<float> value, Span<float> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default) =>
        throw new NotSupportedException();

    /// <summary>Tensors of rank 2, 3 or 4 (leading axes may be absent) with any strides on batch, head and row; the last stride is 1.</summary>
    public ForwardReport Forward(
        in ReadOnlyTensorSpan<float> query, in ReadOnlyTensorSpan<float> key, in ReadOnlyTensorSpan<float> value,
        in TensorSpan<float> destination, ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default) =>
        throw new NotSupportedException();

    /// <summary>Raw memory with explicit strides, for bindings to other languages.</summary>
    public unsafe ForwardReport Forward(
        StridedTensor query, StridedTensor key, StridedTensor value, StridedTensor destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default) =>
        throw new NotSupportedException();

    /// <summary>Frees the pooled workspaces.</summary>
    public void Dispose() => throw new NotSupportedException();
}
