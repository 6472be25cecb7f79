using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>Keys and values packed for the tile kernels: blocks of <see cref="KernelShape.KeyTile"/> keys, features transposed, values padded.</summary>
internal readonly unsafe struct KeyBlocks
{
    private readonly float* _keys;
    private readonly nint* _values;
    private readonly float* _copies;
    private readonly int _features;

    private KeyBlocks(float* keys, nint* values, float* copies, int count, int features, int valueStride)
    {
        _keys = keys;
        _values = values;
        _copies = copies;
        _features = features;
        Count = count;
        ValueStride = valueStride;
    }

    /// <summary>Blocks, the last one filled with zeros.</summary>
    public int Count { get; }

    /// <summary>Floats between value rows.</summary>
    public int ValueStride { get; }

    /// <summary><c>[features padded to register tiles, KeyTile]</c>: as the left operand of a product it has whole tiles of rows.</summary>
    public float* Keys(int block) => _keys + ((long)block * _features * KernelShape.KeyTile);

    /// <summary><c>[KeyTile, ValueStride]</c>, not to be written: the caller's own rows where they stand as they are wanted.</summary>
    public float* Values(int block) => (float*)_values[block];

    public static KeyBlocks Pack<TKernels>(in HeadProblem problem, Crew crew, ref Arena arena)
        where TKernels : struct, IKernels
    {
        const int Tile = KernelShape.KeyTile;
        int count = (problem.KeyCount + Tile - 1) / Tile;
        int features = Padding.RoundUp(problem.Features, TKernels.RowTile);
        int valueStride = Padding.RoundUp(problem.ValueDimension, TKernels.Lanes);
        float* keys = arena.Take<float>((long)count * features * Tile);
        float* copies = arena.Take<float>((long)count * Tile * valueStride);
        nint* values = arena.Take<nint>(count);
        var blocks = new KeyBlocks(keys, values, copies, count, features, valueStride);
        if (!arena.IsMeasuring) crew.Run(new Packing<TKernels>(problem, blocks), count);
        return blocks;
    }

    /// <summary>One block by itself, each key times its weight: a view of all blocks in which no other may be looked at.</summary>
    /// <param name="problem">The head.</param>
    /// <param name="block">Which block.</param>
    /// <param name="weights">One a key of the block.</param>
    /// <param name="room">Where it is packed, until the next one is.</param>
    public static KeyBlocks PackOne<TKernels>(in HeadProblem problem, int block, float* weights, in KeyBlocks room)
        where TKernels : struct, IKernels
    {
        var view = new KeyBlocks(
            room._keys - (RowsBefore(block) * room._features), room._values - block, room._copies - (RowsBefore(block) * room.ValueStride), room.Count, room._features,
            room.ValueStride);
        Pack<TKernels>(problem, view, block, weights);
        return view;
    }

    /// <summary>A block that is packed already, as such a view.</summary>
    /// <param name="block">Which block.</param>
    /// <param name="count">Blocks that there are.</param>
    /// <param name="keys">Its keys.</param>
    /// <param name="values">Points at the address of its values.</param>
    /// <param name="features">Features, whole register tiles.</param>
    /// <param name="valueStride">Floats between value rows.</param>
    public static KeyBlocks One(int block, int count, float* keys, nint* values, int features, int valueStride) =>
        new(keys - (RowsBefore(block) * features), values - block, null, count, features, valueStride);

    /// <summary>Room for one block.</summary>
    public static KeyBlocks Room<TKernels>(in HeadProblem problem, ref Arena arena)
        where TKernels : struct, IKernels
    {
        const int Tile = KernelShape.KeyTile;
        int features = Padding.RoundUp(problem.Features, TKernels.RowTile), valueStride = Padding.RoundUp(problem.ValueDimension, TKernels.Lanes);
        return new KeyBlocks(
            arena.Take<float>((long)features * Tile), arena.Take<nint>(1), arena.Take<float>((long)Tile * valueStride), (problem.KeyCount + Tile - 1) / Tile, features, valueStride);
    }

    private static long RowsBefore(int block) => (long)block * KernelShape.KeyTile;

    private static void Pack<TKernels>(in HeadProblem problem, in KeyBlocks blocks, int block, float* weights)
        where TKernels : struct, IKernels
    {
        const int Tile = KernelShape.KeyTile;
        float* transposed = blocks.Keys(block);
        TKernels.TransposeScaled(
            problem.Key + ((long)block * Tile * problem.FeatureStride), problem.FeatureStride, Tile, problem.Features, weights, transposed, Tile);
        new Span<float>(transposed + (problem.Features * Tile), (blocks._features - problem.Features) * Tile).Clear();
        float* values = blocks.ValueStride == problem.ValueDimension ? problem.Values.InPlace(block * Tile, Tile) : null;
        if (values is null) Copy<TKernels>(problem, blocks, block, values = blocks._copies + ((long)block * Tile * blocks.ValueStride));
        blocks._values[block] = (nint)values;
    }

    private static void Copy<TKernels>(in HeadProblem problem, in KeyBlocks blocks, int block, float* target)
        where TKernels : struct, IKernels
    {
        for (int row = 0; row < KernelShape.KeyTile; row++, target += blocks.ValueStride)
        {
            int key = (block * KernelShape.KeyTile) + row;
            if (key < problem.KeyCount) problem.Values.Copy<TKernels>(key, 0, blocks.ValueStride, target);
            else new Span<float>(target, blocks.ValueStride).Clear();
        }
    }

    private readonly struct Packing<TKernels>(HeadProblem problem, KeyBlocks blocks) : IParallelWork
        where TKernels : struct, IKernels
    {
        public void Run(int index, int worker)
        {
            float* ones = stackalloc float[KernelShape.KeyTile];
            new Span<float>(ones, KernelShape.KeyTile).Fill(1);
            Pack<TKernels>(problem, blocks, index, ones);
        }
    }
}
