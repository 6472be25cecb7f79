using FastAttn.Attention;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn;

/// <summary>
/// φ(x), the feature map of <see cref="KernelizedAttention"/>, by itself: rows go in, their features come out, the same that attention with these options makes
/// of queries and of keys. Attention over these features with <see cref="FeatureMap.Given"/> is attention with the map.
/// </summary>
/// <remarks>
/// <para>φ is that of the table in the library's README, without the factor 1/√m, which cancels. Features of large rows may be too large or too small for float32.
/// When the log-scales s of the rows are asked for too, the features are φ(x)/exp(s), the largest of them near one.</para>
/// <para>Immutable and thread-safe: any number of threads may call Map at once. Work memory is kept for reuse, so the steady state allocates nothing.</para>
/// </remarks>
public sealed unsafe class FeatureMapper
{
    /// <summary>Rows of a piece of work.</summary>
    private const int ChunkRows = 256;

    private readonly KernelizedAttentionSettings _settings;
    private readonly FeatureStage _stage;
    private readonly WorkspacePool _workspaces;

    /// <summary>Checks the choices, and draws a projection where the map needs one and none is given.</summary>
    /// <param name="heads">Heads of the rows, at least 1.</param>
    /// <param name="dimension">Columns d of a row, 1…512.</param>
    /// <param name="options">The choices; defaults when null. What is not about features is checked but not read.</param>
    /// <exception cref="ShapeException">The projection does not fit the rows.</exception>
    /// <exception cref="ArgumentException">A choice is out of range or contradicts another.</exception>
    public FeatureMapper(int heads, int dimension, KernelizedAttentionOptions? options = null)
    {
        options ??= new KernelizedAttentionOptions();
        _settings = new KernelizedAttentionSettings(new AttentionShape(heads, 0, dimension), options);
        if (_settings is { Defaults.Epsilon: EpsilonUse.AddedToFeatures, Epsilon: float epsilon })
            throw new ArgumentException(Invariant($"FeatureEpsilon is {epsilon}; expected none, with it a key's {Words.Of(_settings.Map)} features depend on the other keys"), nameof(options.FeatureEpsilon));
        Projection = _settings.ProjectionOf(options);
        _stage = Tiers.Visit(Tiers.Current, new FeatureMapStages(_settings, Projection));
        Arena measuring = Arena.Measuring;
        _ = new Scratch(_stage, dimension, ref measuring);
        _workspaces = new WorkspacePool(measuring.Peak);
    }

    /// <summary>Heads of the rows.</summary>
    public int Heads => _settings.Shape.Heads;

    /// <summary>Columns d of a row.</summary>
    public int Dimension => _settings.Shape.HeadDimension;

    /// <summary>Features that come out of a row: m, 2m for TRF, d or 2dν for maps without a projection.</summary>
    public int Features => _settings.Features;

    /// <summary>The projection in use: given or drawn; null for maps without one.</summary>
    public RandomProjection? Projection { get; }

    /// <summary>Maps dense rows.</summary>
    /// <param name="batch">Sequences B, at least 0.</param>
    /// <param name="length">Rows n of a head, at least 0.</param>
    /// <param name="rows"><c>[B, Heads, n, Dimension]</c>.</param>
    /// <param name="features"><c>[B, Heads, n, Features]</c>; shares no memory with <paramref name="rows"/>. A row that is not finite becomes NaN.</param>
    /// <param name="logScales">
    /// Empty: features are φ(x), which may overflow to infinity or underflow to zero. Else <c>[B, Heads, n]</c>: receives each row's s, and features are φ(x)/exp(s).
    /// s is −∞ where all features are zero and NaN where the row is not finite.
    /// </param>
    /// <param name="cancellationToken">Ends the call early, within some tens of milliseconds.</param>
    /// <exception cref="ShapeException">A span's length does not fit; nothing was written.</exception>
    /// <exception cref="ArgumentException">Spans overlap, or a number is below 0; nothing was written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, or <see cref="InterruptCheck"/> said so. The features and log-scales are unspecified; the mapper can be used again.</exception>
    public void Map(
        int batch, int length, ReadOnlySpan<float> rows, Span<float> features, Span<double> logScales = default, CancellationToken cancellationToken = default)
    {
        ArgumentCheck.InRange(batch, 0, int.MaxValue);
        ArgumentCheck.InRange(length, 0, int.MaxValue);
        ArgumentCheck.Elements(rows.Length, batch, Heads, length, Dimension, nameof(rows));
        ArgumentCheck.Elements(features.Length, batch, Heads, length, Features, nameof(features));
        fixed (float* x = rows, y = features)
            Map(StridedTensor.Dense(x, batch, Heads, length, Dimension), StridedTensor.Dense(y, batch, Heads, length, Features), logScales, cancellationToken);
    }

    /// <summary>Raw memory with explicit strides, for bindings to other languages.</summary>
    /// <inheritdoc cref="Map(int, int, ReadOnlySpan{float}, Span{float}, Span{double}, CancellationToken)"/>
    public void Map(StridedTensor rows, StridedTensor features, Span<double> logScales = default, CancellationToken cancellationToken = default)
    {
        TensorCheck.Extents(rows, rows.Batch, Heads, rows.Rows, Dimension, nameof(rows));
        TensorCheck.Extents(features, rows.Batch, Heads, rows.Rows, Features, nameof(features));
        if (features.OverlapsItself) throw new ArgumentException("features has strides that put two elements in one place; expected distinct places", nameof(features));
        if (features.Overlaps(rows)) throw new ArgumentException("features shares memory with rows; expected memory of its own", nameof(features));
        long count = (long)rows.Batch * Heads * rows.Rows;
        if (!logScales.IsEmpty && logScales.Length != count) throw new ShapeException(Invariant($"logScales has {logScales.Length} values; expected none or one a row, {count}"), nameof(logScales));
        int chunks = (rows.Rows + ChunkRows - 1) / ChunkRows;
        if (count == 0) return;
        using CallWatch? watch = CallWatch.Begin(cancellationToken);
        fixed (double* scales = logScales)
            WorkTeam.Run(new Chunks(this, rows, features, scales, chunks), checked(rows.Batch * Heads * chunks), _settings.Threads);
    }

    /// <summary>What mapping a chunk takes.</summary>
    private readonly struct Scratch
    {
        public Scratch(FeatureStage stage, int dimension, ref Arena arena)
        {
            States = arena.Take<RowState>(ChunkRows);
            Features = arena.Take<float>((long)stage.PaddedRows(ChunkRows) * stage.Stride);
            LogScales = arena.Take<double>(stage.PaddedRows(ChunkRows));
            if (arena.IsMeasuring) stage.Map(new RowSource(0, 0, ChunkRows, dimension), RowRole.Query, 0, logarithmic: false, null, null, null, Crew.Alone, ref arena);
        }

        public RowState* States { get; }

        public float* Features { get; }

        public double* LogScales { get; }
    }

    /// <summary>Chunks of the rows of every head.</summary>
    private readonly struct Chunks(FeatureMapper mapper, StridedTensor rows, StridedTensor features, double* logScales, int chunks) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int item, int chunk) = Math.DivRem(index, chunks);
            (int batch, int head) = Math.DivRem(item, mapper.Heads);
            int first = chunk * ChunkRows, count = Math.Min(ChunkRows, rows.Rows - first);
            FeatureStage stage = mapper._stage;
            AlignedBuffer workspace = mapper._workspaces.Rent();
            var arena = new Arena(workspace.Data, workspace.Bytes);
            var own = new Scratch(stage, mapper.Dimension, ref arena);
            new Span<RowState>(own.States, count).Clear();
            stage.Map(
                rows.RowsOf(batch, head).Slice(first, count), RowRole.Query, head, logarithmic: false,
                own.States, own.Features, own.LogScales, Crew.Alone, ref arena);
            RowSource target = features.RowsOf(batch, head).Slice(first, count);
            for (int r = 0; r < count; r++)
            {
                double scale = own.States[r] == RowState.Kept ? own.LogScales[r] : double.NaN;
                if (logScales is not null) logScales[((long)item * rows.Rows) + first + r] = scale;
                Store(own.Features + ((long)r * stage.Stride), target, r, scale);
            }

            mapper._workspaces.Return(workspace);
        }

        /// <summary>Features relative to their scale, or times it; NaN where that is NaN. The source is scratch.</summary>
        private void Store(float* source, RowSource target, int row, double scale)
        {
            if (double.IsNaN(scale))
            {
                target.Fill(row, float.NaN);
                return;
            }

            double factor = Math.Exp(scale);
            for (int a = 0; a < target.Columns && logScales is null; a++) source[a] = source[a] == 0 ? 0 : (float)(source[a] * factor);
            target.Write(row, source);
        }
    }
}
