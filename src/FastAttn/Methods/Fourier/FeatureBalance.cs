using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Brings every feature column of φ(k) to a size near one by a power of two, and φ(q) by its inverse. Two features share a complex number in the Fourier
/// method; without this, the rounding of a large one would be more than a small one has digits. The columns' norms then bound each row's error, with
/// two that share a number taken together: columns of one size may still differ in how many entries they have; they may have none.
/// </summary>
internal static unsafe class FeatureBalance<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Parts of the keys whose maxima and sums are found apart.</summary>
    private const int Parts = 16;

    /// <summary>
    /// Scales the features of <paramref name="problem"/> in place and fills the error bounds of <paramref name="sums"/>: of transforms
    /// for the first <paramref name="transformed"/> rows, of tiles for the others.
    /// </summary>
    public static void Run(in HeadProblem problem, int transformed, in PartialSums sums, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        int stride = problem.FeatureStride;
        float* norms = arena.Take<float>((long)Parts * stride);
        float* valueNorms = arena.Take<float>((long)Parts * stride);
        float* up = arena.Take<float>(stride);
        float* down = arena.Take<float>(stride);
        if (!arena.IsMeasuring)
        {
            // By the largest entry, not by the norm: the square of a quiet column's entries may underflow to a norm of zero.
            crew.Run(new LargestEntries(problem, norms), Parts);
            var largest = new Span<float>(norms, stride);
            for (int part = 1; part < Parts; part++) TensorPrimitives.Max(largest, new ReadOnlySpan<float>(norms + (part * stride), stride), largest);
            problem.Loud.RaiseLargest(norms);
            for (int a = 0; a < stride; a++)
            {
                int exponent = norms[a] > 0 ? Math.Clamp(Math.ILogB(norms[a]), -120, 120) : 0;
                up[a] = MathF.ScaleB(1, exponent);
                down[a] = MathF.ScaleB(1, -exponent);
            }

            problem.Loud.ScaleFeatures(down);
            crew.Run(new Keys(problem, down, norms, valueNorms), Parts);
            Combine(norms, stride);
            Combine(valueNorms, stride);
            Share(norms, stride, TKernels.Lanes);
            Share(valueNorms, stride, 1);
            AttentionMethod.SetUnderflowErrors(problem, sums);
            crew.Run(new Queries(problem, transformed, sums, up, norms, valueNorms), RowRanges.Count(problem.QueryCount));
        }

        arena.Release(mark);
    }

    /// <summary>Sums of squares of all parts, and of them the root.</summary>
    private static void Combine(float* squares, int stride)
    {
        var total = new Span<float>(squares, stride);
        for (int part = 1; part < Parts; part++) TensorPrimitives.Add(total, new ReadOnlySpan<float>(squares + (part * stride), stride), total);
        TensorPrimitives.Sqrt(total, total);
    }

    /// <summary>
    /// Gives both columns of a pair, <paramref name="distance"/> apart, the root mean square of their norms: the rounding of a complex transform
    /// is spread evenly over its real and imaginary parts, whichever it came from.
    /// </summary>
    private static void Share(float* norms, int stride, int distance)
    {
        for (int a = 0; a < stride; a++)
        {
            if (a / distance % 2 != 0) continue;
            float other = a + distance < stride ? norms[a + distance] : 0, shared = MathF.Sqrt(((norms[a] * norms[a]) + (other * other)) / 2);
            norms[a] = shared;
            if (a + distance < stride) norms[a + distance] = shared;
        }
    }

    private static (int First, int End) PartOf(int index, int rows) => ((int)((long)rows * index / Parts), (int)((long)rows * (index + 1) / Parts));

    private static void ScaleRow(float* row, int stride, float* factors)
    {
        var values = new Span<float>(row, stride);
        TensorPrimitives.Multiply(values, new ReadOnlySpan<float>(factors, stride), values);
    }

    private readonly struct LargestEntries(HeadProblem problem, float* largest) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int stride = problem.FeatureStride;
            (int first, int end) = PartOf(index, problem.KeyCount);
            var entries = new Span<float>(largest + (index * stride), stride);
            entries.Clear();
            for (int j = first; j < end; j++)
                TensorPrimitives.MaxMagnitude(entries, new ReadOnlySpan<float>(problem.Key + ((long)j * stride), stride), entries);
            TensorPrimitives.Abs(entries, entries);
        }
    }

    /// <summary>Scales keys and sums the squares of each feature, alone and times the value's.</summary>
    private readonly struct Keys(HeadProblem problem, float* factors, float* norms, float* valueNorms) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int stride = problem.FeatureStride;
            (int first, int end) = PartOf(index, problem.KeyCount);
            float* squares = norms + (index * stride), valueSquares = valueNorms + (index * stride);
            new Span<float>(squares, stride).Clear();
            new Span<float>(valueSquares, stride).Clear();
            for (int j = first; j < end; j++)
            {
                float* row = problem.Key + ((long)j * stride);
                ScaleRow(row, stride, factors);
                float norm = (float)(problem.ValueNorm[j] * problem.Values.Factor);
                TKernels.AccumulateSquares(row, stride, 1, norm * norm, squares, valueSquares);
            }
        }
    }

    /// <summary>Scales queries and bounds each row's error, on top of what underflow of features can lose.</summary>
    private readonly struct Queries(HeadProblem problem, int transformed, PartialSums sums, float* factors, float* norms, float* valueNorms) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            float unit = (float)(FftErrorBound.Unit * problem.Position.Norm);
            (int first, int end) = RowRanges.Of(index, problem.QueryCount);
            for (int i = first; i < end; i++)
            {
                float* query = problem.Query + ((long)i * problem.FeatureStride);
                ScaleRow(query, problem.FeatureStride, factors);
                if (i >= transformed) continue;
                (float norm, float valueNorm) = FeatureSizes.Weigh(query, norms, valueNorms, problem.FeatureStride);
                sums.DenominatorErrors[i] += unit * norm;
                sums.NumeratorErrors[i] += unit * valueNorm;
            }
        }
    }
}
