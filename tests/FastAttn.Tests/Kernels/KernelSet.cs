using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using FastAttn.Kernels;

namespace FastAttn.Tests.Kernels;

/// <summary>The kernels of one instruction set as an object, so that a test takes the instruction set as data.</summary>
public abstract unsafe class KernelSet
{
    /// <summary>Every instruction set this host can run; the others run elsewhere (NEON: under an emulator).</summary>
    public static TheoryData<KernelSet> OfThisHost()
    {
        var sets = new TheoryData<KernelSet> { new KernelSet<PortableKernels>("portable") };
        if (AdvSimd.Arm64.IsSupported) sets.Add(new KernelSet<NeonKernels>("neon"));
        if (Avx2.IsSupported && Fma.IsSupported) sets.Add(new KernelSet<Avx2Kernels>("avx2"));
        if (Avx512F.IsSupported) sets.Add(new KernelSet<Avx512Kernels>("avx512"));
        return sets;
    }

    /// <summary>Whether products and sums are rounded apart, which costs a bound twice the roundings.</summary>
    public bool Fused => ToString() != "portable";

    public abstract int Lanes { get; }

    public abstract int RowTile { get; }

    public abstract bool HasValueDimension(int dimension);

    public abstract bool HasHeadDimension(int dimension);

    public abstract void MultiplyAdd(
        int rows, int depth, int columns, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride);

    public abstract void Multiply(
        int rows, int depth, int columns, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride);

    public abstract void MultiplyScaled(
        int rows, int depth, int columns, float* a, nint aStride, float* b, nint bStride, float* rowFactors, float* c, nint cStride);

    public abstract void AttentionTile(
        int rows, int keyCount, int features, int valueDimension, float* query, nint queryStride, float* keys, float* coefficients, nint coefficientStride,
        float* values, nint valueStride, float* numerators, nint numeratorStride, float* rowSums);

    public abstract void CopyRows(
        float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride);

    public abstract void ScaleRows(
        float* source, nint sourceStride, int rows, int columns, float* rowFactors, float* destination, nint destinationStride);

    public abstract void SoftmaxTile(
        int rows, int dimension, int valueDimension, float* query, nint queryStride, float* keys, float* biases, nint biasStride,
        float* values, nint valueStride, float* numerators, nint numeratorStride, float headroom, float* references, float* rowSums);

    public abstract void SegmentedProduct(float* x, nint xStride, int rows, int* counts, int segments, float* y, nint yStride, float* largest);

    public abstract float Max(float* x, int count);

    public abstract bool AllFinite(float* x, int count);

    public abstract void ExpShifted(float* x, int count, float shift);

    public abstract void ExpRelative(float* x, nint stride, int rows, int columns, float* largest);

    public abstract void Exp2Relative(float* x, nint stride, int rows, int columns, float* largest);

    public abstract void MaxRows(float* x, nint stride, int rows, int columns, float* largest);

    public abstract void ReluRows(float* x, nint stride, int rows, int columns, float floor, float* rowFactors);

    public abstract void SineCosine(float* x, nint stride, int rows, int columns);

    public abstract void EluPlusOne(float* x, int count);

    public abstract void ReluPlus(float* x, int count, float floor);

    public abstract void Scale(float* x, float* y, int count, float factor);

    public abstract float Dot(float* x, float* y, int count);

    public abstract void AccumulateSquares(float* x, int count, float a, float b, float* first, float* second);

    public abstract float SumExpOfSum(float* x, float* y, int count, float shift);

    public abstract float MaxOfSum(float* x, float* y, int count);

    public abstract void AddScaled(float* x, float* y, int count, float a);

    public abstract void TransposeScaled(
        float* source, nint sourceStride, int rows, int columns, float* rowScale, float* destination, nint destinationStride);
}

internal sealed unsafe class KernelSet<TKernels>(string name) : KernelSet
    where TKernels : struct, ITileKernels, IRowKernels
{
    public override string ToString() => name;

    public override int Lanes => TKernels.Lanes;

    public override int RowTile => TKernels.RowTile;

    public override bool HasValueDimension(int dimension) => TKernels.HasValueDimension(dimension);

    public override bool HasHeadDimension(int dimension) => TKernels.HasHeadDimension(dimension);

    public override void MultiplyAdd(
        int rows, int depth, int columns, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride) =>
        TKernels.MultiplyAdd(rows, depth, columns, a, aStride, b, bStride, c, cStride);

    public override void Multiply(
        int rows, int depth, int columns, float* a, nint aStride, float* b, nint bStride, float* c, nint cStride) =>
        TKernels.Multiply(rows, depth, columns, a, aStride, b, bStride, c, cStride);

    public override void MultiplyScaled(
        int rows, int depth, int columns, float* a, nint aStride, float* b, nint bStride, float* rowFactors, float* c, nint cStride) =>
        TKernels.MultiplyScaled(rows, depth, columns, a, aStride, b, bStride, rowFactors, c, cStride);

    public override void AttentionTile(
        int rows, int keyCount, int features, int valueDimension, float* query, nint queryStride, float* keys, float* coefficients, nint coefficientStride,
        float* values, nint valueStride, float* numerators, nint numeratorStride, float* rowSums) =>
        TKernels.AttentionTile(
            rows, keyCount, features, valueDimension, query, queryStride, keys, coefficients, coefficientStride,
            values, valueStride, numerators, numeratorStride, rowSums);

    public override void CopyRows(
        float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride) =>
        TKernels.CopyRows(source, sourceStride, rows, columns, destination, destinationStride);

    public override void ScaleRows(
        float* source, nint sourceStride, int rows, int columns, float* rowFactors, float* destination, nint destinationStride) =>
        TKernels.ScaleRows(source, sourceStride, rows, columns, rowFactors, destination, destinationStride);

    public override void SoftmaxTile(
        int rows, int dimension, int valueDimension, float* query, nint queryStride, float* keys, float* biases, nint biasStride,
        float* values, nint valueStride, float* numerators, nint numeratorStride, float headroom, float* references, float* rowSums) =>
        TKernels.SoftmaxTile(
            rows, dimension, valueDimension, query, queryStride, keys, biases, biasStride, values, valueStride, numerators, numeratorStride,
            headroom, references, rowSums);

    public override void SegmentedProduct(float* x, nint xStride, int rows, int* counts, int segments, float* y, nint yStride, float* largest) =>
        TKernels.SegmentedProduct(x, xStride, rows, counts, segments, y, yStride, largest);

    public override float Max(float* x, int count) => TKernels.Max(x, count);

    public override bool AllFinite(float* x, int count) => TKernels.AllFinite(x, count);

    public override void ExpShifted(float* x, int count, float shift) => TKernels.ExpShifted(x, count, shift);

    public override void ExpRelative(float* x, nint stride, int rows, int columns, float* largest) =>
        TKernels.ExpRelative(x, stride, rows, columns, largest);

    public override void Exp2Relative(float* x, nint stride, int rows, int columns, float* largest) =>
        TKernels.Exp2Relative(x, stride, rows, columns, largest);

    public override void MaxRows(float* x, nint stride, int rows, int columns, float* largest) =>
        TKernels.MaxRows(x, stride, rows, columns, largest);

    public override void ReluRows(float* x, nint stride, int rows, int columns, float floor, float* rowFactors) =>
        TKernels.ReluRows(x, stride, rows, columns, floor, rowFactors);

    public override void SineCosine(float* x, nint stride, int rows, int columns) => TKernels.SineCosine(x, stride, rows, columns);

    public override void EluPlusOne(float* x, int count) => TKernels.EluPlusOne(x, count);

    public override void ReluPlus(float* x, int count, float floor) => TKernels.ReluPlus(x, count, floor);

    public override void Scale(float* x, float* y, int count, float factor) => TKernels.Scale(x, y, count, factor);

    public override float Dot(float* x, float* y, int count) => TKernels.Dot(x, y, count);

    public override void AccumulateSquares(float* x, int count, float a, float b, float* first, float* second) =>
        TKernels.AccumulateSquares(x, count, a, b, first, second);

    public override float SumExpOfSum(float* x, float* y, int count, float shift) => TKernels.SumExpOfSum(x, y, count, shift);

    public override float MaxOfSum(float* x, float* y, int count) => TKernels.MaxOfSum(x, y, count);

    public override void AddScaled(float* x, float* y, int count, float a) => TKernels.AddScaled(x, y, count, a);

    public override void TransposeScaled(
        float* source, nint sourceStride, int rows, int columns, float* rowScale, float* destination, nint destinationStride) =>
        TKernels.TransposeScaled(source, sourceStride, rows, columns, rowScale, destination, destinationStride);
}
