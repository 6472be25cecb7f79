using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// One head's keys and values as softmax tiles read them: blocks of <see cref="KernelShape.KeyTile"/> keys, transposed and in units
/// of one binary logarithm, led by a number for each key that is −∞ where nobody may see it; values padded to lanes and blocks.
/// NaN and infinity are zeros here and noted beside, or they would spoil rows that do not see them.
/// </summary>
internal readonly unsafe struct SoftmaxKeys
{
    private const int Tile = KernelShape.KeyTile;

    private readonly int _count;
    private readonly int _columns;
    private readonly int _valueColumns;
    private readonly float* _keys;
    private readonly float* _values;
    private readonly float* _largestValues;
    private readonly bool* _blockIsFinite;
    private readonly bool* _keyIsFinite;

    private SoftmaxKeys(AttentionShape shape, int lanes, ref Arena arena)
    {
        _count = shape.KeyLength;
        _columns = shape.HeadDimension;
        _valueColumns = shape.ValueDimension;
        ValueStride = Padding.RoundUp(_valueColumns, lanes);
        Blocks = (_count + Tile - 1) / Tile;
        _keys = arena.Take<float>((long)Blocks * Tile * (1 + _columns));
        _values = arena.Take<float>((long)Blocks * Tile * ValueStride);
        _largestValues = arena.Take<float>(Blocks);
        _blockIsFinite = arena.Take<bool>(Blocks);
        _keyIsFinite = arena.Take<bool>(_count);
    }

    public int Blocks { get; }

    /// <summary>Floats between rows of <see cref="Values"/>.</summary>
    public int ValueStride { get; }

    public static SoftmaxKeys Take<TKernels>(AttentionShape shape, ref Arena arena)
        where TKernels : struct, IKernels => new(shape, TKernels.Lanes, ref arena);

    /// <summary><c>[1 + d, KeyTile]</c>.</summary>
    public float* Keys(int block) => _keys + ((long)block * Tile * (1 + _columns));

    /// <summary><c>[KeyTile, ValueStride]</c>.</summary>
    public float* Values(int block) => _values + ((long)block * Tile * ValueStride);

    /// <summary>Whether all its keys and values are finite.</summary>
    public bool IsFinite(int block) => _blockIsFinite[block];

    public bool KeyIsFinite(int key) => _keyIsFinite[key];

    /// <summary>The largest finite magnitude among all values.</summary>
    public float LargestValue() => TensorPrimitives.Max(new ReadOnlySpan<float>(_largestValues, Blocks));

    /// <summary>Packs one block of <c>key [n_k, d]</c> and <c>value [n_k, d_v]</c>, both dense.</summary>
    public void Pack<TKernels>(int block, float* key, float* value)
        where TKernels : struct, IKernels
    {
        int first = block * Tile, count = Math.Min(Tile, _count - first);
        bool keysAreFinite = PackKeys<TKernels>(block, key + ((long)first * _columns), first, count);
        _blockIsFinite[block] = CopyValues(block, value + ((long)first * _valueColumns), count) && keysAreFinite;
    }

    private bool PackKeys<TKernels>(int block, float* key, int first, int count)
        where TKernels : struct, IKernels
    {
        float* packed = Keys(block), scales = stackalloc float[Tile];
        new Span<float>(packed, count).Clear();
        new Span<float>(packed + count, Tile - count).Fill(float.NegativeInfinity);
        packed += Tile;
        new Span<float>(scales, Tile).Fill((float)(Math.Log2(Math.E) / Math.Sqrt(_columns)));
        if (count < Tile) new Span<float>(packed, Tile * _columns).Clear();
        TKernels.TransposeScaled(key, _columns, count, _columns, scales, packed, Tile);
        new Span<bool>(_keyIsFinite + first, count).Fill(true);
        if (TKernels.AllFinite(key, count * _columns)) return true;
        for (int j = 0; j < count; j++)
        {
            if (_keyIsFinite[first + j] = TKernels.AllFinite(key + ((long)j * _columns), _columns)) continue;
            for (int column = 0; column < _columns; column++) packed[(column * Tile) + j] = 0;
        }

        return false;
    }

    private bool CopyValues(int block, float* value, int count)
    {
        float* packed = Values(block);
        for (int j = 0; j < count; j++)
        {
            var row = new Span<float>(packed + (j * ValueStride), ValueStride);
            new ReadOnlySpan<float>(value + ((long)j * _valueColumns), _valueColumns).CopyTo(row);
            row[_valueColumns..].Clear();
        }

        var rows = new Span<float>(packed, count * ValueStride);
        new Span<float>(packed + rows.Length, (Tile * ValueStride) - rows.Length).Clear();
        float largest = Math.Abs(TensorPrimitives.MaxMagnitude<float>(rows));
        bool finite = float.IsFinite(largest);
        if (!finite)
        {
            foreach (ref float element in rows)
            {
                if (!float.IsFinite(element)) element = 0;
            }

            largest = Math.Abs(TensorPrimitives.MaxMagnitude<float>(rows));
        }

        _largestValues[block] = largest;
        return finite;
    }
}
