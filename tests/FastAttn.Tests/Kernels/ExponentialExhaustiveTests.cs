using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastAttn.Tests.Kernels;

/// <summary>
/// The exponential against float64, at most 2 ulp, over all 2³² float32: those from 2⁻²⁶ to 2⁷ of either sign are rounded, and
/// compared with float64; below, the result is exactly 1, and from 2⁷ on exactly 0, +∞ or NaN.
/// </summary>
public unsafe class ExponentialExhaustiveTests
{
    private const int BlockBits = 18, Block = 1 << BlockBits, Blocks = 1 << (32 - BlockBits);

    public static TheoryData<KernelSet> Kernels => KernelSet.OfThisHost();

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_float32_is_within_two_ulp(KernelSet kernels)
    {
        double worst = 0;
        var gate = new Lock();
        Parallel.For(0, Blocks, block =>
        {
            float* x = (float*)NativeMemory.AlignedAlloc(Block * sizeof(float), 64);
            float* powers = (float*)NativeMemory.AlignedAlloc(Block * sizeof(float), 64);
            uint first = (uint)block << BlockBits;
            uint exponent = (first >> 23) & 0xFF;
            Fill(x, powers, first);
            kernels.ExpShifted(powers, Block, 0f);
            double error = exponent switch
            {
                < 127 - 26 => Saturated(powers, 1f) ? 0 : double.NaN,
                < 127 + 7 => WorstUlps(x, powers),
                0xFF => Special(x, powers) ? 0 : double.NaN,
                _ => Saturated(powers, (int)first < 0 ? 0f : float.PositiveInfinity) ? 0 : double.NaN,
            };
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

    private static void Fill(float* x, float* copy, uint first)
    {
        Vector256<uint> bits = Vector256.Create(first) + Vector256<uint>.Indices;
        for (int i = 0; i < Block; i += 8)
        {
            *(Vector256<uint>*)(x + i) = bits;
            *(Vector256<uint>*)(copy + i) = bits;
            bits += Vector256.Create(8u);
        }
    }

    private static bool Saturated(float* powers, float expected) => new ReadOnlySpan<int>(powers, Block).IndexOfAnyExcept(BitConverter.SingleToInt32Bits(expected)) < 0;

    /// <summary>NaN of every kind stays NaN; the infinities become 0 and +∞.</summary>
    private static bool Special(float* x, float* powers)
    {
        for (int i = 0; i < Block; i++)
        {
            if (float.IsNaN(x[i]) ? !float.IsNaN(powers[i]) : powers[i] != (x[i] > 0 ? float.PositiveInfinity : 0f)) return false;
        }

        return true;
    }

    /// <summary>
    /// The largest distance in units of the last place of the exact value, NaN where a result is NaN. Values from 2¹²⁸ on count
    /// as 2¹²⁸, which is what +∞ stands for.
    /// </summary>
    private static double WorstUlps(float* x, float* powers)
    {
        Vector256<double> worst = Vector256<double>.Zero, overflow = Vector256.Create(Math.ScaleB(1, 128));
        for (int i = 0; i < Block; i += 4)
        {
            Vector256<double> expected = Vector256.Min(Vector256.Exp(Widen(x + i)), overflow), actual = Widen(powers + i);
            actual = Vector256.ConditionalSelect(Vector256.GreaterThan(actual, overflow), overflow, actual);
            Vector256<double> binade = (expected.AsInt64() & Vector256.Create(0x7FF0_0000_0000_0000)).AsDouble();
            Vector256<double> ulp = Vector256.Max(binade * Math.ScaleB(1, -23), Vector256.Create(Math.ScaleB(1, -149)));
            worst = Vector256.Max(worst, Vector256.Abs(actual - expected) / ulp);
        }

        double result = 0;
        for (int lane = 0; lane < 4; lane++) result = Math.Max(result, worst[lane]);
        return result;
    }

    private static Vector256<double> Widen(float* x) => Vector256.Create(Vector128.WidenLower(*(Vector128<float>*)x), Vector128.WidenUpper(*(Vector128<float>*)x));
}
