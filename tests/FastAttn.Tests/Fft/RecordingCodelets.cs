using FastAttn.Fft;
using FastAttn.Kernels;

namespace FastAttn.Tests.Fft;

/// <summary>The portable codelets, writing down which of them are called.</summary>
internal readonly unsafe struct RecordingCodelets : IFftCodelets
{
    [ThreadStatic]
    private static HashSet<string>? s_called;

    public static int FftLanes => PortableKernels.FftLanes;

    /// <summary>Every codelet that one product of this length calls.</summary>
    public static IReadOnlyCollection<string> Record(int length)
    {
        LaneFft fft = LaneFft.Get(length, FftLanes);
        s_called = [];
        int width = 2 * FftLanes;
        using NativeFloats spectrum = new(4L * length), x = new((long)length * width), y = new((long)length * width), work = new(fft.WorkFloats);
        LaneConvolution<RecordingCodelets>.MultiplyPair(fft, spectrum.Pointer, x.Pointer, width, y.Pointer, width, work.Pointer);
        return s_called;
    }

    public static bool HasConvolve(int length) => PortableKernels.HasConvolve(length);

    public static bool HasColumns(int radix) => PortableKernels.HasColumns(radix);

    public static bool HasUnrolledSplit(int length) => PortableKernels.HasUnrolledSplit(length);

    public static void Convolve(int length, float* points, float* spectrum)
    {
        s_called!.Add($"Convolve{length}");
        PortableKernels.Convolve(length, points, spectrum);
    }

    public static void Split(int length, float* points, float* roots)
    {
        s_called!.Add($"Split{length}");
        PortableKernels.Split(length, points, roots);
    }

    public static void Merge(int length, float* points, float* roots)
    {
        Assert.Contains($"Split{length}", s_called!);
        PortableKernels.Merge(length, points, roots);
    }

    public static void ForwardOuter(
        int radix, int columns, float* roots, float* points, nint rowStride, float* vectors, float* factorsRe, float* factorsIm)
    {
        s_called!.Add($"Columns{radix}");
        PortableKernels.ForwardOuter(radix, columns, roots, points, rowStride, vectors, factorsRe, factorsIm);
    }

    public static void ForwardPair(
        int radix, int columns, float* roots, float* points, nint rowStride, float* rows, nint tokenStride, nint legStride)
    {
        s_called!.Add($"Columns{radix}");
        PortableKernels.ForwardPair(radix, columns, roots, points, rowStride, rows, tokenStride, legStride);
    }

    public static void ForwardPairTwisted(
        int radix, int columns, float* roots, float* points, nint rowStride, float* rows, nint tokenStride, nint legStride, float* twist)
    {
        s_called!.Add($"Columns{radix}");
        PortableKernels.ForwardPairTwisted(radix, columns, roots, points, rowStride, rows, tokenStride, legStride, twist);
    }

    public static void ForwardPoints(int radix, int columns, float* roots, float* points, nint rowStride)
    {
        s_called!.Add($"Columns{radix}");
        PortableKernels.ForwardPoints(radix, columns, roots, points, rowStride);
    }

    public static void InverseContract(
        int radix, int columns, float* roots, float* points, nint rowStride, float* accumulators, float* factorsRe, float* factorsIm) =>
        PortableKernels.InverseContract(radix, columns, roots, points, rowStride, accumulators, factorsRe, factorsIm);

    public static void InversePair(
        int radix, int columns, float* roots, float* points, nint rowStride, float* rows, nint tokenStride, nint legStride) =>
        PortableKernels.InversePair(radix, columns, roots, points, rowStride, rows, tokenStride, legStride);

    public static void InversePairTwisted(
        int radix, int columns, float* roots, float* points, nint rowStride, float* rows, nint tokenStride, nint legStride, float* twist) =>
        PortableKernels.InversePairTwisted(radix, columns, roots, points, rowStride, rows, tokenStride, legStride, twist);

    public static void InversePoints(int radix, int columns, float* roots, float* points, nint rowStride) =>
        PortableKernels.InversePoints(radix, columns, roots, points, rowStride);
}
