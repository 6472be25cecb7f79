using FastAttn.Features;
using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Planning;
using FastAttn.Positions;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Tests.Methods;

/// <summary>
/// <c>F(c; X, Y, W)_i = Σ_j c_(j−i) (x_i·y_j) w_j</c> by a method, beside the same in float64. Forward is one such form; every gradient is another, with its own arrays in these
/// roles and perhaps with c transposed.
/// </summary>
internal sealed unsafe class MethodRoles(Method method, PreparedPosition positions, float[] x, float[] y, float[] w) : ITierVisitor<double>
{
    /// <summary>Rows of X and of Y and W, and the columns of both kinds.</summary>
    public required (int X, int Y, int Inner, int Outer) Sizes { get; init; }

    /// <summary>The part of the rows of X that is asked for.</summary>
    public (int First, int End) Rows { get; init; }

    /// <summary>The part of the keys that takes part.</summary>
    public (int First, int End) Keys { get; init; }

    public int Threads { get; init; } = 1;

    /// <summary>The tolerance that decides which tails methods may use.</summary>
    public static TailAllowance Allowance => new(1e-4f, true);

    /// <summary>The worst error of any row, in units of what it may be.</summary>
    public double WorstShare() => Tiers.Visit(Tiers.Current, this);

    public double Visit<TKernels>()
        where TKernels : struct, IKernels
    {
        (int rows, int keys, int inner, int outer) = (Rows.End - Rows.First, Keys.End - Keys.First, Sizes.Inner, Sizes.Outer);
        AttentionMethod made = method == Method.Fft
            ? new FftMethod<TKernels>(LaneFft.Get(LaneFft.NextLength(Places(Math.Max(rows, keys))), TKernels.Lanes), positions.Layout, keys)
            : KnownMethods.Of(method).Build<TKernels>(PlanningProblem.Of(new AttentionShape(1, rows, inner) { KeyLength = keys, ValueDimension = outer }, inner, Allowance, positions));
        int stride = Padding.RoundUp(inner, 2 * TKernels.Lanes);
        using AlignedBuffer queries = Padded(x, Rows.First, rows, inner, stride, TKernels.RowTile), padded = Padded(y, Keys.First, keys, inner, stride, TKernels.RowTile);
        var states = new RowState[keys];
        double[] norms = [.. Enumerable.Range(Keys.First, keys).Select(j => Norm(w.AsSpan(j * outer, outer)))];
        fixed (float* values = w)
        fixed (RowState* kept = states)
        fixed (double* sizes = norms)
        {
            var problem = new HeadProblem
            {
                QueryCount = rows,
                KeyCount = keys,
                Features = inner,
                FeatureStride = stride,
                Query = (float*)queries.Data,
                Key = (float*)padded.Data,
                ValueNorm = sizes,
                Values = new ValueSource(new RowSource((nint)(values + ((long)Keys.First * outer)), outer, keys, outer), kept, 1),
                Positions = positions,
                Offset = Keys.First - Rows.First,
            };
            Crew crew = Crew.Enlist(Threads);
            var measuring = Arena.Measuring;
            made.Compute(problem, default, Crew.Measuring(Threads), ref measuring);
            using var memory = new AlignedBuffer(measuring.Peak);
            new Span<byte>(memory.Data, (int)memory.Bytes).Fill(0xFF);
            var arena = new Arena(memory.Data, memory.Bytes);
            double worst = Worst<TKernels>(made, problem, made.Compute(problem, default, crew, ref arena));
            crew.Dismiss();
            return worst;
        }
    }

    private int Places(int tokens) => positions.Layout.Specials > 0 ? positions.Layout.FirstSpecialOffset : positions.Layout.Place(tokens - 1) + 1;

    private double Worst<TKernels>(AttentionMethod made, in HeadProblem problem, in PartialSums sums)
        where TKernels : struct, IKernels
    {
        (int inner, int outer) = (Sizes.Inner, Sizes.Outer);
        double worst = 0, scale = Math.Exp(sums.LogScale);

        // Products of features are sums of so many terms too; the rest is what the method says of its sums.
        double rounding = ((inner + 8) / (double)(1 << 24)) + SumRounding<TKernels>.Direct + made.Rounding(inner);
        for (int i = 0; i < problem.QueryCount; i++)
        {
            double[] expected = new double[outer];
            double weight = 0, size = 0, sumSize = 0;
            for (int j = 0; j < problem.KeyCount; j++)
            {
                int offset = problem.OffsetBetween(i, j);
                if (!problem.Position.IsVisible(offset)) continue;
                double c = Math.Exp(problem.Position.Bias(offset)), product = 0, products = 0;
                for (int a = 0; a < inner; a++)
                {
                    double term = (double)x[((Rows.First + i) * inner) + a] * y[((Keys.First + j) * inner) + a];
                    product += term;
                    products += Math.Abs(term);
                }

                weight += c * product;
                sumSize += c * products;
                size += c * products * problem.ValueNorm[j];
                for (int b = 0; b < outer; b++) expected[b] += c * product * w[((Keys.First + j) * outer) + b];
            }

            double error = 0, allowed = (sums.NumeratorErrors[i] * scale) + ((sums.RelativeError + rounding) * size), least = 1e-30;
            for (int b = 0; b < outer; b++)
            {
                double difference = (sums.Numerators[((long)i * sums.NumeratorStride) + b] * scale) - expected[b];
                error += difference * difference;
            }

            worst = Math.Max(worst, Share(Math.Sqrt(error), allowed + least));
            worst = Math.Max(worst, Share(Math.Abs((sums.Denominators[i] * scale) - weight), (sums.DenominatorErrors[i] * scale) + ((sums.RelativeError + rounding) * sumSize) + least));
        }

        return worst;
    }

    private static double Share(double error, double allowed) => double.IsNaN(error) ? double.PositiveInfinity : error / allowed;

    private static double Norm(ReadOnlySpan<float> row)
    {
        double squares = 0;
        foreach (float entry in row) squares += (double)entry * entry;
        return Math.Sqrt(squares);
    }

    private static AlignedBuffer Padded(float[] rows, int first, int count, int columns, int stride, int rowTile)
    {
        int padded = Padding.RoundUp(Padding.RoundUp(count, rowTile), KernelShape.KeyTile);
        var buffer = new AlignedBuffer((long)padded * stride * sizeof(float));
        float* target = (float*)buffer.Data;
        Clearing.Clear(target, (long)padded * stride);
        for (int row = 0; row < count; row++) rows.AsSpan((first + row) * columns, columns).CopyTo(new Span<float>(target + ((long)row * stride), columns));
        return buffer;
    }
}
