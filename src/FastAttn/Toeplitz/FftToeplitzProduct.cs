using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>Toeplitz products by fast Fourier transform, one spectrum a head.</summary>
internal sealed unsafe class FftToeplitzProduct<TKernels> : ToeplitzProduct
    where TKernels : struct, IKernels
{
    /// <summary>Columns of the outermost step that are packed and transformed together, for both halves at once, while they are in the first-level cache.</summary>
    private const int RunColumns = 16;

    private readonly LaneFft _fft;
    private readonly AlignedBuffer _spectra;
    private readonly int[] _exponents;

    public FftToeplitzProduct(ToeplitzShape shape, ReadOnlySpan<float> coefficients)
        : this(shape, coefficients, LaneFft.Get(LaneFft.NextLength(Math.Max(shape.OutputLength, shape.InputLength)), TKernels.FftLanes))
    {
    }

    private FftToeplitzProduct(ToeplitzShape shape, ReadOnlySpan<float> coefficients, LaneFft fft)
        : base(shape, coefficients, 2 * fft.Lanes, ((2 * fft.WorkFloats) + (fft.Rows * LegStride(fft))) * sizeof(float))
    {
        _fft = fft;
        _spectra = new AlignedBuffer(SpectrumFloats * shape.Heads * sizeof(float));
        _exponents = new int[shape.Heads];
        var scaled = new double[shape.Diagonals];
        for (int head = 0; head < shape.Heads; head++)
        {
            ReadOnlySpan<float> values = coefficients.Slice(head * shape.Diagonals, shape.Diagonals);
            _exponents[head] = ColumnExponents.OfCoefficients(values);
            for (int i = 0; i < scaled.Length; i++) scaled[i] = Math.ScaleB(values[i], -_exponents[head]);
            fixed (double* entries = scaled) fft.Spectrum(entries, shape.OutputLength, shape.InputLength, Spectrum(head));
        }
    }

    private long SpectrumFloats => 4L * _fft.Length;

    protected override int Exponent(int head) => _exponents[head];

    /// <summary>Packs and transforms the columns as they stand, in the hope that they need no factors.</summary>
    protected override void Measure(in OperandBlock x, float* squares, float* workspace) => Forward(x, squares, workspace);

    protected override void MultiplyBlock(int head, in OperandBlock x, in ProductBlock y, float* workspace)
    {
        float* cyclic = workspace, skew = cyclic + _fft.WorkFloats, run = skew + _fft.WorkFloats;
        nint legStride = LegStride(_fft);
        if (!x.IsAsItStands) Forward(x, null, workspace);
        LaneConvolution<TKernels>.ConvolveHalves(_fft, Spectrum(head), cyclic, skew);
        for (int column = 0; column < _fft.Columns; column += RunColumns)
        {
            int count = Math.Min(RunColumns, _fft.Columns - column);
            LaneConvolution<TKernels>.InversePair(_fft, column, count, run, legStride, cyclic, skew);
            for (int leg = 0; leg < _fft.Rows; leg++) y.Store(run + (leg * legStride), (leg * _fft.Columns) + column, count);
        }
    }

    /// <summary>Packs the operand, adding up squares if asked to, and makes the outermost step of both halves.</summary>
    private void Forward(in OperandBlock x, float* squares, float* workspace)
    {
        float* cyclic = workspace, skew = cyclic + _fft.WorkFloats, run = skew + _fft.WorkFloats;
        nint legStride = LegStride(_fft);
        for (int column = 0; column < _fft.Columns; column += RunColumns)
        {
            int count = Math.Min(RunColumns, _fft.Columns - column);
            for (int leg = 0; leg < _fft.Rows; leg++) x.Load((leg * _fft.Columns) + column, count, run + (leg * legStride), squares);
            LaneConvolution<TKernels>.ForwardPair(_fft, column, count, run, legStride, cyclic, skew);
        }
    }

    /// <summary>Floats between legs of a run: a row more than it has, because strides of a power of two thrash the cache's sets.</summary>
    private static nint LegStride(LaneFft fft) => (nint)(RunColumns + 1) * 2 * fft.Lanes;

    private float* Spectrum(int head) => (float*)_spectra.Data + (head * SpectrumFloats);
}
