using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// Boxes of tokens that double from level to level, over keys or over query rows; each with its interpolation nodes, which are
/// tokens of its own, and with what its nodes weigh in the polynomials of the box around it. Only boxes near both ends differ
/// from the others, which are all alike but for where they begin in a register tile: so a few of each level are all that is kept.
/// </summary>
internal readonly unsafe struct BoxGrid
{
    /// <summary>The logarithm of <see cref="SmoothTails.LeafTokens"/>.</summary>
    public const int LeafLog2 = 6;

    /// <summary>Boxes at either end of a level that have their own nodes: those that are cut short, and those within a box that is.</summary>
    private const int EdgeBoxes = 4;

    private readonly int[] _ranks;
    private readonly int _count;
    private readonly int _shift;
    private readonly int _rowTile;
    private readonly int _kinds;
    private readonly int* _nodes;
    private readonly float* _toParent;

    /// <param name="count">Tokens.</param>
    /// <param name="shift">Token i stands at place i + shift.</param>
    /// <param name="rounding">Boxes begin at multiples of this.</param>
    /// <param name="levels">Levels of boxes that have nodes.</param>
    /// <param name="ranks">Nodes of a box, level by level; the smallest boxes have <see cref="SmoothTails.LeafTokens"/> places.</param>
    /// <param name="arena">Where it all stands.</param>
    public BoxGrid(int count, int shift, int rounding, int levels, int[] ranks, ref Arena arena)
    {
        Levels = levels;
        _ranks = ranks;
        _count = count;
        _shift = shift;
        _rowTile = rounding;
        _kinds = (2 * EdgeBoxes) + (2 * rounding);
        _nodes = arena.Take<int>((long)Levels * _kinds * SmoothTails.MostRank);
        _toParent = arena.Take<float>((long)Levels * _kinds * SmoothTails.MostRank * SmoothTails.MostRank);
        if (arena.IsMeasuring) return;
        for (int level = 0; level < Levels; level++)
        {
            for (int kind = 0; kind < _kinds; kind++)
            {
                if (Example(level, kind) is int box) Fill(level, box);
            }
        }
    }

    /// <summary>Levels of boxes that have nodes.</summary>
    public int Levels { get; }

    /// <summary>The first box of a level that has tokens.</summary>
    public int First(int level) => _shift >> (level + LeafLog2);

    /// <summary>The box after the last.</summary>
    public int End(int level) => ((_shift + _count - 1) >> (level + LeafLog2)) + 1;

    /// <summary>The box's first token.</summary>
    public int Start(int level, int box)
    {
        long place = ((long)box << (level + LeafLog2)) - _shift;
        return (int)Math.Clamp((place + _rowTile - 1) / _rowTile * _rowTile, 0, _count);
    }

    /// <summary>How many tokens the box has.</summary>
    public int Tokens(int level, int box) => Start(level, box + 1) - Start(level, box);

    /// <summary>The box's nodes, counted from its first token.</summary>
    public int* Nodes(int level, int box) => _nodes + ((((long)level * _kinds) + Kind(level, box)) * SmoothTails.MostRank);

    /// <summary><c>[node, parent's node]</c>: the parent's polynomials at the box's nodes, in rows of the parent's rank.</summary>
    public float* ToParent(int level, int box) => _toParent + ((((long)level * _kinds) + Kind(level, box)) * SmoothTails.MostRank * SmoothTails.MostRank);

    /// <summary>Boxes of a kind have the same nodes: edge boxes one each, all others by where they begin in a register tile and in their parent.</summary>
    private int Kind(int level, int box)
    {
        int before = box - First(level), after = End(level) - 1 - box;
        if (before < EdgeBoxes) return before;
        if (after < EdgeBoxes) return EdgeBoxes + after;
        int alike = 2 * _rowTile, kind = box % alike;
        return (2 * EdgeBoxes) + (kind < 0 ? kind + alike : kind);
    }

    /// <summary>Some box of a kind; null when there is none.</summary>
    private int? Example(int level, int kind)
    {
        int first = First(level), end = End(level);
        for (int box = first; box < Math.Min(end, first + (2 * EdgeBoxes) + (2 * _rowTile)); box++)
        {
            if (Kind(level, box) == kind) return box;
        }

        for (int box = Math.Max(end - EdgeBoxes, first); box < end; box++)
        {
            if (Kind(level, box) == kind) return box;
        }

        return null;
    }

    private void Fill(int level, int box)
    {
        int rank = _ranks[level];
        Interpolation.Nodes(Math.Max(Tokens(level, box), 1), rank, Nodes(level, box));
        if (level + 1 == Levels) return;
        int parent = box >> 1, inside = Start(level, box) - Start(level + 1, parent), parentRank = _ranks[level + 1];
        int* parentNodes = stackalloc int[parentRank];
        double* weights = stackalloc double[parentRank];
        Interpolation.Nodes(Math.Max(Tokens(level + 1, parent), 1), parentRank, parentNodes);
        float* matrix = ToParent(level, box);
        new Span<float>(matrix, SmoothTails.MostRank * SmoothTails.MostRank).Clear();
        for (int p = 0; p < rank; p++)
        {
            Interpolation.Weights(parentNodes, Tokens(level + 1, parent), parentRank, inside + Nodes(level, box)[p], weights);
            for (int q = 0; q < parentRank; q++) matrix[(p * parentRank) + q] = (float)weights[q];
        }
    }
}
