using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Recomputes single rows in the logarithm domain, each relative to its own largest term: exact to rounding whatever the
/// spread of biases and features. One row costs n·m exponentials, so it is for the few that no cheaper method can certify.
/// </summary>
internal sealed unsafe class RowRepair<TKernels>(FeatureStage stage)
    where TKernels : struct, IKernels
{
    private const int KeysPerPart = 8;

    /// <summary>Recomputes rows that are listed.</summary>
    /// <param name="problem">The head; its features are not read.</param>
    /// <param name="rows">The rows, and their list; the queries are finite.</param>
    /// <param name="count">How many are listed.</param>
    /// <param name="crew">Shares the rows.</param>
    /// <param name="arena">Scratch, given back.</param>
    public void Run(in HeadProblem problem, in SortedRows rows, int count, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        float* keyFeatures = arena.Take<float>((long)stage.PaddedRows(problem.KeyCount) * stage.Stride);
        double* keyScales = arena.Take<double>(stage.PaddedRows(problem.KeyCount));
        stage.Map(rows.Call.Key, RowRole.Key, problem.Head, logarithmic: true, rows.KeyStates, keyFeatures, keyScales, crew, ref arena);
        var measuring = Arena.Measuring;
        _ = new Scratch(stage, problem, ref measuring);
        RowState state;
        double queryScale;
        stage.Map(rows.Call.Query with { Count = 1 }, RowRole.Query, problem.Head, logarithmic: true, &state, null, &queryScale, Crew.Alone, ref measuring);
        byte* scratch = arena.Take<byte>(crew.Workers * measuring.Peak);
        if (!arena.IsMeasuring)
            crew.Run(new Rows(stage, problem, rows, keyFeatures, keyScales, scratch, measuring.Peak), count);
        arena.Release(mark);
    }

    /// <summary>What one worker needs.</summary>
    private readonly struct Scratch
    {
        public Scratch(FeatureStage stage, in HeadProblem problem, ref Arena arena)
        {
            Columns = Padding.RoundUp(problem.ValueDimension, TKernels.Lanes);
            Query = arena.Take<float>((long)stage.PaddedRows(1) * stage.Stride);
            Value = arena.Take<float>(Columns);
            Part = arena.Take<float>(Columns);
            Total = arena.Take<double>(Columns);
            Products = arena.Take<float>(problem.KeyCount);
            Logarithms = arena.Take<double>(problem.KeyCount);
        }

        public int Columns { get; }

        public float* Query { get; }

        public float* Value { get; }

        /// <summary>Weighted values of a few keys.</summary>
        public float* Part { get; }

        /// <summary>Weighted values of all.</summary>
        public double* Total { get; }

        /// <summary>Each key's largest term, −∞ where it is not seen.</summary>
        public float* Products { get; }

        /// <summary>Each key's bias, and then the logarithm of what its largest term is multiplied by.</summary>
        public double* Logarithms { get; }
    }

    /// <summary>The rows of the list.</summary>
    private readonly struct Rows(
        FeatureStage stage, HeadProblem problem, SortedRows rows, float* keyFeatures, double* keyScales, byte* scratch, long scratchBytes) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int row = rows.Uncertified[index];
            var arena = new Arena(scratch + (worker * scratchBytes), scratchBytes);
            var own = new Scratch(stage, problem, ref arena);
            RowState state = RowState.Kept;
            double queryScale;
            stage.Map(rows.Call.Query.Slice(row, 1), RowRole.Query, problem.Head, logarithmic: true, &state, own.Query, &queryScale, Crew.Alone, ref arena);
            double denominator = Sum(row, own, out ValueSource values, out double logScale);
            denominator = problem.Floor.Raise(denominator, logScale + queryScale);
            for (int column = 0; column < problem.ValueDimension; column++)
                own.Value[column] = denominator == 0 ? 0 : (float)(own.Total[column] / denominator / values.Factor);
            rows.Output.Store<TKernels>(row, own.Value, 1);
        }

        /// <summary>
        /// Adds up the row relative to exp(<paramref name="logScale"/>) and the query's own scale; <paramref name="values"/> says by which power of two its values
        /// were multiplied.
        /// </summary>
        private double Sum(int row, in Scratch own, out ValueSource values, out double logScale)
        {
            HeadPosition position = problem.Position;

            // What is known of a row among many gaps may be too small a norm, so it is taken from the keys that the row meets.
            double largestBias = double.NegativeInfinity, largest = double.NegativeInfinity, largestNorm = 0;
            for (int j = 0; j < problem.KeyCount; j++)
            {
                own.Products[j] = float.NegativeInfinity;
                int offset = problem.OffsetBetween(row, j);
                if (rows.KeyStates[j] != RowState.Kept || !position.IsVisible(offset)) continue;

                // Signed features are bounded as they are; logarithms have their own largest sum.
                own.Products[j] = stage.IsSigned ? (double.IsNegativeInfinity(keyScales[j]) ? float.NegativeInfinity : 0) : TKernels.MaxOfSum(own.Query, keyFeatures + ((long)j * stage.Stride), problem.Features);
                if (float.IsNegativeInfinity(own.Products[j])) continue;
                own.Logarithms[j] = position.Bias(offset);
                largestBias = Math.Max(largestBias, own.Logarithms[j]);
                largestNorm = Math.Max(largestNorm, problem.ValueNorm[j]);
            }

            // The bias that all have in common is taken off first: it may be so large that the features would be lost beside it.
            for (int j = 0; j < problem.KeyCount; j++)
            {
                if (float.IsNegativeInfinity(own.Products[j])) continue;
                own.Logarithms[j] = own.Logarithms[j] - largestBias + (keyScales[j] + own.Products[j]);
                largest = Math.Max(largest, own.Logarithms[j]);
            }

            values = problem.Values.ScaledFor(largestNorm);
            logScale = largestBias + largest;

            new Span<float>(own.Part, own.Columns).Clear();
            new Span<double>(own.Total, own.Columns).Clear();
            double denominator = 0;
            for (int j = 0; j < problem.KeyCount; j++)
            {
                // A long float32 running sum drifts; short ones into a float64 total do not.
                if (j % KeysPerPart == 0)
                {
                    CallWatch.Look();
                    MoveTo(own.Total, own.Part, own.Columns);
                }

                if (float.IsNegativeInfinity(own.Products[j])) continue;
                float* key = keyFeatures + ((long)j * stage.Stride);

                // What is left in float32 is relative to the key's own largest term, so that no logarithm is too large for it.
                float weight = (float)(Math.Exp(own.Logarithms[j] - largest) * (stage.IsSigned
                    ? TKernels.Dot(own.Query, key, problem.Features)
                    : TKernels.SumExpOfSum(own.Query, key, problem.Features, own.Products[j])));
                if (weight == 0) continue;
                denominator += weight;
                values.Copy<TKernels>(j, 0, own.Columns, own.Value);
                TKernels.AddScaled(own.Value, own.Part, own.Columns, weight);
            }

            MoveTo(own.Total, own.Part, own.Columns);
            return denominator;
        }

        private static void MoveTo(double* total, float* part, int columns)
        {
            for (int column = 0; column < columns; column++) total[column] += part[column];
            new Span<float>(part, columns).Clear();
        }
    }
}
