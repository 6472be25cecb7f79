using System.Numerics.Tensors;
using FastAttn.Attention;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Planning;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn;

/// <summary>
/// Kernelized attention with relative positions (Luo et al. 2021, eq. 10): an immutable plan for one set of sizes,
/// <c>z_i = Σ_j c_{j−i} (φ(q_i)·φ(k_j)) v_j / Σ_j c_{j−i} (φ(q_i)·φ(k_j))</c> with <c>c = exp(b)</c>.
/// </summary>
/// <remarks>
/// <para>Every row keeps <c>‖Δz_i‖₂ ≤ Tolerance · max ‖v_j‖₂</c> over the keys it sees (signed maps: see <see cref="FeatureMap.Trf"/>);
/// rows that a fast method cannot certify are recomputed. A row that sees no key is zeros. NaN and infinity reach exactly the
/// outputs that depend on them. The same input gives the same bits for any number of threads.</para>
/// <para>Thread-safe: any number of threads may call Forward at once; each head in flight rents a workspace from a pool that
/// keeps them, so the steady state allocates nothing.</para>
/// </remarks>
public sealed unsafe class KernelizedAttention : IDisposable
{
    private readonly KernelizedAttentionSettings _settings;
    private readonly HeadRunner _runner;
    private readonly ThreadSplit _split;
    private readonly WorkspacePool _workspaces;
    private readonly Lock _gate = new();
    private ForwardWork? _idle;
    private volatile bool _disposed;

    /// <summary>Checks the sizes, chooses the method and prepares what does not depend on query, key and value.</summary>
    /// <param name="shape">The sizes of every call.</param>
    /// <param name="options">The choices; defaults when null.</param>
    /// <param name="position">The relative position bias, one for all heads or one a head; null for none.</param>
    /// <exception cref="ShapeException">Sizes contradict each other, the projection or the position.</exception>
    /// <exception cref="ArgumentException">A choice is out of range, contradicts another, or forces a method that cannot compute the problem.</exception>
    public KernelizedAttention(AttentionShape shape, KernelizedAttentionOptions? options = null, RelativePosition? position = null)
    {
        options ??= new KernelizedAttentionOptions();
        _settings = new KernelizedAttentionSettings(shape, options);
        position?.CheckProblem(shape, options.Causal, nameof(position));
        if (_settings.Defaults.Projects)
            Projection = options.Projection ?? RandomProjection.Create(_settings.Columns, shape.HeadDimension, options.ProjectionKind, options.Seed);
        PreparedPosition prepared = position?.Prepare(_settings.Extent) ?? new PreparedPosition(null, _settings.Extent);
        Plan = ExecutionPlan.Create(
            _settings, position is null ? PositionProfile.Even(shape, _settings.Extent.LargestOffset, hasBias: false) : PositionProfile.Of(shape, prepared, _settings.Extent.LargestOffset, _settings.Allowance));
        _runner = Tiers.Visit(Tiers.Current, new RunnerBuilder(_settings, Plan, Projection, prepared));
        _split = ThreadSplit.Of(shape.Batch * shape.Heads, _settings.Threads);
        _workspaces = new WorkspacePool(_runner.MeasureWorkspace(_split.Workers));
    }

    /// <summary>The method that will run and why.</summary>
    public ExecutionPlan Plan { get; }

    /// <summary>The projection in use: given or drawn; null for maps without one.</summary>
    public RandomProjection? Projection { get; }

    /// <summary>Bytes of working memory that one head in flight uses; at most as many heads are in flight as threads run.</summary>
    public long WorkspaceBytes => _workspaces.Bytes;

    /// <summary>Dense tensors in row-major order.</summary>
    /// <param name="query"><c>[B, H, n_q, d]</c>.</param>
    /// <param name="key"><c>[B, H_k, n_k, d]</c>.</param>
    /// <param name="value"><c>[B, H_k, n_k, d_v]</c>.</param>
    /// <param name="destination"><c>[B, H, n_q, d_v]</c>; shares no memory with the others.</param>
    /// <param name="keyMask"><c>[n_k]</c> or <c>[B, n_k]</c>, true = attend; empty for all. Masked keys may hold anything.</param>
    /// <param name="lengths"><c>[B]</c>: keys kept from the front, 0…n_k; empty for all.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="ShapeException">A span's length does not fit the shape; nothing was written.</exception>
    /// <exception cref="ArgumentException">The destination overlaps an input, or a length is out of range; nothing was written.</exception>
    public ForwardReport Forward(
        ReadOnlySpan<float> query, ReadOnlySpan<float> key, ReadOnlySpan<float> value, Span<float> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default)
    {
        AttentionShape shape = _settings.Shape;
        ArgumentCheck.Elements(query.Length, shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDimension, nameof(query));
        ArgumentCheck.Elements(key.Length, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.HeadDimension, nameof(key));
        ArgumentCheck.Elements(value.Length, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.ValueDimension, nameof(value));
        ArgumentCheck.Elements(destination.Length, shape.Batch, shape.Heads, shape.QueryLength, shape.ValueDimension, nameof(destination));
        fixed (float* q = query, k = key, v = value, z = destination)
        {
            return Forward(
                StridedTensor.Dense(q, shape.Batch, shape.Heads, shape.QueryLength, shape.HeadDimension),
                StridedTensor.Dense(k, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.HeadDimension),
                StridedTensor.Dense(v, shape.Batch, shape.KeyHeads, shape.KeyLength, shape.ValueDimension),
                StridedTensor.Dense(z, shape.Batch, shape.Heads, shape.QueryLength, shape.ValueDimension),
                keyMask, lengths);
        }
    }

    /// <summary>
    /// Tensors of rank 2, 3 or 4 (leading axes may be absent when they are 1) with any strides on batch, head and row; the
    /// last stride is 1. A transposed <c>[B, n, H, d]</c> is read in place.
    /// </summary>
    /// <inheritdoc cref="Forward(ReadOnlySpan{float}, ReadOnlySpan{float}, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int})"/>
    public ForwardReport Forward(
        in ReadOnlyTensorSpan<float> query, in ReadOnlyTensorSpan<float> key, in ReadOnlyTensorSpan<float> value,
        in TensorSpan<float> destination, ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default)
    {
        fixed (float* q = &query.GetPinnableReference(), k = &key.GetPinnableReference(), v = &value.GetPinnableReference(), z = &destination.GetPinnableReference())
        {
            return Forward(
                TensorAxes.Describe(q, query.Lengths, query.Strides, nameof(query)),
                TensorAxes.Describe(k, key.Lengths, key.Strides, nameof(key)),
                TensorAxes.Describe(v, value.Lengths, value.Strides, nameof(value)),
                TensorAxes.Describe(z, destination.Lengths, destination.Strides, nameof(destination)),
                keyMask, lengths);
        }
    }

    /// <summary>Raw memory with explicit strides, for bindings to other languages.</summary>
    /// <inheritdoc cref="Forward(ReadOnlySpan{float}, ReadOnlySpan{float}, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int})"/>
    public ForwardReport Forward(
        StridedTensor query, StridedTensor key, StridedTensor value, StridedTensor destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        AttentionShape shape = _settings.Shape;
        var tensors = new AttentionTensors(query, key, value, destination);
        tensors.Check(shape);
        CheckKeyMask(keyMask.Length, shape);
        CheckLengths(lengths, shape);
        ForwardWork work = RentWork();
        try
        {
            fixed (bool* mask = keyMask)
            fixed (int* kept = lengths)
            {
                work.Run(tensors, mask, keyMask.Length > shape.KeyLength, kept);
            }

            int heads = shape.Batch * shape.Heads;
            Method method = work.FallbackHeads * 2 > heads ? Method.Direct : Plan.Method;
            return new ForwardReport(method, work.RepairedRows, work.FallbackHeads, Plan.Tier);
        }
        finally
        {
            ReturnWork(work);
        }
    }

    /// <summary>Frees the pooled workspaces; calls in flight keep theirs until they return.</summary>
    public void Dispose()
    {
        _disposed = true;
        _workspaces.Dispose();
    }

    private static void CheckKeyMask(int length, AttentionShape shape)
    {
        if (length != 0 && length != shape.KeyLength && length != (long)shape.Batch * shape.KeyLength)
            throw new ShapeException($"keyMask has {length} entries; expected {shape.KeyLength} or {shape.Batch} × {shape.KeyLength}", "keyMask");
    }

    private static void CheckLengths(ReadOnlySpan<int> lengths, AttentionShape shape)
    {
        if (lengths.Length == 0) return;
        if (lengths.Length != shape.Batch)
            throw new ShapeException($"lengths has {lengths.Length} entries; expected one a sequence, {shape.Batch}", nameof(lengths));
        for (int batch = 0; batch < lengths.Length; batch++)
        {
            if (lengths[batch] < 0 || lengths[batch] > shape.KeyLength)
                throw new ArgumentOutOfRangeException(nameof(lengths), $"lengths[{batch}] is {lengths[batch]}; expected 0…{shape.KeyLength}");
        }
    }

    private ForwardWork RentWork()
    {
        lock (_gate)
        {
            if (_idle is ForwardWork idle)
            {
                _idle = idle.Next;
                return idle;
            }
        }

        return new ForwardWork(_runner, _settings.Shape, _split, _workspaces);
    }

    private void ReturnWork(ForwardWork work)
    {
        lock (_gate)
        {
            work.Next = _idle;
            _idle = work;
        }
    }
}
