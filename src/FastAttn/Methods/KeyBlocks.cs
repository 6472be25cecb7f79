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
            float* values = blocks.ValueStride == problem.ValueDimension ? problem.Values.InPlace(index * Tile, Tile) : null;
            if (values is null) Copy(index, values = blocks._copies + ((long)index * Tile * blocks.ValueStride));
            blocks._values[index] = (nint)values;
        }

        private void Copy(int block, float* target)
        {
            for (int row = 0; row < KernelShape.KeyTile; row++, target += blocks.ValueStride)
            {
                int key = (block * KernelShape.KeyTile) + row;
                if (key < problem.KeyCount) problem.Values.Copy<TKernels>(key, 0, blocks.ValueStride, target);
                else new Span<float>(target, blocks.ValueStride).Clear();
            }
        }
    }
}
