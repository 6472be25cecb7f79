using FastAttn.Fft;
using FastAttn.Kernels;

namespace FastAttn.Toeplitz;

/// <summary>The way of a block of columns through a transform and back, a run of columns of the outermost step at a time.</summary>
/// <typeparam name="TKernels">The instruction set.</typeparam>
internal static unsafe class FftColumns<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Columns of the outermost step that are packed and transformed together, for both halves at once, while they are in the first-level cache.</summary>
    private const int RunColumns = 16;

    /// <summary>Floats of workspace for one block.</summary>
    public static long WorkspaceFloats(LaneFft fft) => (2 * fft.WorkFloats) + (fft.Rows * LegStride(fft));

    /// <summary>How many segments of rows are packed together.</summary>
    public static int Segments(LaneFft fft) => fft.Rows * Runs(fft);

    /// <summary>The first row of each segment of rows that are packed together, in order, and the length of the transform.</summary>
    public static int[] SegmentStarts(LaneFft fft)
    {
        int runs = Runs(fft);
        var starts = new int[Segments(fft) + 1];
        for (int segment = 0; segment < starts.Length - 1; segment++) starts[segment] = (segment / runs * fft.Columns) + (segment % runs * RunColumns);
        starts[^1] = fft.Length;
        return starts;
    }

    /// <summary>Packs the operand and makes the outermost step of both halves.</summary>
    /// <param name="fft">Tables.</param>
    /// <param name="x">The operand.</param>
    /// <param name="first">Its row that is the transform's first.</param>
    /// <param name="workspace"><see cref="WorkspaceFloats"/>.</param>
    /// <param name="squares">Null, or where the squares of packed columns are added up.</param>
    /// <param name="segmentFloats">Floats between the sums of one segment and of the next; 0 when all go into one.</param>
    public static void Forward(LaneFft fft, in OperandBlock x, int first, float* workspace, float* squares, nint segmentFloats)
    {
        float* cyclic = workspace, skew = cyclic + fft.WorkFloats, run = skew + fft.WorkFloats;
        nint legStride = LegStride(fft), runs = Runs(fft);
        for (int column = 0; column < fft.Columns; column += RunColumns)
        {
            int count = Math.Min(RunColumns, fft.Columns - column);
            for (int leg = 0; leg < fft.Rows; leg++)
            {
                float* sums = squares is null ? null : squares + (((leg * runs) + (column / RunColumns)) * segmentFloats);
                x.Load(first + (leg * fft.Columns) + column, count, run + (leg * legStride), sums);
            }

            LaneConvolution<TKernels>.ForwardPair(fft, column, count, run, legStride, cyclic, skew);
        }
    }

    /// <summary>The convolutions after <see cref="Forward"/>, and the way back.</summary>
    public static void Inverse<TRows>(LaneFft fft, float* spectrum, TRows rows, float* workspace)
        where TRows : struct, IPackedRows
    {
        float* cyclic = workspace, skew = cyclic + fft.WorkFloats, run = skew + fft.WorkFloats;
        nint legStride = LegStride(fft), runs = Runs(fft);
        LaneConvolution<TKernels>.ConvolveHalves(fft, spectrum, cyclic, skew);
        for (int column = 0; column < fft.Columns; column += RunColumns)
        {
            int count = Math.Min(RunColumns, fft.Columns - column);
            LaneConvolution<TKernels>.InversePair(fft, column, count, run, legStride, cyclic, skew);
            for (int leg = 0; leg < fft.Rows; leg++) rows.Put(run + (leg * legStride), (leg * fft.Columns) + column, count, (int)((leg * runs) + (column / RunColumns)));
        }
    }

    private static int Runs(LaneFft fft) => (fft.Columns + RunColumns - 1) / RunColumns;

    /// <summary>Floats between legs of a run: a row more than it has, because strides of a power of two thrash the cache's sets.</summary>
    private static nint LegStride(LaneFft fft) => (nint)(RunColumns + 1) * 2 * fft.Lanes;
}
