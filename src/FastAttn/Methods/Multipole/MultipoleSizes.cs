using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// How a multipole computation is cut up so that states stay in cache and memory does not grow with the length: only boxes from
/// <see cref="CoarseLevel"/> on have states that are kept for the whole sequence; smaller ones are computed where rows need them.
/// </summary>
internal readonly struct MultipoleSizes
{
    /// <summary>Coarse boxes have 64·2⁴ tokens, in long sequences 64·2⁵ and more only where memory demands it.</summary>
    private const int LeastCoarseLevel = 4, MostCoarseLevel = 5;

    /// <summary>Boxes of the coarsest level: none is far from none but a few.</summary>
    private const int CoarsestBoxes = 4;

    /// <summary>Features that go through the tree together: enough for products to be worth their calls, few enough for caches.</summary>
    private const int MostFeatures = 8;

    /// <summary>Value columns that go through the tree together, if there are as many.</summary>
    private const int MostColumns = 64;

    /// <summary>Numbers of a node that go through the tree together.</summary>
    private const int MostWidth = 512;

    /// <summary>So many coarse boxes keep all states of a chunk of features. With more, the smaller boxes' states are computed twice.</summary>
    private const int MostKeptBoxes = 16;

    /// <summary>A row's coarse box, and one on either side.</summary>
    private const int WindowBoxes = 3;

    /// <summary>Coarse boxes of a segment, as a power of two: smaller boxes at both ends are computed for the neighbour too.</summary>
    private const int SegmentLog2 = 4;

    /// <summary>Coarse states of the chunks of one sweep stay within this, and what a thread has in its window within that.</summary>
    private const long CoarseBytes = 36L << 20, WindowBytes = 10L << 20;

    /// <param name="problem">The head.</param>
    /// <param name="ranks">Nodes at each level, the most of any head: all heads are cut up alike.</param>
    /// <param name="columns">Columns of values.</param>
    /// <param name="lanes">Columns come in multiples of this.</param>
    public MultipoleSizes(in HeadProblem problem, int[] ranks, int columns, int lanes)
    {
        int keys = problem.KeyCount, parts = (columns + MostColumns - 1) / MostColumns;
        Levels = LevelsFor(Math.Max(keys, problem.QueryCount));
        Columns = Padding.RoundUp((columns + parts - 1) / parts, lanes);
        Features = Math.Min(Math.Clamp(MostWidth / Columns, 1, MostFeatures), problem.Features);
        CoarseLevel = Math.Min(LeastCoarseLevel, Levels - 1);
        SegmentLevel = CoarseLevel;
        ChunksTogether = 1;
        WindowSlots = Boxes(keys, CoarseLevel);
        KeepsAll = WindowSlots <= MostKeptBoxes;
        if (KeepsAll) return;

        // The longer the sequence, the larger the coarse boxes; where what is in them does not fit into the window, there is less in a chunk.
        int chunks = Chunks(problem.Features, columns);
        if (chunks * CoarseBytesFrom(CoarseLevel, keys, ranks, Width) > CoarseBytes) CoarseLevel = Math.Min(MostCoarseLevel, Levels - 1);
        while (CoarseBytesFrom(CoarseLevel, keys, ranks, Width) > CoarseBytes && CoarseLevel < Levels - 1)
        {
            if (Features == 1 || WindowBytesTo(CoarseLevel + 1, ranks, Width) <= WindowBytes) CoarseLevel++;
            else Features /= 2;
        }

        SegmentLevel = Math.Min(CoarseLevel + SegmentLog2, Levels - 1);
        WindowSlots = WindowBoxes;
        ChunksTogether = (int)Math.Clamp(CoarseBytes / Math.Max(CoarseBytesFrom(CoarseLevel, keys, ranks, Width), 1), 1, Chunks(problem.Features, columns));
    }

    /// <summary>Levels of boxes.</summary>
    public int Levels { get; }

    /// <summary>The smallest boxes whose states are kept for the whole sequence.</summary>
    public int CoarseLevel { get; }

    /// <summary>Rows of a box of this level are finished together, by one thread.</summary>
    public int SegmentLevel { get; }

    /// <summary>Features of a chunk.</summary>
    public int Features { get; }

    /// <summary>Value columns of a chunk.</summary>
    public int Columns { get; }

    /// <summary>Numbers of a node that a chunk may have.</summary>
    public int Width => Features * Columns;

    /// <summary>Chunks of one sweep.</summary>
    public int ChunksTogether { get; }

    /// <summary>Whether the states of all boxes stay from the way up to the way down; they are one chunk's.</summary>
    public bool KeepsAll { get; }

    /// <summary>Coarse boxes whose smaller boxes have states at a time.</summary>
    public int WindowSlots { get; }

    /// <summary>Levels of boxes over so many tokens.</summary>
    public static int LevelsFor(int tokens)
    {
        int levels = 1;
        while ((long)CoarsestBoxes * SmoothTails.LeafTokens << (levels - 1) < tokens) levels++;
        return levels;
    }

    /// <summary>Whether keys of so many tokens join their leaves' states twice.</summary>
    public static bool SumsTwice(int keys) => Boxes(keys, LeastCoarseLevel) > MostKeptBoxes;

    private static long CoarseBytesFrom(int coarseLevel, int keys, int[] ranks, int width)
    {
        long nodes = 0;
        for (int level = coarseLevel; level < ranks.Length; level++) nodes += (long)Boxes(keys, level) * ranks[level];
        return nodes * (width + MultipoleChunk.NodePadding) * sizeof(float);
    }

    private static long WindowBytesTo(int coarseLevel, int[] ranks, int width)
    {
        long nodes = 0;
        for (int level = 0; level < Math.Min(coarseLevel, ranks.Length); level++) nodes += (long)ranks[level] << (coarseLevel - level);
        return WindowBoxes * nodes * (width + MultipoleChunk.NodePadding) * sizeof(float);
    }

    private int Chunks(int features, int columns) => (features + Features - 1) / Features * ((columns + Columns - 1) / Columns);

    private static int Boxes(int keys, int level) => ((keys - 1) >> (level + BoxGrid.LeafLog2)) + 1;
}
