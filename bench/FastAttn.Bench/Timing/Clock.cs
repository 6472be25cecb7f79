using System.Runtime.CompilerServices;

namespace FastAttn.Bench.Timing;

/// <summary>Cycles of the core: a chain of integer operations that each wait a cycle for the one before.</summary>
internal static class Clock
{
    private const int Steps = 20_000;
    private const int StepCycles = 8;

    private static ulong s_sink;

    /// <summary>Cycles of one <see cref="Run"/>.</summary>
    public static double Cycles => (double)Steps * StepCycles;

    public static void Run() => s_sink += Chain(s_sink | 1);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Chain(ulong seed)
    {
        ulong a = seed, b = ~seed;
        for (int step = 0; step < Steps; step++)
        {
            a += b;
            b ^= a;
            a += b;
            b ^= a;
            a += b;
            b ^= a;
            a += b;
            b ^= a;
        }

        return a;
    }
}
