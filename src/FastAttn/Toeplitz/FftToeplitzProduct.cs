using System.Numerics.Tensors;
using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>Toeplitz products by fast Fourier transform, one spectrum a head.</summary>
internal sealed unsafe class FftToeplitzProduct<TKernels> : ToeplitzProduct
    where TKernels : struct, IKernels
{
    private readonly LaneFft _fft;
    private readonly AlignedBuffer _spectra;
    private readonly int[] _exponents;

    public FftToeplitzProduct(ToeplitzShape shape, ReadOnlySpan<float> coefficients)
        : this(shape, coefficients, LaneFft.Get(LaneFft.NextLength(Math.Max(shape.OutputLength, shape.InputLength)), TKernels.FftLanes))
    {
    }

    private FftToeplitzProduct(ToeplitzShape shape, ReadOnlySpan<float> coefficients, LaneFft fft)
        : base(shape, 2 * fft.Lanes, ((4L * fft.Lanes * fft.Length) + fft.WorkFloats) * sizeof(float))
    {
        _fft = fft;
        _spectra = new AlignedBuffer(SpectrumFloats * shape.Heads * sizeof(float));
        _exponents = new int[shape.Heads];
        var scaled = new double[shape.Diagonals];
        for (int head = 0; head < shape.Heads; head++)
        {
            ReadOnlySpan<float> values = coefficients.Slice(head * shape.Diagonals, shape.Diagonals);
            _exponents[head] = ColumnBlock.ExponentOf(TensorPrimitives.MaxMagnitude(values));
            for (int i = 0; i < scaled.Length; i++) scaled[i] = Math.ScaleB(values[i], -_exponents[head]);
            fixed (double* entries = scaled) fft.Spectrum(entries, shape.OutputLength, shape.InputLength, Spectrum(head));
        }
    }

    protected override int PackedRows => _fft.Length;

    protected override int ProductRows => _fft.Length;

    private long SpectrumFloats => 4L * _fft.Length;

    protected override int Exponent(int head) => _exponents[head];

    protected override void MultiplyBlock(int head, float* x, float* y, float* work) =>
        LaneConvolution<TKernels>.MultiplyPair(_fft, Spectrum(head), x, BlockColumns, y, BlockColumns, work);

    private float* Spectrum(int head) => (float*)_spectra.Data + (head * SpectrumFloats);
}
