using System.Numerics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace FastAttn.Generators.Tests.Codelets;

/// <summary>Runs an emitted split-radix step and finishes the transform in float64.</summary>
internal static unsafe class SplitTransform
{
    public static void Check(MethodInfo split, int length, int lanes)
    {
        var random = new Random(length);
        float* points = (float*)NativeMemory.AlignedAlloc((nuint)(length * 2 * lanes * sizeof(float)), 64);
        for (int i = 0; i < length * 2 * lanes; i++) points[i] = random.NextSingle() - 0.5f;
        Complex[][] x = [.. Enumerable.Range(0, lanes).Select(lane => Column(points, length, lanes, lane))];
        split.Invoke(null, [Pointer.Box(points, typeof(float*))]);
        for (int lane = 0; lane < lanes; lane++)
        {
            Complex[] expected = Transform(x[lane]);
            Complex[] after = Column(points, length, lanes, lane);
            Complex[] even = Transform(after[..(length / 2)]);
            Complex[] ahead = Transform(after[(length / 2)..(length * 3 / 4)]);
            Complex[] behind = Transform(after[(length * 3 / 4)..]);
            double tolerance = 4.0 / (1 << 24) * Math.Sqrt(length);
            for (int m = 0; m < length / 2; m++) Assert.InRange(Complex.Abs(expected[2 * m] - even[m]), 0, tolerance);
            for (int m = 0; m < length / 4; m++)
            {
                Assert.InRange(Complex.Abs(expected[(4 * m) + 1] - ahead[m]), 0, tolerance);
                Assert.InRange(Complex.Abs(expected[((4 * m) + length - 1) % length] - behind[m]), 0, tolerance);
            }
        }

        NativeMemory.AlignedFree(points);
    }

    private static Complex[] Column(float* points, int length, int lanes, int lane) =>
        [.. Enumerable.Range(0, length).Select(t => new Complex(points[(t * 2 * lanes) + lane], points[(((t * 2) + 1) * lanes) + lane]))];

    private static Complex[] Transform(Complex[] x) =>
    [
        .. Enumerable.Range(0, x.Length).Select(k => x
            .Select((value, t) => value * Complex.FromPolarCoordinates(1, -2 * Math.PI * ((long)k * t % x.Length) / x.Length))
            .Aggregate(Complex.Add)),
    ];
}
