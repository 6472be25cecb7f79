using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Bench.Inputs;

/// <summary>The innermost work of the FFT method alone: two features and one vector of value columns, packed already.</summary>
internal abstract unsafe class TransformCase : IDisposable
{
    /// <summary>
    /// Products one after the other on the same values and sums, as a method with so many pairs of features makes them; one alone would be
    /// measured with what the round's other actions left in the caches.
    /// </summary>
    public const int Products = 32;

    /// <summary>Four of key scalars, four of query scalars, and a spectrum four times as long.</summary>
    private const int ScalarArrays = 12;

    /// <summary>Arrays a power of two apart would share cache sets.</summary>
    private const int ArrayGap = 16;

    private readonly AlignedBuffer _buffer;

    private protected TransformCase(LaneFft fft)
    {
        Fft = fft;
        long length = fft.Length, floats = (2 * length * fft.Lanes) + (ScalarArrays * (length + ArrayGap)) + fft.WorkFloats;
        _buffer = new AlignedBuffer(floats * sizeof(float));
        Clearing.Clear((float*)_buffer.Data, floats);
        var random = new Random(1);
        for (long i = 0; i < floats - fft.WorkFloats; i++) ((float*)_buffer.Data)[i] = (float)(random.NextDouble() - 0.5) / length;
    }

    /// <summary>Tables of the length.</summary>
    public LaneFft Fft { get; }

    protected float* Data => (float*)_buffer.Data;

    public static TransformCase Create(int length) => Tiers.Visit(Tiers.Current, new Factory(length));

    /// <summary>Both halves of <see cref="Products"/> products.</summary>
    public abstract void Run();

    /// <summary>Whether the kernels have a codelet of their own for this split-radix step.</summary>
    public abstract bool HasUnrolledSplit(int length);

    public void Dispose() => _buffer.Dispose();

    private sealed class Of<TKernels>(LaneFft fft) : TransformCase(fft)
        where TKernels : struct, IKernels
    {
        public override bool HasUnrolledSplit(int length) => TKernels.HasUnrolledSplit(length);

        public override void Run()
        {
            long stride = Fft.Length + ArrayGap, vectors = (long)Fft.Length * Fft.Lanes;
            float* values = Data, sums = Data + vectors, scalars = Data + (2 * vectors), work = scalars + (ScalarArrays * stride);
            for (int product = 0; product < Products; product++)
            {
                LaneConvolution<TKernels>.AccumulateOuter(
                    Fft, ColumnRuns.All(Fft), scalars + (8 * stride), values,
                    scalars, scalars + stride, scalars + (2 * stride), scalars + (3 * stride),
                    scalars + (4 * stride), scalars + (5 * stride), scalars + (6 * stride), scalars + (7 * stride),
                    sums, work);
            }
        }
    }

    private sealed class Factory(int length) : ITierVisitor<TransformCase>
    {
        public TransformCase Visit<TKernels>()
            where TKernels : struct, IKernels => new Of<TKernels>(LaneFft.Get(length, TKernels.Lanes));
    }
}
