using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>Keys and values packed for the tile kernels: blocks of <see cref="KernelShape.KeyTile"/> keys, features transposed, values padded.</summary>
internal readonly unsafe struct KeyBlocks
{
    private readonly float* _keys;
    private readonly float* _values;
    private readonly int _features;

    private KeyBlocks(float* keys, float* values, int count, int features, int valueStride)
    {
        _keys = keys;
        _values = values;
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

    /// <summary><c>[KeyTile, ValueStride]</c>.</summary>
    public float* Values(int block) => _values + ((long)block * KernelShape.KeyTile * ValueStride);

    public static KeyBlocks Pack<TKernels>(in HeadProblem problem, Crew crew, ref Arena arena)
        where TKernels : struct, IKernels
    {
        const int Tile = KernelShape.KeyTile;
        int count = (problem.KeyCount + Tile - 1) / Tile;
        int features = Padding.RoundUp(problem.Features, TKernels.RowTile);
        int valueStride = Padding.RoundUp(problem.ValueDimension, TKernels.Lanes);
        float* keys = arena.Take<float>((long)count * features * Tile);
        float* values = arena.Take<float>((long)count * Tile * valueStride);
        var blocks = new KeyBlocks(keys, values, count, features, valueStride);
        if (!arena.IsMeasuring) crew.Run(new Packing<TKernels>(problem, blocks), count);
        return blocks;
    }

    private readonly struct Packing<TKernels>(HeadProblem problem, KeyBlocks blocks) : IParallelWork
        where TKernels : struct, IKernels
    {
        public void Run(int index, int worker)
        {
            const int Tile = KernelShape.KeyTile;
            float* transposed = blocks.Keys(index), ones = stackalloc float[Tile];
            new Span<float>(ones, Tile).Fill(1);
            TKernels.TransposeScaled(
                problem.Key + ((long)index * Tile * problem.FeatureStride), problem.FeatureStride, Tile, problem.Features, ones, transposed, Tile);
            new Span<float>(transposed + (problem.Features * Tile), (blocks._features - problem.Features) * Tile).Clear();
            for (int row = 0; row < Tile; row++)
            {
                int key = (index * Tile) + row;
                float* target = blocks.Values(index) + (row * blocks.ValueStride);
                if (key < problem.KeyCount) problem.Values.Copy<TKernels>(key, 0, blocks.ValueStride, target);
                else new Span<float>(target, blocks.ValueStride).Clear();
            }
        }
    }
}
