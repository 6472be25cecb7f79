using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>Toeplitz products by fast Fourier transform, one spectrum a head; rows that may be smaller than its rounding by <see cref="SquareTiles{TKernels}"/>.</summary>
internal sealed unsafe class FftToeplitzProduct<TKernels> : ToeplitzProduct
    where TKernels : struct, IKernels
{
    /// <summary>Runs of rows that are made again one by one; of more, everything between the first and the last is.</summary>
    private const int MostRuns = 4;

    private readonly LaneFft _fft;
    private readonly int[] _starts;
    private readonly FftHead<TKernels>[] _heads;

    /// <summary>Segments in which the product has rows.</summary>
    private readonly int _segments;

    public FftToeplitzProduct(ToeplitzShape shape, ReadOnlySpan<float> coefficients)
        : this(shape, coefficients, LaneFft.Get(LaneFft.NextLength(Math.Max(shape.OutputLength, shape.InputLength)), TKernels.FftLanes))
    {
    }

    private FftToeplitzProduct(ToeplitzShape shape, ReadOnlySpan<float> coefficients, LaneFft fft)
        : this(shape, coefficients, fft, FftHead<TKernels>.Prepare(shape, coefficients, fft))
    {
    }

    private FftToeplitzProduct(ToeplitzShape shape, ReadOnlySpan<float> coefficients, LaneFft fft, FftHead<TKernels>[] heads)
        : base(shape, coefficients, 2 * fft.Lanes, WorkspaceBytes(shape, fft, heads))
    {
        _fft = fft;
        _heads = heads;
        _starts = FftColumns<TKernels>.SegmentStarts(fft);
        _segments = _starts.Count(start => start < shape.OutputLength);
    }

    protected override int Exponent(int head) => _heads[head].Exponent;

    /// <summary>Packs and transforms the columns as they stand, in the hope that they need no factors.</summary>
    protected override void Measure(int head, in OperandBlock x, float* squares, float* workspace)
    {
        if (_heads[head].Certificate is null)
        {
            FftColumns<TKernels>.Forward(_fft, x, 0, workspace, squares, 0);
            return;
        }

        SeenCertificate.Sum(ForwardBySegments(x, workspace), BlockColumns, _starts.Length - 1, squares);
    }

    protected override void MultiplyBlock(int head, in ProductCall call, float* workspace)
    {
        FftHead<TKernels> own = _heads[head];
        if (own.Certificate is not { } certificate)
        {
            if (!call.X.IsAsItStands) FftColumns<TKernels>.Forward(_fft, call.X, 0, workspace, null, 0);
            FftColumns<TKernels>.Inverse(_fft, own.Spectrum, new Storing(call.Y, null), workspace);
            return;
        }

        if (!call.X.IsAsItStands) ForwardBySegments(call.X, workspace);
        var arena = new Arena((byte*)workspace, long.MaxValue);
        var scratch = new Scratch(Shape, _fft, ref arena);
        int unsure = certificate.Find(scratch.Squares, BlockColumns, _segments, scratch.Before, scratch.Unsure);
        if (unsure < _segments) FftColumns<TKernels>.Inverse(_fft, own.Spectrum, new Storing(call.Y, scratch.Unsure), workspace);
        if (unsure > 0) MakeAgain(own, call, scratch);
    }

    /// <summary>Makes rows that are not sure from pieces that hold only what they see.</summary>
    private void MakeAgain(FftHead<TKernels> head, in ProductCall call, in Scratch scratch)
    {
        var flags = new ReadOnlySpan<bool>(scratch.Unsure, _segments);
        int runs = 0;
        for (int segment = 0; segment < _segments; segment++) runs += flags[segment] && (segment == 0 || !flags[segment - 1]) ? 1 : 0;
        for (int start = flags.IndexOf(true), end; start < _segments; start = end + Math.Max(flags[end..].IndexOf(true), 0))
        {
            end = runs > MostRuns ? flags.LastIndexOf(true) + 1 : start + flags[start..].IndexOf(false);
            if (end < start) end = _segments;
            head.Tiles.Run(call, _starts[start], Math.Min(_starts[end], Shape.OutputLength), scratch.Work);
            if (!flags[end..].Contains(true)) break;
        }
    }

    /// <summary>Packs the operand, finding the squares of each segment, and makes the outermost step of both halves.</summary>
    private float* ForwardBySegments(in OperandBlock x, float* workspace)
    {
        var arena = new Arena((byte*)workspace, long.MaxValue);
        var scratch = new Scratch(Shape, _fft, ref arena);
        Clearing.Clear(scratch.Squares, (long)(_starts.Length - 1) * BlockColumns);
        FftColumns<TKernels>.Forward(_fft, x, 0, workspace, scratch.Squares, BlockColumns);
        return scratch.Squares;
    }

    private static long WorkspaceBytes(ToeplitzShape shape, LaneFft fft, FftHead<TKernels>[] heads)
    {
        if (heads.All(head => head.Certificate is null)) return FftColumns<TKernels>.WorkspaceFloats(fft) * sizeof(float);
        var arena = Arena.Measuring;
        _ = new Scratch(shape, fft, ref arena);
        return arena.Peak;
    }

    /// <summary>What a block needs whose rows are judged.</summary>
    private readonly struct Scratch
    {
        public Scratch(ToeplitzShape shape, LaneFft fft, ref Arena arena)
        {
            int columns = 2 * fft.Lanes, segments = FftColumns<TKernels>.Segments(fft);
            Work = arena.Take<float>(Math.Max(FftColumns<TKernels>.WorkspaceFloats(fft), SquareTiles<TKernels>.WorkspaceFloats(shape)));
            Squares = arena.Take<float>((long)segments * columns);
            Before = arena.Take<double>((segments + 1L) * columns);
            Unsure = arena.Take<bool>(segments);
        }

        /// <summary>Room for a transform, or for pieces; where the workspace starts.</summary>
        public float* Work { get; }

        /// <summary>Sums of squares, <c>[segments, columns]</c>.</summary>
        public float* Squares { get; }

        /// <summary>Sums of those before each segment, and of all.</summary>
        public double* Before { get; }

        /// <summary>Whether a segment's rows are to be made again.</summary>
        public bool* Unsure { get; }
    }

    /// <summary>Rows go to where the caller wants them, unless they will be made again.</summary>
    private readonly struct Storing(ProductBlock y, bool* unsure) : IPackedRows
    {
        public void Put(float* packed, int row, int count, int segment)
        {
            if (unsure is null || !unsure[segment]) y.Store(packed, row, count);
        }
    }
}
