using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using FastAttn.Kernels;
using FastAttn.Positions;
using FastAttn.Sums;

namespace FastAttn.Methods;

/// <summary>
/// Blocks of keys for tolerances near float32's own precision: no sum of more than <see cref="KeysPerSum"/> keys before it joins a total that
/// does not drift, and denominators in float64. Takes some two to three times as long as the tiles that <see cref="DirectMethod{TKernels}"/> has.
/// </summary>
internal static unsafe class FineBlocks<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Keys that are added up in float32.</summary>
    public const int KeysPerSum = 8;

    /// <summary>Adds a block to rows <paramref name="first"/> ….</summary>
    /// <param name="problem">The head.</param>
    /// <param name="coefficients">Its coefficients.</param>
    /// <param name="blocks">Its keys and values.</param>
    /// <param name="block">Which block.</param>
    /// <param name="sums">Where the totals of numerators stand.</param>
    /// <param name="first">The first row.</param>
    /// <param name="rows">Rows, whole register tiles.</param>
    /// <param name="scratch">What stands beside the totals.</param>
    public static void Add(
        in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, int block, in PartialSums sums, int first, int rows, in FineScratch scratch)
    {
        int key = block * KernelShape.KeyTile;
        if (coefficients.IsEmpty) return;
        DirectMethod<TKernels>.TileRows range = DirectMethod<TKernels>.RowsOf(problem, coefficients, key, key + KernelShape.KeyTile, first, rows);
        if (range.First >= range.End) return;
        float* ofFirstRow = coefficients.From((long)key - first - range.First + problem.Offset);
        if (problem.Layout.IsLine) AddRows(problem, blocks, block, sums, first, range, new TileCoefficients(ofFirstRow, -1), scratch);
        else AddGrid(problem, coefficients, blocks, block, sums, first, range, scratch);
    }

    /// <summary>On a grid coefficients are gathered for a few rows at a time.</summary>
    [SkipLocalsInit]
    private static void AddGrid(
        in HeadProblem problem, CoefficientWindow coefficients, KeyBlocks blocks, int block, in PartialSums sums, int first, DirectMethod<TKernels>.TileRows range,
        in FineScratch scratch)
    {
        int most = 4 * TKernels.RowTile;
        float* tile = stackalloc float[most * GridTile.Stride];
        for (int from = range.First, next; from < range.End; from = next)
        {
            next = Math.Min(from + most, range.End);
            GridTile.Gather<TKernels>(
                problem.Layout, coefficients.From(problem.Offset), first + from, next - from, problem.QueryCount, block * KernelShape.KeyTile,
                problem.KeyCount, tile);
            AddRows(problem, blocks, block, sums, first, new(from, next), new TileCoefficients(tile, GridTile.Stride), scratch);
        }
    }

    /// <summary>Adds to a range of the rows, counted from the first.</summary>
    private static void AddRows(
        in HeadProblem problem, KeyBlocks blocks, int block, in PartialSums sums, int first, DirectMethod<TKernels>.TileRows range, TileCoefficients coefficients,
        in FineScratch scratch)
    {
        int from = range.First, end = range.End;
        const int Tile = KernelShape.KeyTile;
        int rows = end - from, columns = sums.NumeratorStride;
        TKernels.Multiply(
            rows, problem.Features, Tile, problem.Query + ((long)(first + from) * problem.FeatureStride), problem.FeatureStride, blocks.Keys(block), Tile,
            scratch.Weights, Tile);
        for (int row = 0; row < rows; row++)
        {
            float* weights = scratch.Weights + (row * Tile);
            var ofRow = new Span<float>(weights, Tile);
            TensorPrimitives.Multiply(ofRow, new ReadOnlySpan<float>(coefficients.OfFirstRow + (row * coefficients.Stride), Tile), ofRow);
            scratch.RowSums[from + row] += Sum(weights);
        }

        float* totals = sums.Numerators + ((long)(first + from) * columns), lost = scratch.Lost + ((long)from * columns);
        for (int key = 0; key < Tile; key += KeysPerSum)
        {
            TKernels.Multiply(
                rows, KeysPerSum, columns, scratch.Weights + key, Tile, blocks.Values(block) + ((long)key * blocks.ValueStride), blocks.ValueStride,
                scratch.Part, columns);
            CompensatedSums.Move(scratch.Part, totals, lost, (long)rows * columns);
        }
    }

    /// <summary>A block's weights in float64.</summary>
    private static double Sum(float* weights)
    {
        Vector<double> sum = Vector<double>.Zero;
        for (int key = 0; key < KernelShape.KeyTile; key += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(weights + key), out Vector<double> low, out Vector<double> high);
            sum += low + high;
        }

        return Vector.Sum(sum);
    }
}
