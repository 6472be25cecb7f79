using System.Runtime.InteropServices;

namespace FastAttn.Tests.Threading;

/// <summary>
/// The floating-point mode of the calling thread changes no bit, and is as it was when the call returns. Nothing runs beside these tests: threads
/// that the runtime starts meanwhile, such as its compiler's, inherit the strange mode.
/// </summary>
[Collection(nameof(Attention.AllocationTests))]
public sealed unsafe partial class FloatModeTests
{
    // MXCSR: rounding up, rounding to zero; tiny numbers become zero, as results and as operands; both. On ARM64 FPCR, the same. Rounding comes first:
    // code that the runtime compiles where tiny numbers are zero has zeros for constants, and would take no mode for the default one.
    private static readonly uint[] Modes = RuntimeInformation.ProcessArchitecture == Architecture.X64
        ? [0x1f80 | 0x4000, 0x1f80 | 0x6000, 0x1f80 | 0x8040, 0x1f80 | 0x8000, 0x1f80 | 0x4000 | 0x8040]
        : [1u << 22, 3u << 22, 1u << 24, (1u << 24) | (1u << 22)];

    private static readonly int Word = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 7 : 0;

    [Fact]
    public void OfTheCallerChangesNothing()
    {
        if (!OperatingSystem.IsLinux()) return;
        const int length = 96, columns = 32, heads = 4;
        float[] coefficients = new float[(2 * length) - 1], x = new float[heads * length * columns], expected = new float[x.Length];
        Array.Fill(coefficients, 0.5f);

        // The first heads' numbers are below the smallest normal one, the sums of the others' have to be rounded.
        for (int i = 0; i < x.Length; i++) x[i] = i < x.Length / 2 ? 1e-41f * (i % 7) : 0.1f * (i % 11);
        var plan = new ToeplitzPlan(coefficients, length, length);
        plan.Multiply(x, expected, columns, heads, threads: 1);

        // A mode without tiny numbers would give zeros.
        Assert.InRange(expected[1], float.Epsilon, 1.1e-38f);
        foreach (uint mode in Modes)
        {
            for (int threads = 1; threads <= 3; threads++)
            {
                float[] got = new float[x.Length];
                uint after = InMode(mode, () => plan.Multiply(x, got, columns, heads, threads));
                Assert.Equal(mode, after);
                Assert.Equal(expected, got);
            }
        }
    }

    /// <summary>Runs an action on a thread of its own in a mode; the mode of that thread afterwards.</summary>
    private static uint InMode(uint mode, Action action)
    {
        uint after = 0;
        var thread = new Thread(() =>
        {
            uint* registers = stackalloc uint[8];
            _ = GetMode(registers);
            uint before = registers[Word];
            registers[Word] = mode;
            _ = SetMode(registers);
            action();
            _ = GetMode(registers);

            // On x86-64 without the flags of exceptions, which the work of the runtime itself may raise.
            after = registers[Word] & ~0x3fu;
            registers[Word] = before;
            _ = SetMode(registers);
        });
        thread.Start();
        thread.Join();
        return after;
    }

    [LibraryImport("libm.so.6", EntryPoint = "fegetenv")]
    private static partial int GetMode(uint* registers);

    [LibraryImport("libm.so.6", EntryPoint = "fesetenv")]
    private static partial int SetMode(uint* registers);
}
