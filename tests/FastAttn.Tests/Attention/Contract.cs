using System.Globalization;

namespace FastAttn.Tests.Attention;

/// <summary>
/// The promise every method keeps in every row: <c>‖Δz_i‖₂ ≤ tolerance · max{‖v_j‖₂ : j visible to i}</c>; rows that see no key
/// are zeros; NaN stands exactly where a non-finite input reaches.
/// </summary>
internal static class Contract
{
    /// <summary>TRF promises rows whose denominator cancels to no less than this share; see <see cref="ReferenceRow.Cancellation"/>.</summary>
    private const double PromisedCancellation = 20;

    /// <summary>Float32 rounding of the result itself, for values so small that the tolerance's share of them is subnormal.</summary>
    private const double SmallestStep = 1.5e-45;

    /// <summary>Runs the problem and checks every row of the result, or the rows asked for.</summary>
    public static AttentionRun Holds(AttentionProblem problem, Func<int, bool>? rows = null)
    {
        AttentionRun run = problem.Run();
        HoldsFor(problem, run, rows);
        return run;
    }

    /// <summary>Checks every row of a result, or the rows asked for, against the problem's tolerance or a tighter one.</summary>
    public static void HoldsFor(AttentionProblem problem, AttentionRun run, Func<int, bool>? rows = null, double? tolerance = null) =>
        RowsHold(
            AttentionReference.Rows(problem, run.Projection, rows), problem.Shape, run.Output, tolerance ?? problem.Options.Tolerance,
            () => $"{run.Report}; {problem}");

    /// <summary>Checks every row that <paramref name="truth"/> has against a tolerance; <paramref name="what"/> describes the call in failures.</summary>
    public static void RowsHold(ReferenceRow[] truth, AttentionShape shape, float[] output, double tolerance, Func<string> what)
    {
        int columns = shape.ValueDimension, checkedRows = 0;
        for (int row = 0; row < truth.Length; row++)
        {
            if (truth[row] is not ReferenceRow expected) continue;
            checkedRows++;
            if (expected.Cancellation > PromisedCancellation) continue;
            ReadOnlySpan<float> got = output.AsSpan(row * columns, columns);
            double error = 0;
            for (int c = 0; c < columns; c++)
            {
                if (double.IsNaN(expected.Values[c]) != float.IsNaN(got[c]) || float.IsInfinity(got[c]))
                    Fail(shape, row, $"column {c} is {got[c]}, expected {expected.Values[c]}", what);
                if (!double.IsNaN(expected.Values[c])) error += (got[c] - expected.Values[c]) * (got[c] - expected.Values[c]);
            }

            double allowed = (tolerance * expected.LoudestValue) + (SmallestStep * columns);
            if (expected.VisibleKeys == 0) allowed = 0;
            if (!(Math.Sqrt(error) <= allowed)) Fail(shape, row, $"error {Math.Sqrt(error):E2}, allowed {allowed:E2}", what);
        }

        Assert.True(checkedRows > 0, "no row was checked");
    }

    private static void Fail(AttentionShape s, int row, FormattableString error, Func<string> what)
    {
        string where = FormattableString.Invariant(
            $"batch {row / s.QueryLength / s.Heads}, head {row / s.QueryLength % s.Heads}, query {row % s.QueryLength}");
        Assert.Fail($"{where}: {error.ToString(CultureInfo.InvariantCulture)} ({what()})");
    }
}
