using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>One head's coefficients, prepared for products by transform. Immutable to its users, and thread-safe.</summary>
/// <typeparam name="TKernels">The instruction set.</typeparam>
internal sealed unsafe class FftHead<TKernels>
    where TKernels : struct, IKernels
{
    private readonly ToeplitzShape _shape;
    private readonly AlignedBuffer _spectrum;
    private readonly float[] _coefficients = [];
    private readonly Lock _gate = new();
    private SquareTiles<TKernels>? _tiles;

    private FftHead(ToeplitzShape shape, ReadOnlySpan<float> coefficients, LaneFft fft, int[] starts)
    {
        _shape = shape;
        _spectrum = new AlignedBuffer(4L * fft.Length * sizeof(float));
        Exponent = ColumnExponents.OfCoefficients(coefficients);
        var scaled = new double[coefficients.Length];
        for (int i = 0; i < scaled.Length; i++) scaled[i] = Math.ScaleB(coefficients[i], -Exponent);
        fixed (double* entries = scaled) fft.Spectrum(entries, shape.OutputLength, shape.InputLength, Spectrum);
        Certificate = SeenCertificate.Of(new SeenRows(coefficients, shape), shape.InputLength, starts);
        if (Certificate is not null) _coefficients = [.. scaled.Select(value => (float)value)];
    }

    /// <summary>Exponent of the power of two that the coefficients were divided by.</summary>
    public int Exponent { get; }

    /// <summary>What <see cref="LaneFft.Spectrum"/> made of them.</summary>
    public float* Spectrum => (float*)_spectrum.Data;

    /// <summary>Tells which rows are sure; null when all are, whatever they are multiplied with.</summary>
    public SeenCertificate? Certificate { get; }

    /// <summary>Makes rows that are not; made when they are first asked for.</summary>
    public SquareTiles<TKernels> Tiles
    {
        get
        {
            if (Volatile.Read(ref _tiles) is { } tiles) return tiles;
            lock (_gate)
            {
                if (_tiles is null) Volatile.Write(ref _tiles, new SquareTiles<TKernels>(_shape, _coefficients));
                return _tiles!;
            }
        }
    }

    /// <summary>All heads of a product.</summary>
    public static FftHead<TKernels>[] Prepare(ToeplitzShape shape, ReadOnlySpan<float> coefficients, LaneFft fft)
    {
        int[] starts = FftColumns<TKernels>.SegmentStarts(fft);
        var heads = new FftHead<TKernels>[shape.Heads];
        for (int head = 0; head < heads.Length; head++) heads[head] = new(shape, coefficients.Slice(head * shape.Diagonals, shape.Diagonals), fft, starts);
        return heads;
    }
}
