using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastAttn.Tests.Kernels;

/// <summary>
/// Sine and cosine of turns against float64, at most 2 ulp, over all 2³² float32: those from 2⁻²⁶ to 2²³ are compared with float64;
/// below, the sine is 2π times the angle and the cosine exactly 1, and from 2²³ on, in whole turns, they are exactly 0 and 1, or NaN.
/// Those below zero are compared with those above.
/// </summary>
public unsafe class SineCosineExhaustiveTests
{
    private const int BlockBits = 18, Block = 1 << BlockBits, Blocks = 1 << (31 - BlockBits);

    public static TheoryData<KernelSet> Kernels => KernelSet.OfThisHost();

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_float32_is_within_two_ulp(KernelSet kernels)
    {
        double worstSine = 0, worstCosine = 0;
        var gate = new Lock();
        Parallel.For(0, Blocks, block =>
        {
            using var turns = new Values(block);
            using var positive = new Values(block);
            using var negative = new Values(block);
            for (int i = 0; i < Block; i++) negative.Sines[i] = -negative.Sines[i];
            kernels.SineCosine(positive.Sines, 0, 1, Block);
            kernels.SineCosine(negative.Sines, 0, 1, Block);
            int exponent = block >> (23 - BlockBits);
            (double sine, double cosine) = exponent switch
            {
                < 127 - 26 => (WorstSmall(turns.Sines, positive.Sines), AreAll(positive.Cosines, 1f) ? 0 : double.NaN),
                < 127 + 23 => WorstUlps(turns.Sines, positive),
                0xFF => AreAllNaN(positive.Sines, 2 * Block) && AreAllNaN(negative.Sines, 2 * Block) ? (0, 0) : (double.NaN, double.NaN),
                _ => (AreAll(positive.Sines, 0f) ? 0 : double.NaN, AreAll(positive.Cosines, 1f) ? 0 : double.NaN),
            };
            lock (gate) (worstSine, worstCosine) = (Math.Max(worstSine, sine), Math.Max(worstCosine, cosine));
            if (!(sine <= 2) || !(cosine <= 2)) Assert.Fail($"{kernels}: sine {sine:f3}, cosine {cosine:f3} ulp among the bit patterns from 0x{(uint)block << BlockBits:x8}");
            if (exponent < 0xFF && !AreMirrored(positive, negative)) Assert.Fail($"{kernels}: other values below zero at the bit patterns of 0x{(uint)block << BlockBits:x8}");
        });

        // An error far below what float32 can do would mean that the comparison does not compare.
        Assert.InRange(worstSine, 0.5, 2);
        Assert.InRange(worstCosine, 0.5, 2);
    }

    private static bool AreAll(float* values, float expected) => new ReadOnlySpan<float>(values, Block).IndexOfAnyExcept(expected) < 0;

    private static bool AreAllNaN(float* values, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (!float.IsNaN(values[i])) return false;
        }

        return true;
    }

    /// <summary>The sine is odd, the cosine even, but for the sign of zero.</summary>
    private static bool AreMirrored(Values positive, Values negative)
    {
        for (int i = 0; i < Block; i++)
        {
            if (negative.Sines[i] != -positive.Sines[i] || negative.Cosines[i] != positive.Cosines[i]) return false;
        }

        return true;
    }

    private static double WorstSmall(float* turns, float* sines)
    {
        double worst = 0;
        for (int i = 0; i < Block; i++)
        {
            double expected = 2 * Math.PI * turns[i], ulp = Math.Max(Math.ScaleB(1, expected == 0 ? -149 : Math.ILogB(expected) - 23), Math.ScaleB(1, -149));
            worst = Math.Max(worst, Math.Abs(sines[i] - expected) / ulp);
        }

        return worst;
    }

    /// <summary>The largest distances in units of the last place of the exact value, NaN where a result is NaN.</summary>
    private static (double Sine, double Cosine) WorstUlps(float* turns, Values values)
    {
        Vector256<double> worstSine = Vector256<double>.Zero, worstCosine = Vector256<double>.Zero;
        for (int i = 0; i < Block; i += 4)
        {
            // Exact in float64: what is left of whole turns, and its distance from the nearest zero of each function.
            Vector256<double> part = Widen(turns + i);
            part -= Vector256.Round(part);
            Vector256<double> size = Vector256.Abs(part), fromSine = Vector256.Min(size, Vector256.Create(0.5) - size), toCosine = Vector256.Create(0.25) - size;
            worstSine = Vector256.Max(worstSine, Ulps(Vector256.CopySign(SineOfTurns(fromSine), part), Widen(values.Sines + i)));
            worstCosine = Vector256.Max(worstCosine, Ulps(SineOfTurns(toCosine), Widen(values.Cosines + i)));
        }

        return (Largest(worstSine), Largest(worstCosine));
    }

    private static Vector256<double> SineOfTurns(Vector256<double> turns) => Vector256.Sin(turns * (2 * Math.PI));

    private static Vector256<double> Ulps(Vector256<double> expected, Vector256<double> actual)
    {
        Vector256<double> binade = (expected.AsInt64() & Vector256.Create(0x7FF0_0000_0000_0000)).AsDouble();
        return Vector256.Abs(actual - expected) / Vector256.Max(binade * Math.ScaleB(1, -23), Vector256.Create(Math.ScaleB(1, -149)));
    }

    private static double Largest(Vector256<double> values) => Math.Max(Math.Max(values[0], values[1]), Math.Max(values[2], values[3]));

    private static Vector256<double> Widen(float* x) => Vector256.Create(Vector128.WidenLower(*(Vector128<float>*)x), Vector128.WidenUpper(*(Vector128<float>*)x));

    /// <summary>The angles of a block of bit patterns, then their sines, and room for as many cosines.</summary>
    private sealed class Values : IDisposable
    {
        public Values(int block)
        {
            Sines = (float*)NativeMemory.AlignedAlloc(2 * Block * sizeof(float), 64);
            for (int i = 0; i < Block; i++) Sines[i] = BitConverter.Int32BitsToSingle((block << BlockBits) + i);
        }

        public float* Sines { get; }

        public float* Cosines => Sines + Block;

        public void Dispose() => NativeMemory.AlignedFree(Sines);
    }
}
