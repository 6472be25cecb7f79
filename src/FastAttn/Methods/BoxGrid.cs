using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// Boxes of tokens that double from level to level, over keys or over query rows; each with its interpolation nodes, which are
/// tokens of its own, and with what its nodes weigh in the polynomials of the box around it.
/// </summary>
internal readonly unsafe struct BoxGrid
{
    private readonly int* _firsts;
    private readonly int* _nodes;
    private readonly float* _toParent;
    private readonly int _rank;
    private readonly int _rowTile;
    private readonly int _shift;
    private readonly int _count;

    /// <param name="count">Tokens.</param>
    /// <param name="shift">Token i stands at place i + shift.</param>
    /// <param name="rounding">Boxes begin at multiples of this.</param>
    /// <param name="levels">Levels; the smallest boxes have <see cref="SmoothTails.LeafTokens"/> places.</param>
    /// <param name="rank">Nodes of a box.</param>
    /// <param name="paddedRank">The same in whole register tiles.</param>
    /// <param name="arena">Where it all stands.</param>
    public BoxGrid(int count, int shift, int rounding, int levels, int rank, int paddedRank, ref Arena arena)
    {
        _count = count;
        _shift = shift;
        _rowTile = rounding;
        _rank = rank;
        Levels = levels;
        PaddedRank = paddedRank;
        _firsts = arena.Take<int>(levels + 1);
        long boxes = 0;
        for (int level = 0; level < levels; level++)
        {
            if (!arena.IsMeasuring) _firsts[level] = (int)boxes;
            boxes += End(level) - First(level);
        }

        Boxes = (int)boxes;
        _nodes = arena.Take<int>(boxes * rank);
        _toParent = arena.Take<float>(boxes * paddedRank * rank);
        if (arena.IsMeasuring) return;
        for (int level = 0; level < levels; level++)
        {
            for (int box = First(level); box < End(level); box++) Interpolation.Nodes(Math.Max(Tokens(level, box), 1), rank, Nodes(level, box));
        }

        double* weights = stackalloc double[rank];
        for (int level = 0; level + 1 < levels; level++)
        {
            for (int box = First(level); box < End(level); box++)
            {
                int parent = box >> 1, inside = Start(level, box) - Start(level + 1, parent);
                float* matrix = ToParent(level, box);
                new Span<float>(matrix, paddedRank * rank).Clear();
                for (int p = 0; p < rank; p++)
                {
                    Interpolation.Weights(Nodes(level + 1, parent), Tokens(level + 1, parent), rank, inside + Nodes(level, box)[p], weights);
                    for (int q = 0; q < rank; q++) matrix[(p * rank) + q] = (float)weights[q];
                }
            }
        }
    }

    public int Levels { get; }

    public int PaddedRank { get; }

    /// <summary>Boxes of all levels.</summary>
    public int Boxes { get; }

    /// <summary>The first box of a level that has tokens.</summary>
    public int First(int level) => _shift >> (level + LeafLog2);

    /// <summary>The box after the last.</summary>
    public int End(int level) => ((_shift + _count - 1) >> (level + LeafLog2)) + 1;

    /// <summary>The box's number among all of all levels.</summary>
    public int Index(int level, int box) => _firsts[level] + box - First(level);

    /// <summary>The box's first token.</summary>
    public int Start(int level, int box)
    {
        long place = ((long)box << (level + LeafLog2)) - _shift;
        return (int)Math.Clamp((place + _rowTile - 1) / _rowTile * _rowTile, 0, _count);
    }

    /// <summary>How many tokens the box has.</summary>
    public int Tokens(int level, int box) => Start(level, box + 1) - Start(level, box);

    /// <summary>The box's nodes, counted from its first token.</summary>
    public int* Nodes(int level, int box) => _nodes + ((long)Index(level, box) * _rank);

    /// <summary><c>[node, parent's node]</c>: the parent's polynomials at the box's nodes, in padded rows of <c>rank</c>.</summary>
    public float* ToParent(int level, int box) => _toParent + ((long)Index(level, box) * PaddedRank * _rank);

    private const int LeafLog2 = 6;
}
