using System.Numerics;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Fft;

/// <summary>The codelets one by one against float64.</summary>
public unsafe class CodeletTests
{
    private const double HalfUlp = 1.0 / (1 << 24);

    public static TheoryData<FftKernelSet> Kernels => FftKernelSet.OfThisHost();

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Convolve_is_a_cyclic_convolution_for_every_length(FftKernelSet kernels)
    {
        int[] lengths = [.. Enumerable.Range(1, 64).Where(kernels.HasConvolve)];
        Assert.Equal([2, 3, 4, 5, 6, 8, 10, 12, 16], lengths);
        foreach (int length in lengths)
        {
            using NativeFloats points = Random(kernels, length), spectrum = new(2 * length);
            var numbers = new Numbers(length);
            for (int i = 0; i < 2 * length; i++) spectrum[i] = (float)numbers.Normal();
            Complex[][] before = Columns(kernels, points, length);
            kernels.Convolve(length, points.Pointer, spectrum.Pointer);
            Complex[][] after = Columns(kernels, points, length);
            for (int lane = 0; lane < kernels.Lanes; lane++)
            {
                Complex[] transform = Transform(before[lane], -1);
                for (int k = 0; k < length; k++) transform[k] *= new Complex(spectrum[2 * k], spectrum[(2 * k) + 1]);
                AssertClose(kernels, $"Convolve{length}", Transform(transform, +1), after[lane], 10 * HalfUlp * Norm(transform) * Math.Sqrt(length));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Split_leaves_an_even_problem_and_two_odd_ones_and_Merge_undoes_it(FftKernelSet kernels)
    {
        foreach (int length in (int[])[4, 8, 12, 16, 20, 24, 32, 40, 48, 60, 64, 80, 96, 128, 160, 256])
        {
            int half = length / 2, quarter = length / 4;
            using NativeFloats points = Random(kernels, length), roots = new(half);
            for (int k = 0; k < quarter; k++)
            {
                roots[2 * k] = (float)Math.Cos(2 * Math.PI * k / length);
                roots[(2 * k) + 1] = (float)Math.Sin(2 * Math.PI * k / length);
            }

            Complex[][] before = Columns(kernels, points, length);
            kernels.Split(length, points.Pointer, roots.Pointer);
            Complex[][] split = Columns(kernels, points, length);
            for (int lane = 0; lane < kernels.Lanes; lane++)
            {
                Complex[] expected = Transform(before[lane], -1);
                Complex[] even = Transform(split[lane][..half], -1);
                Complex[] ahead = Transform(split[lane][half..(half + quarter)], -1), behind = Transform(split[lane][(half + quarter)..], -1);
                var came = new Complex[length];
                for (int m = 0; m < half; m++) came[2 * m] = even[m];
                for (int m = 0; m < quarter; m++) (came[(4 * m) + 1], came[((4 * m) + length - 1) % length]) = (ahead[m], behind[m]);
                AssertClose(kernels, $"Split{length}", expected, came, 4 * HalfUlp * Norm(before[lane]) * Math.Sqrt(length));
            }

            // Inverse transforms of length n/4 and n/2 scale by different factors; give Merge what they would have left.
            Scale(kernels, points, 0, half, 0.5f);
            Scale(kernels, points, half, length, 0.25f);
            kernels.Merge(length, points.Pointer, roots.Pointer);
            Complex[][] merged = Columns(kernels, points, length);
            for (int lane = 0; lane < kernels.Lanes; lane++)
                AssertClose(kernels, $"Merge{length}", before[lane], merged[lane], 6 * HalfUlp * before[lane].Max(Complex.Abs));
        }
    }

    private static void Scale(FftKernelSet kernels, NativeFloats points, int first, int end, float factor)
    {
        for (int i = first * 2 * kernels.Lanes; i < end * 2 * kernels.Lanes; i++) points[i] *= factor;
    }

    private static NativeFloats Random(FftKernelSet kernels, int length)
    {
        var points = new NativeFloats(2L * kernels.Lanes * length);
        var numbers = new Numbers(length);
        for (int i = 0; i < 2 * kernels.Lanes * length; i++) points[i] = (float)numbers.Normal();
        return points;
    }

    private static Complex[][] Columns(FftKernelSet kernels, NativeFloats points, int length) =>
    [
        .. Enumerable.Range(0, kernels.Lanes).Select(lane => Enumerable.Range(0, length)
            .Select(t => new Complex(points[(2 * t * kernels.Lanes) + lane], points[(((2 * t) + 1) * kernels.Lanes) + lane]))
            .ToArray()),
    ];

    private static Complex[] Transform(Complex[] x, int sign) =>
    [
        .. Enumerable.Range(0, x.Length).Select(k => x
            .Select((value, t) => value * Complex.FromPolarCoordinates(1, sign * 2 * Math.PI * (t * k % x.Length) / x.Length))
            .Aggregate(Complex.Add)),
    ];

    private static double Norm(Complex[] values) => Math.Sqrt(values.Sum(value => (value * Complex.Conjugate(value)).Real));

    private static void AssertClose(FftKernelSet kernels, string codelet, Complex[] expected, Complex[] came, double tolerance)
    {
        for (int k = 0; k < expected.Length; k++)
        {
            Assert.True(
                Complex.Abs(expected[k] - came[k]) <= tolerance,
                $"{kernels} {codelet}[{k}]: {came[k]}, expected {expected[k]} ± {tolerance}");
        }
    }
}
