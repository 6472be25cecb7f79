using FastAttn.Kernels;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// Which query rows see which blocks of keys wholly through one tail. Rows come in register tiles, so that far and near parts
/// of a block meet at a tile's edge.
/// </summary>
internal readonly struct TailReach
{
    private readonly bool _isLeft;
    private readonly int _edge;
    private readonly int _offset;
    private readonly int _keys;
    private readonly int _rowTile;
    private readonly int _rows;

    /// <param name="isLeft">Whether the tail is the one towards smaller offsets: rows see it of keys before them.</param>
    /// <param name="tail">The tail.</param>
    /// <param name="problem">Keys, queries and how they meet.</param>
    /// <param name="rowTile">Rows of a register tile.</param>
    public TailReach(bool isLeft, Tail tail, in HeadProblem problem, int rowTile)
    {
        _isLeft = isLeft;
        _edge = tail.Edge;
        _offset = problem.Offset;
        _keys = problem.KeyCount;
        _rowTile = rowTile;
        _rows = (problem.QueryCount + rowTile - 1) / rowTile * rowTile;
        Blocks = (problem.KeyCount + KernelShape.KeyTile - 1) / KernelShape.KeyTile;
    }

    /// <summary>Blocks of keys there are.</summary>
    public int Blocks { get; }

    /// <summary>The key of a block that is nearest to the rows that see it from afar.</summary>
    public int NearestKey(int block) =>
        _isLeft ? Math.Min((block * KernelShape.KeyTile) + KernelShape.KeyTile, _keys) - 1 : block * KernelShape.KeyTile;

    /// <summary>
    /// Left: the first row that sees the block through the tail, as all later ones do. Right: the row after the last that does,
    /// as all earlier ones do. Neither falls from block to block.
    /// </summary>
    public int Row(int block)
    {
        long meeting = (long)NearestKey(block) + _offset - _edge;
        return _isLeft
            ? (int)Math.Min((Math.Max(meeting, 0) + _rowTile - 1) / _rowTile * _rowTile, _rows)
            : (int)(Math.Clamp(meeting + 1, 0, _rows) / _rowTile * _rowTile);
    }

    /// <summary>Left: how many blocks row <paramref name="row"/> sees through the tail. Right: the first block that every row before it does.</summary>
    public int Boundary(int row)
    {
        int low = 0, high = Blocks;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_isLeft ? Row(middle) <= row : Row(middle) < row) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    /// <summary>Offsets between the tail's edge and the meeting of a row with a block's nearest key.</summary>
    public long Distance(int row, int block)
    {
        long meeting = (long)NearestKey(block) - row + _offset;
        return _isLeft ? _edge - meeting : meeting - _edge;
    }
}
