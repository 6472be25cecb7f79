using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Scores;

/// <summary>
/// The bias of every offset as score tiles read it: taken in float64 relative to the head's largest visible one, in units of one
/// binary logarithm, −∞ where the position or causality removes the pair. One array a head, or one for all. Immutable.
/// </summary>
internal sealed unsafe class ScoreBias
{
    /// <summary>Floats on both sides, for the rows and keys that padding adds and for whole vectors.</summary>
    private const int Margin = 2 * KernelShape.KeyTile;

    /// <summary>A large finite bias stays finite, with room for a score beside it: it does not remove the pair.</summary>
    private const double Lowest = -1.7e38;

    /// <summary>Offsets evaluated at a time.</summary>
    private const int BlockOffsets = 512;

    private readonly AlignedBuffer _buffer;
    private readonly HeadBias[] _heads;

    /// <param name="position">The biases; null for none.</param>
    /// <param name="extent">The problem's sizes.</param>
    public ScoreBias(RelativePosition? position, PositionExtent extent)
    {
        TokenLayout layout = position?.Layout ?? TokenLayout.Line;
        extent = extent.Along(layout);
        int first = 1 - extent.QueryCount, count = extent.QueryCount + extent.KeyCount - 1;
        bool isAbsent = position is null && extent.LargestOffset >= extent.KeyCount - 1;
        _heads = new HeadBias[position?.Heads ?? 1];
        long stride = isAbsent ? KernelShape.KeyTile : (long)count + (2 * Margin);
        _buffer = new AlignedBuffer(_heads.Length * stride * sizeof(float));
        Clearing.Clear((float*)_buffer.Data, _heads.Length * stride);
        for (int head = 0; head < _heads.Length; head++)
        {
            float* start = (float*)_buffer.Data + (head * stride);
            _heads[head] = isAbsent
                ? new HeadBias((nint)start, true, layout, first, extent.KeyCount - 1, 0, default)
                : Fill(start + Margin - first, layout, position, head, extent);
        }
    }

    /// <summary>No bias, and every pair visible.</summary>
    public static ScoreBias None(int queries, int keys) => new(null, new PositionExtent(queries, keys, 0, keys - 1));

    /// <summary>The biases of a head.</summary>
    public HeadBias Head(int head) => _heads[_heads.Length == 1 ? 0 : head];

    private static HeadBias Fill(float* atZero, TokenLayout layout, RelativePosition? position, int head, PositionExtent extent)
    {
        int first = 1 - extent.QueryCount, last = extent.KeyCount - 1, end = Math.Min(last, extent.LargestOffset) + 1;
        int firstVisible = int.MaxValue, lastVisible = int.MinValue;
        double largest = double.NegativeInfinity;
        Span<double> block = stackalloc double[BlockOffsets];
        for (int offset = first; offset < end; offset += BlockOffsets)
        {
            Span<double> biases = block[..Math.Min(BlockOffsets, end - offset)];
            Evaluate(position, head, extent, offset, biases);
            largest = Math.Max(largest, TensorPrimitives.Max<double>(biases));
        }

        if (double.IsNegativeInfinity(largest)) largest = 0;
        for (int offset = first; offset < end; offset += BlockOffsets)
        {
            Span<double> biases = block[..Math.Min(BlockOffsets, end - offset)];
            Evaluate(position, head, extent, offset, biases);
            for (int index = 0; index < biases.Length; index++)
            {
                atZero[offset + index] = float.NegativeInfinity;
                if (double.IsNegativeInfinity(biases[index])) continue;
                atZero[offset + index] = (float)Math.Max((biases[index] - largest) * Math.Log2(Math.E), Lowest);
                firstVisible = Math.Min(firstVisible, offset + index);
                lastVisible = offset + index;
            }
        }

        new Span<float>(atZero + end, last + 1 - end).Fill(float.NegativeInfinity);
        return new HeadBias((nint)atZero, false, layout, firstVisible, lastVisible, largest * Math.Log2(Math.E), new ExactBias(position, head, Origin(position, extent)));
    }

    private static void Evaluate(RelativePosition? position, int head, PositionExtent extent, int offset, Span<double> biases)
    {
        if (position is null) biases.Clear();
        else position.Biases(head, offset - Origin(position, extent), biases);
    }

    private static long Origin(RelativePosition? position, PositionExtent extent) => position is { FollowsQueryOffset: true } ? extent.QueryOffset : 0;
}
