using FastAttn.Kernels;

namespace FastAttn.Bench.Timing;

/// <summary>The most exponentials a core does: the row kernel over a row that stays in the first-level cache.</summary>
internal static unsafe class ExponentialPeak
{
    private const int Columns = 2048, Repeats = 100;

    /// <summary>Exponentials of one <see cref="Run"/>.</summary>
    public static double Count => (double)Columns * Repeats;

    public static void Run() => Tiers.Visit(Tiers.Current, new Rows());

    private sealed class Rows : ITierVisitor<int>
    {
        public int Visit<TKernels>()
            where TKernels : struct, IKernels
        {
            // exp(x − 1) of it tends to 1 and stays a usual number.
            float* row = stackalloc float[Columns];
            new Span<float>(row, Columns).Fill(0.5f);
            for (int repeat = 0; repeat < Repeats; repeat++) TKernels.ExpShifted(row, Columns, 1);
            return Repeats;
        }
    }
}
