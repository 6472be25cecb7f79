using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastAttn.Tests.Kernels;

/// <summary>
/// The exponential against float64, at most 2 ulp: over every float32 from 2⁻²⁶ to 2⁷ of either sign, where the result is neither 1
/// nor 0 nor +∞, and over every seventh of the others.
/// </summary>
public unsafe class ExponentialExhaustiveTests
{
    private const int BlockBits = 18, Block = 1 << BlockBits, Blocks = 1 << (32 - BlockBits);

    public static TheoryData<KernelSet> Kernels => KernelSet.OfThisHost();

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_float32_that_needs_rounding_is_within_two_ulp(KernelSet kernels)
    {
        double worst = 0;
        var gate = new Lock();
        Parallel.For(0, Blocks, block =>
        {
            float* x = (float*)NativeMemory.AlignedAlloc(Block * sizeof(float), 64);
            float* powers = (float*)NativeMemory.AlignedAlloc(Block * sizeof(float), 64);
            uint first = (uint)block << BlockBits;
            bool rounds = ((first >> 23) & 0xFF) is >= 101 and <= 133;
            (int count, uint step) = rounds ? (Block, 1u) : (Block / 8, 7u);
            Fill(x, powers, count, first, step);
            kernels.ExpShifted(powers, count, 0f);
            double error = WorstUlps(x, powers, count);
            NativeMemory.AlignedFree(x);
            NativeMemory.AlignedFree(powers);
            lock (gate) worst = Math.Max(worst, error);
            if (!(error <= 2)) Assert.Fail($"{kernels}: {error:f3} ulp among the bit patterns from 0x{first:x8}");
        });

        // An error far below what float32 can do would mean that the comparison does not compare.
        Assert.InRange(worst, 0.5, 2);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Edges_are_exact(KernelSet kernels)
    {
        float* x = stackalloc float[]
        {
            0f, -0f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue,
            89f, 88.8f, -104f, -104.5f, float.Epsilon,
        };
        kernels.ExpShifted(x, 12, 0f);
        Assert.Equal(
            [1f, 1f, float.NaN, float.PositiveInfinity, 0f, float.PositiveInfinity, 0f, float.PositiveInfinity, float.PositiveInfinity, 0f, 0f, 1f],
            new ReadOnlySpan<float>(x, 12).ToArray());
    }

    private static void Fill(float* x, float* copy, int count, uint first, uint step)
    {
        Vector256<uint> bits = Vector256.Create(first) + (Vector256<uint>.Indices * step);
        for (int i = 0; i < count; i += 8)
        {
            *(Vector256<uint>*)(x + i) = bits;
            *(Vector256<uint>*)(copy + i) = bits;
            bits += Vector256.Create(8 * step);
        }
    }

    /// <summary>
    /// The largest distance in units of the last place of the exact value, NaN when one of the two is NaN and the other is not.
    /// Values from 2¹²⁸ on count as 2¹²⁸, which is what +∞ stands for.
    /// </summary>
    private static double WorstUlps(float* x, float* powers, int count)
    {
        Vector256<double> worst = Vector256<double>.Zero, overflow = Vector256.Create(Math.ScaleB(1, 128));
        for (int i = 0; i < count; i += 4)
        {
            Vector256<double> argument = Widen(x + i), actual = Widen(powers + i);
            Vector256<double> expected = Vector256.Exp(argument);
            Vector256<double> bothNaN = ~Vector256.Equals(argument, argument) & ~Vector256.Equals(actual, actual);
            expected = Vector256.ConditionalSelect(Vector256.GreaterThan(expected, overflow), overflow, expected);
            actual = Vector256.ConditionalSelect(Vector256.GreaterThan(actual, overflow), overflow, actual);
            Vector256<double> binade = (expected.AsInt64() & Vector256.Create(0x7FF0_0000_0000_0000)).AsDouble();
            Vector256<double> ulp = Vector256.Max(binade * Math.ScaleB(1, -23), Vector256.Create(Math.ScaleB(1, -149)));
            Vector256<double> error = Vector256.Abs(actual - expected) / ulp;
            worst = Vector256.Max(worst, Vector256.ConditionalSelect(bothNaN, Vector256<double>.Zero, error));
        }

        double result = 0;
        for (int lane = 0; lane < 4; lane++) result = Math.Max(result, worst[lane]);
        return result;
    }

    private static Vector256<double> Widen(float* x) => Vector256.Create(Vector128.WidenLower(*(Vector128<float>*)x), Vector128.WidenUpper(*(Vector128<float>*)x));
}
