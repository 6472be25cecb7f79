using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Softmax attention of all heads, exact to float32 rounding (Dao et al. 2022, with references that are raised lazily). Several
/// heads at a time, as many as fit in <see cref="GroupBytes"/>, are packed and then computed tile by tile; pieces of both stages
/// are dealt to the crew, so one head uses all threads as well as many do.
/// </summary>
internal static unsafe class SoftmaxHeads<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Packed keys and values that are kept at once: enough heads that no thread waits for others often.</summary>
    private const long GroupBytes = 32 << 20;

    /// <summary>Blocks of keys that are packed in one piece.</summary>
    private const int PackedBlocks = 8;

    /// <summary>Query rows of the largest tile: more read keys more seldom, but leave the second-level cache.</summary>
    private static int MostRows => 32 * TKernels.RowTile;

    /// <summary>Query rows of the smallest tile: as many as a kernel keeps the weights of.</summary>
    private static int FewestRows => 4 * TKernels.RowTile;

    /// <summary>Tiles that each thread gets at least, where the smallest tile allows it: who is ready first waits for one tile.</summary>
    private const int TilesPerThread = 8;

    public static void Run(SoftmaxCall call, Crew crew)
    {
        Arena measuring = Arena.Measuring;
        _ = new Plan(call, crew.Workers, ref measuring);
        using var buffer = new AlignedBuffer(measuring.Peak);
        var arena = new Arena(buffer.Data, buffer.Bytes);
        var plan = new Plan(call, crew.Workers, ref arena);
        crew.Run(new BiasWork(plan), plan.Bias.Count);
        int keyHeads = call.Shape.Batch * call.Shape.KeyHeads;
        for (int first = 0; first < keyHeads; first += plan.GroupHeads)
        {
            int heads = Math.Min(plan.GroupHeads, keyHeads - first);
            crew.Run(new PackWork(plan, first), heads * plan.PackPieces);
            crew.Run(new TileWork(plan, first), heads * call.Sharing * plan.Tiles);
        }
    }

    /// <summary>Sizes of the pieces, and all memory.</summary>
    private sealed class Plan
    {
        private readonly SoftmaxKeys[] _keys;
        private readonly SoftmaxTile<TKernels>[] _scratch;

        public Plan(SoftmaxCall call, int workers, ref Arena arena)
        {
            AttentionShape shape = call.Shape;
            Call = call;
            int keyHeads = shape.Batch * shape.KeyHeads;
            long headBytes = 4L * shape.KeyLength * (shape.HeadDimension + shape.ValueDimension);
            GroupHeads = (int)Math.Clamp(GroupBytes / headBytes, 1, keyHeads);
            int share = (int)Math.Min((long)GroupHeads * call.Sharing * shape.QueryLength / (TilesPerThread * workers), MostRows);
            int most = workers == 1 ? MostRows : Math.Max(share / FewestRows * FewestRows, FewestRows);
            Tiles = (shape.QueryLength + most - 1) / most;
            TileRows = Padding.RoundUp((shape.QueryLength + Tiles - 1) / Tiles, TKernels.RowTile);
            Tiles = (shape.QueryLength + TileRows - 1) / TileRows;

            Bias = SoftmaxBias.Take<TKernels>(call, ref arena);
            _keys = new SoftmaxKeys[GroupHeads];
            for (int head = 0; head < GroupHeads; head++) _keys[head] = SoftmaxKeys.Take<TKernels>(shape, ref arena);
            _scratch = new SoftmaxTile<TKernels>[workers];
            for (int worker = 0; worker < workers; worker++) _scratch[worker] = new SoftmaxTile<TKernels>(call, TileRows, ref arena);
            PackPieces = (_keys[0].Blocks + PackedBlocks - 1) / PackedBlocks;
        }

        public SoftmaxCall Call { get; }

        public SoftmaxBias Bias { get; }

        /// <summary>Heads of keys that are packed at once.</summary>
        public int GroupHeads { get; }

        /// <summary>Pieces in which one head is packed.</summary>
        public int PackPieces { get; }

        /// <summary>Tiles of one head of queries.</summary>
        public int Tiles { get; }

        public int TileRows { get; }

        public SoftmaxKeys Keys(int head) => _keys[head];

        public SoftmaxTile<TKernels> Scratch(int worker) => _scratch[worker];
    }

    private readonly struct BiasWork(Plan plan) : IParallelWork
    {
        public void Run(int index, int worker) => plan.Bias.Prepare(index);
    }

    private readonly struct PackWork(Plan plan, int firstHead) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            (int head, int piece) = Math.DivRem(index, plan.PackPieces);
            SoftmaxKeys keys = plan.Keys(head);
            int query = (firstHead + head) * plan.Call.Sharing, end = Math.Min((piece + 1) * PackedBlocks, keys.Blocks);
            for (int block = piece * PackedBlocks; block < end; block++)
                keys.Pack<TKernels>(block, plan.Call.Key(query), plan.Call.Value(query));
        }
    }

    private readonly struct TileWork(Plan plan, int firstHead) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            // Last rows first: under causality they are the longest work.
            (int head, int piece) = Math.DivRem(index, plan.Tiles);
            int query = (firstHead * plan.Call.Sharing) + head, first = (plan.Tiles - 1 - piece) * plan.TileRows;
            plan.Scratch(worker).Compute(
                query, plan.Keys(head / plan.Call.Sharing), plan.Bias.Of(query), first, Math.Min(plan.TileRows, plan.Call.Shape.QueryLength - first));
        }
    }
}
