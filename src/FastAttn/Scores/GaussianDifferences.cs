using System.Numerics;
using System.Numerics.Tensors;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Threading;

namespace FastAttn.Scores;

/// <summary>
/// One row of Gaussian attention from the differences q − k themselves, which rounding hurts no more than the distance is large:
/// for queries far from the centre, where scores out of products would be wrong (see <see cref="GaussianFrame"/>).
/// </summary>
internal static unsafe class GaussianDifferences<TKernels>
    where TKernels : struct, IKernels
{
    private const int Tile = KernelShape.KeyTile;

    /// <summary>Computes and stores row <paramref name="i"/>; O(n_k·(d + d_v)), some twenty times what the row costs in a tile.</summary>
    /// <param name="problem">The head.</param>
    /// <param name="keys">States and values; keys are read where the caller keeps them.</param>
    /// <param name="i">The query, finite.</param>
    /// <param name="headroom">How far, in binary orders, weights stay below one, for values near overflow.</param>
    /// <param name="part">Scratch, a value row: sums over a block, relative to its largest weight.</param>
    /// <param name="total">Scratch, <c>[d_v]</c>.</param>
    /// <param name="rows">Scratch, two rows of query and key.</param>
    public static void Store(in ScoreProblem problem, ScoreKeys keys, int i, float headroom, float* part, double* total, float* rows)
    {
        int valueColumns = problem.Destination.Columns;
        float* query = problem.Query.Read(i, rows), converted = rows + problem.Query.Columns;
        double* powers = stackalloc double[Tile];
        float* weights = stackalloc float[Tile];
        var ofBlock = new Span<double>(powers, Tile);
        new Span<double>(total, valueColumns).Clear();
        for (int block = 0; block < keys.Blocks; block++)
        {
            CallWatch.Look();
            for (int key = 0; key < Tile; key++) powers[key] = Power(problem, keys, i, (block * Tile) + key, query, converted);
            double largest = TensorPrimitives.Max<double>(ofBlock);
            if (double.IsNegativeInfinity(largest)) continue;
            TensorPrimitives.Subtract(ofBlock, largest + headroom, ofBlock);
            TensorPrimitives.Exp2(ofBlock, ofBlock);
            TensorPrimitives.ConvertTruncating<double, float>(ofBlock, new Span<float>(weights, Tile));
            TKernels.Multiply(1, Tile, keys.ValueStride, weights, Tile, keys.Values(block), keys.ValueStride, part, keys.ValueStride);
            double factor = Math.Pow(2, largest + headroom);
            for (int column = 0; column < valueColumns; column++) total[column] += factor * part[column];
        }

        TensorPrimitives.ConvertTruncating<double, float>(new Span<double>(total, valueColumns), new Span<float>(part, valueColumns));
        problem.Destination.Write<TKernels>(i, part, 1);
    }

    /// <summary>The binary logarithm of a key's weight, −∞ where the query does not see it.</summary>
    private static double Power(in ScoreProblem problem, ScoreKeys keys, int i, int j, float* query, float* converted)
    {
        if (keys.State(j) != RowState.Kept || !problem.Bias.Sees(i, j)) return double.NegativeInfinity;
        double square = SquaredDistance(query, problem.Key.Read(j, converted), problem.Query.Columns);
        return *problem.Bias.From(i, j) + problem.Bias.Largest - (0.5 * problem.Unit * square);
    }

    private static float SquaredDistance(float* x, float* y, int count)
    {
        int i = 0, width = Vector<float>.Count;
        Vector<float> even = Vector<float>.Zero, odd = Vector<float>.Zero;
        for (; i <= count - (2 * width); i += 2 * width)
        {
            Vector<float> first = Vector.Load(x + i) - Vector.Load(y + i), second = Vector.Load(x + i + width) - Vector.Load(y + i + width);
            even = Vector.FusedMultiplyAdd(first, first, even);
            odd = Vector.FusedMultiplyAdd(second, second, odd);
        }

        float sum = Vector.Sum(even + odd);
        for (; i < count; i++) sum += (x[i] - y[i]) * (x[i] - y[i]);
        return sum;
    }
}
