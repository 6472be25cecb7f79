using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Softmax attention, one head a piece of work. Rows of queries stay in the second-level cache while strips of keys stream by;
/// each strip's scores are weighed against the running maximum of their row, which rescales the row's sums when it grows.
/// </summary>
internal sealed unsafe class SoftmaxHeads<TKernels>(SoftmaxCall call, WorkspacePool workspaces) : IParallelWork
    where TKernels : struct, IKernels
{
    /// <summary>Keys of a strip: long enough that a row's maximum and sum cost little, short enough for scores to stay in L1.</summary>
    private const int StripKeys = 256;

    /// <summary>Values above 2⁹⁰ could overflow in a sum; they come multiplied by 2⁻³⁴, the inverse of the longest sequence and more.</summary>
    private const float LoudValue = 1.2379401e27f;

    private const float LoudFactor = 1f / (1L << 34);

    /// <summary>Query rows whose scores are in L1 at once.</summary>
    private static int ScoreRows => Math.Max(24 / TKernels.RowTile, 1) * TKernels.RowTile;

    /// <summary>Query rows whose sums stay in the second-level cache while all strips stream by.</summary>
    private static int TileRows => 8 * ScoreRows;

    public static long MeasureWorkspace(SoftmaxCall call)
    {
        Arena arena = Arena.Measuring;
        _ = new Workspace(call.Shape, ref arena);
        return arena.Peak;
    }

    public void Run(int index, int worker)
    {
        AlignedBuffer buffer = workspaces.Rent();
        try
        {
            var arena = new Arena(buffer.Data, buffer.Bytes);
            var workspace = new Workspace(call.Shape, ref arena);
            PackKeys(index, workspace);
            float factor = CopyValues(index, workspace);
            for (int first = 0; first < call.Shape.QueryLength; first += TileRows)
                ComputeTile(index, workspace, factor, first, Math.Min(TileRows, call.Shape.QueryLength - first));
            SpreadNonFinite(index, workspace);
        }
        finally
        {
            workspaces.Return(buffer);
        }
    }

    /// <summary>
    /// Blocks of <see cref="KernelShape.KeyTile"/> keys, transposed and multiplied by 1/√d. A key with NaN or infinity counts as
    /// zeros until the end, or it would spoil rows that do not see it.
    /// </summary>
    private void PackKeys(int head, in Workspace workspace)
    {
        const int Tile = KernelShape.KeyTile;
        int columns = call.Shape.HeadDimension;
        float* scales = stackalloc float[Tile];
        new Span<float>(scales, Tile).Fill((float)(1 / Math.Sqrt(columns)));
        for (int j = 0; j < call.Shape.KeyLength; j += Tile)
        {
            int count = Math.Min(Tile, call.Shape.KeyLength - j);
            float* source = call.Key(head) + ((long)j * columns), packed = workspace.Keys + ((long)j * columns);
            if (count < Tile) new Span<float>(packed, Tile * columns).Clear();
            TKernels.TransposeScaled(source, columns, count, columns, scales, packed, Tile);
            for (int key = 0; key < count; key++)
            {
                bool finite = TKernels.AllFinite(source + ((long)key * columns), columns);
                workspace.KeyIsFinite[j + key] = finite;
                for (int column = 0; column < columns && !finite; column++) packed[(column * Tile) + key] = 0;
            }
        }
    }

    /// <summary>
    /// Values with rows padded to lanes, NaN and infinity replaced by zero until the end. Returns the power of two they were
    /// multiplied by: up to n_k of them add up before the division.
    /// </summary>
    private float CopyValues(int head, in Workspace workspace)
    {
        int columns = call.Shape.ValueDimension, stride = workspace.ValueStride;
        float largest = 0;
        for (int j = 0; j < call.Shape.KeyLength; j++)
        {
            float* value = call.Value(head) + ((long)j * columns);
            var row = new Span<float>(workspace.Values + ((long)j * stride), stride);
            new ReadOnlySpan<float>(value, columns).CopyTo(row);
            row[columns..].Clear();
            workspace.ValueIsFinite[j] = TKernels.AllFinite(value, columns);
            for (int column = 0; column < columns && !workspace.ValueIsFinite[j]; column++)
            {
                if (!float.IsFinite(row[column])) row[column] = 0;
            }

            largest = Math.Max(largest, Math.Abs(TensorPrimitives.MaxMagnitude<float>(row)));
        }

        if (largest < LoudValue) return 1;
        long floats = (long)call.Shape.KeyLength * stride;
        for (long done = 0; done < floats; done += stride) TKernels.Scale(workspace.Values + done, workspace.Values + done, stride, LoudFactor);
        return LoudFactor;
    }

    private void ComputeTile(int head, in Workspace workspace, float factor, int first, int count)
    {
        int columns = call.Shape.HeadDimension;
        int padded = Padding.RoundUp(count, TKernels.RowTile);
        new Span<float>(workspace.Queries, padded * columns).Clear();
        for (int row = 0; row < count; row++)
        {
            float* query = call.Query(head) + ((long)(first + row) * columns);
            workspace.Maxima[row] = float.NegativeInfinity;
            workspace.Sums[row] = 0;
            if (TKernels.AllFinite(query, columns))
                new ReadOnlySpan<float>(query, columns).CopyTo(new Span<float>(workspace.Queries + (row * columns), columns));
        }

        new Span<float>(workspace.Numerators, padded * workspace.ValueStride).Clear();
        int visible = call.VisibleKeys(first + count - 1);
        for (int strip = 0; strip < visible; strip += StripKeys)
        {
            for (int row = 0; row < count; row += ScoreRows)
            {
                int rows = Math.Min(ScoreRows, count - row);
                int keys = Math.Min(StripKeys, call.VisibleKeys(first + row + rows - 1) - strip);
                if (keys > 0) AddStrip(head, workspace, first, row, rows, strip, keys);
            }
        }

        StoreTile(head, workspace, factor, first, count);
    }

    /// <summary>Adds keys <paramref name="strip"/> … to rows <paramref name="row"/> … of the tile that starts at query <paramref name="first"/>.</summary>
    private void AddStrip(int head, in Workspace workspace, int first, int row, int rows, int strip, int keys)
    {
        const int Tile = KernelShape.KeyTile;
        int columns = call.Shape.HeadDimension, stride = workspace.ValueStride;
        int padded = Padding.RoundUp(rows, TKernels.RowTile);
        float* queries = workspace.Queries + (row * columns);
        new Span<float>(workspace.Scores, padded * StripKeys).Clear();
        for (int block = 0; block < keys; block += Tile)
        {
            TKernels.MultiplyAdd(
                padded, columns, Tile, queries, columns, workspace.Keys + ((long)(strip + block) * columns), Tile, workspace.Scores + block, StripKeys);
        }

        for (int i = 0; i < rows; i++)
        {
            int visible = Math.Clamp(call.VisibleKeys(first + row + i) - strip, 0, keys);
            WeighRow(head, workspace, first + row + i, row + i, strip, visible, workspace.Scores + (i * StripKeys));
            new Span<float>(workspace.Scores + (i * StripKeys) + visible, keys - visible).Clear();
        }

        // Block by block, so that the values of one stay in L1 while the rows pass over them.
        for (int block = 0; block < keys; block += Tile)
        {
            TKernels.MultiplyAdd(
                padded, Math.Min(Tile, keys - block), stride, workspace.Scores + block, StripKeys,
                workspace.Values + ((long)(strip + block) * stride), stride, workspace.Numerators + (row * stride), stride);
        }
    }

    /// <summary>Turns a row of scores into weights relative to the row's maximum so far.</summary>
    private void WeighRow(int head, in Workspace workspace, int query, int row, int strip, int visible, float* scores)
    {
        float* own = call.Bias(head), bias = own is null ? workspace.NoBias : own + strip - query;
        float before = workspace.Maxima[row], maximum = Math.Max(before, TKernels.MaxOfSum(scores, bias, visible));
        if (float.IsNegativeInfinity(maximum))
        {
            new Span<float>(scores, visible).Clear();
            return;
        }

        if (maximum > before)
        {
            float factor = MathF.Exp(before - maximum);
            workspace.Maxima[row] = maximum;
            workspace.Sums[row] *= factor;
            float* numerators = workspace.Numerators + (row * workspace.ValueStride);
            TKernels.Scale(numerators, numerators, workspace.ValueStride, factor);
        }

        workspace.Sums[row] += TKernels.ExpOfSum(scores, bias, visible, maximum);
    }

    private void StoreTile(int head, in Workspace workspace, float factor, int first, int count)
    {
        int columns = call.Shape.ValueDimension;
        for (int row = 0; row < count; row++)
        {
            float* destination = call.Destination(head) + ((long)(first + row) * columns);
            float sum = workspace.Sums[row];
            TKernels.Scale(workspace.Numerators + (row * workspace.ValueStride), destination, columns, sum == 0 ? 0 : 1 / sum);
            if (factor != 1) TKernels.Scale(destination, destination, columns, 1 / factor);
        }
    }

    /// <summary>NaN where the answer depends on NaN or infinity: a query its row, a key the rows that see it, a value entry its column of those.</summary>
    private void SpreadNonFinite(int head, in Workspace workspace)
    {
        (int queryColumns, int columns) = (call.Shape.HeadDimension, call.Shape.ValueDimension);
        for (int i = 0; i < call.Shape.QueryLength; i++)
        {
            if (!TKernels.AllFinite(call.Query(head) + ((long)i * queryColumns), queryColumns)) Destination(i).Fill(float.NaN);
        }

        for (int j = 0; j < call.Shape.KeyLength; j++)
        {
            if (workspace.KeyIsFinite[j] && workspace.ValueIsFinite[j]) continue;
            var value = new ReadOnlySpan<float>(call.Value(head) + ((long)j * columns), columns);
            for (int i = 0; i < call.Shape.QueryLength; i++)
            {
                if (!Sees(head, i, j)) continue;
                Span<float> row = Destination(i);
                for (int column = 0; column < columns; column++)
                {
                    if (!workspace.KeyIsFinite[j] || !float.IsFinite(value[column])) row[column] = float.NaN;
                }
            }
        }

        Span<float> Destination(int i) => new(call.Destination(head) + ((long)i * columns), columns);
    }

    private bool Sees(int head, int i, int j)
    {
        float* bias = call.Bias(head);
        return j < call.VisibleKeys(i) && (bias is null || !float.IsNegativeInfinity(bias[j - i]));
    }

    /// <summary>One head's memory.</summary>
    private readonly ref struct Workspace
    {
        public Workspace(AttentionShape shape, ref Arena arena)
        {
            int keys = Padding.RoundUp(shape.KeyLength, KernelShape.KeyTile);
            ValueStride = Padding.RoundUp(shape.ValueDimension, TKernels.Lanes);
            Keys = arena.Take<float>((long)keys * shape.HeadDimension);
            Values = arena.Take<float>((long)shape.KeyLength * ValueStride);
            KeyIsFinite = arena.Take<bool>(shape.KeyLength);
            ValueIsFinite = arena.Take<bool>(shape.KeyLength);
            Queries = arena.Take<float>((long)TileRows * shape.HeadDimension);
            Numerators = arena.Take<float>((long)TileRows * ValueStride);
            Maxima = arena.Take<float>(TileRows);
            Sums = arena.Take<float>(TileRows);
            Scores = arena.Take<float>(ScoreRows * StripKeys);
            NoBias = arena.Take<float>(StripKeys);
            if (!arena.IsMeasuring) new Span<float>(NoBias, StripKeys).Clear();
        }

        /// <summary>Floats between rows of <see cref="Values"/> and <see cref="Numerators"/>: the value dimension padded to lanes.</summary>
        public int ValueStride { get; }

        public float* Keys { get; }

        public float* Values { get; }

        public bool* KeyIsFinite { get; }

        public bool* ValueIsFinite { get; }

        public float* Queries { get; }

        public float* Numerators { get; }

        public float* Maxima { get; }

        public float* Sums { get; }

        public float* Scores { get; }

        public float* NoBias { get; }
    }
}
