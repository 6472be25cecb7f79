using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// Recomputes single rows in the logarithm domain, each relative to its own largest term: exact to rounding whatever the
/// spread of biases and features. One row costs n·m exponentials, so it is for the few that no cheaper method can certify.
/// </summary>
internal sealed unsafe class RowRepair<TKernels>(FeatureStage stage)
    where TKernels : struct, IKernels
{
    private const int KeysPerPart = 256;

    /// <summary>Recomputes <paramref name="count"/> rows into the destination.</summary>
    /// <param name="problem">The head; its features are not read.</param>
    /// <param name="queries">The caller's queries.</param>
    /// <param name="keys">The caller's keys.</param>
    /// <param name="keyStates">States of the keys.</param>
    /// <param name="largestNorm">The largest ‖v_j‖ each row sees.</param>
    /// <param name="rows">The rows to recompute; their queries are finite.</param>
    /// <param name="count">How many.</param>
    /// <param name="destination">The caller's output.</param>
    /// <param name="arena">Scratch, given back.</param>
    public void Run(
        in HeadProblem problem, RowSource queries, RowSource keys, RowState* keyStates, double* largestNorm, int* rows, int count,
        RowSource destination, ref Arena arena)
    {
        long mark = arena.Mark;
        int columns = Padding.RoundUp(problem.ValueDimension, TKernels.Lanes);
        float* keyFeatures = arena.Take<float>((long)stage.PaddedRows(problem.KeyCount) * stage.Stride);
        double* keyScales = arena.Take<double>(stage.PaddedRows(problem.KeyCount));
        float* query = arena.Take<float>((long)stage.PaddedRows(1) * stage.Stride);
        float* value = arena.Take<float>(columns);
        float* part = arena.Take<float>(columns);
        double* total = arena.Take<double>(columns);
        float* products = arena.Take<float>(problem.KeyCount);
        stage.Map(keys, problem.Head, logarithmic: true, keyStates, keyFeatures, keyScales, ref arena);
        RowState state;
        double queryScale;
        if (arena.IsMeasuring) stage.Map(queries with { Count = 1 }, problem.Head, logarithmic: true, &state, query, &queryScale, ref arena);
        for (int r = 0; r < count && !arena.IsMeasuring; r++)
        {
            int row = rows[r];
            var source = new RowSource((nint)queries.Row(row), queries.Stride, 1, queries.Columns);
            state = RowState.Kept;
            stage.Map(source, problem.Head, logarithmic: true, &state, query, &queryScale, ref arena);
            ValueSource values = problem.Values.ScaledFor(largestNorm[row]);
            double denominator = Sum(problem, values, row, query, keyFeatures, keyScales, keyStates, products, value, part, total, columns);
            float* target = destination.Row(row);
            for (int column = 0; column < problem.ValueDimension; column++)
                target[column] = denominator == 0 ? 0 : (float)(total[column] / denominator / values.Factor);
        }

        arena.Release(mark);
    }

    private double Sum(
        in HeadProblem problem, ValueSource values, int row, float* query, float* keyFeatures, double* keyScales, RowState* keyStates,
        float* products, float* value, float* part, double* total, int columns)
    {
        HeadPosition position = problem.Position;
        double largest = double.NegativeInfinity;
        for (int j = 0; j < problem.KeyCount; j++)
        {
            products[j] = float.NegativeInfinity;
            int offset = j - row + problem.Offset;
            if (keyStates[j] != RowState.Kept || !position.IsVisible(offset)) continue;

            // Signed features are bounded as they are; logarithms have their own largest sum.
            products[j] = stage.IsSigned ? 0 : TKernels.MaxOfSum(query, keyFeatures + ((long)j * stage.Stride), problem.Features);
            largest = Math.Max(largest, position.Bias(offset) + keyScales[j] + products[j]);
        }

        new Span<float>(part, columns).Clear();
        new Span<double>(total, columns).Clear();
        double denominator = 0;
        for (int j = 0; j < problem.KeyCount; j++)
        {
            // A long float32 running sum drifts; short ones into a float64 total do not.
            if (j % KeysPerPart == 0) MoveTo(total, part, columns);
            if (float.IsNegativeInfinity(products[j])) continue;
            float* key = keyFeatures + ((long)j * stage.Stride);
            double logScale = position.Bias(j - row + problem.Offset) + keyScales[j] - largest;
            float weight = stage.IsSigned
                ? (float)(Math.Exp(logScale) * TKernels.Dot(query, key, problem.Features))
                : TKernels.SumExpOfSum(query, key, problem.Features, (float)-logScale);
            if (weight == 0) continue;
            denominator += weight;
            values.Copy<TKernels>(j, 0, columns, value);
            TKernels.AddScaled(value, part, columns, weight);
        }

        MoveTo(total, part, columns);
        return denominator;
    }

    private static void MoveTo(double* total, float* part, int columns)
    {
        for (int column = 0; column < columns; column++) total[column] += part[column];
        new Span<float>(part, columns).Clear();
    }
}
