using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using FastAttn.Fft;
using FastAttn.Kernels;

namespace FastAttn.Tests.Fft;

/// <summary>The Fourier side of one instruction set as an object, so that a test takes the instruction set as data.</summary>
public abstract unsafe class FftKernelSet
{
    /// <summary>Every instruction set this host can run; the others run elsewhere (NEON: under an emulator).</summary>
    public static TheoryData<FftKernelSet> OfThisHost()
    {
        var sets = new TheoryData<FftKernelSet> { new FftKernelSet<PortableKernels>("portable") };
        if (AdvSimd.Arm64.IsSupported) sets.Add(new FftKernelSet<NeonKernels>("neon"));
        if (Avx2.IsSupported && Fma.IsSupported) sets.Add(new FftKernelSet<Avx2Kernels>("avx2"));
        if (Avx512F.IsSupported) sets.Add(new FftKernelSet<Avx512Kernels>("avx512"));
        return sets;
    }

    public abstract int Lanes { get; }

    public abstract bool HasConvolve(int length);

    public abstract bool HasColumns(int radix);

    public abstract bool HasUnrolledSplit(int length);

    public abstract void Convolve(int length, float* points, float* spectrum);

    public abstract void Split(int length, float* points, float* roots);

    public abstract void Merge(int length, float* points, float* roots);

    internal abstract void MultiplyPair(LaneFft fft, float* spectrum, float* x, nint xStride, float* y, nint yStride, float* work);

    internal abstract void AccumulateOuter(
        LaneFft fft, ColumnRuns runs, float* spectrum, float* vectors, float*[] scalars, float* accumulators, float* work);
}

internal sealed unsafe class FftKernelSet<TKernels>(string name) : FftKernelSet
    where TKernels : struct, IFftCodelets
{
    public override string ToString() => name;

    public override int Lanes => TKernels.FftLanes;

    public override bool HasConvolve(int length) => TKernels.HasConvolve(length);

    public override bool HasColumns(int radix) => TKernels.HasColumns(radix);

    public override bool HasUnrolledSplit(int length) => TKernels.HasUnrolledSplit(length);

    public override void Convolve(int length, float* points, float* spectrum) => TKernels.Convolve(length, points, spectrum);

    public override void Split(int length, float* points, float* roots) => TKernels.Split(length, points, roots);

    public override void Merge(int length, float* points, float* roots) => TKernels.Merge(length, points, roots);

    internal override void MultiplyPair(LaneFft fft, float* spectrum, float* x, nint xStride, float* y, nint yStride, float* work) =>
        LaneConvolution<TKernels>.MultiplyPair(fft, spectrum, x, xStride, y, yStride, work);

    internal override void AccumulateOuter(
        LaneFft fft, ColumnRuns runs, float* spectrum, float* vectors, float*[] scalars, float* accumulators, float* work) =>
        LaneConvolution<TKernels>.AccumulateOuter(
            fft, runs, spectrum, vectors,
            scalars[0], scalars[1], scalars[2], scalars[3], scalars[4], scalars[5], scalars[6], scalars[7],
            accumulators, work);
}
