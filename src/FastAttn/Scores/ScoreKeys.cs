using System.Numerics.Tensors;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Tensors;

namespace FastAttn.Scores;

/// <summary>
/// One head's keys and values as score tiles read them: blocks of <see cref="KernelShape.KeyTile"/> keys, transposed and in units
/// of one binary logarithm, led by a number for each key that is −∞ where nobody may see it; values padded to lanes and blocks.
/// NaN and infinity are zeros here and noted beside, or they would spoil rows that do not see them.
/// </summary>
internal readonly unsafe struct ScoreKeys
{
    private const int Tile = KernelShape.KeyTile;

    private readonly int _columns;
    private readonly int _valueColumns;
    private readonly float* _keys;
    private readonly float* _values;
    private readonly float* _largestValues;
    private readonly double* _largestSquares;
    private readonly bool* _blockIsFinite;
    private readonly RowState* _states;
    private readonly float* _rows;

    private ScoreKeys(in ScoreProblem problem, int lanes, int workers, ref Arena arena)
    {
        _columns = problem.Key.Columns;
        _valueColumns = problem.Value.Columns;
        ValueStride = Padding.RoundUp(_valueColumns, lanes);
        int count = problem.Key.Count, most = (count + Tile - 1) / Tile;
        Blocks = arena.IsMeasuring ? most : (problem.KeptKeys + Tile - 1) / Tile;
        Centre = problem.IsGaussian ? arena.Take<float>(_columns) : null;
        _keys = arena.Take<float>((long)most * Tile * (1 + _columns));
        _values = arena.Take<float>((long)most * Tile * ValueStride);
        _largestValues = arena.Take<float>(most);
        _largestSquares = arena.Take<double>(most);
        _blockIsFinite = arena.Take<bool>(most);
        _states = arena.Take<RowState>((long)most * Tile);
        _rows = arena.Take<float>((long)workers * Tile * _columns);
    }

    /// <summary>Blocks that hold kept keys.</summary>
    public int Blocks { get; }

    /// <summary>Floats between rows of <see cref="Values"/>.</summary>
    public int ValueStride { get; }

    /// <summary>What Gaussian rows are relative to; null for softmax.</summary>
    public float* Centre { get; }

    public static ScoreKeys Take<TKernels>(in ScoreProblem problem, int workers, ref Arena arena)
        where TKernels : struct, IKernels => new(problem, TKernels.Lanes, workers, ref arena);

    /// <summary><c>[1 + d, KeyTile]</c>.</summary>
    public float* Keys(int block) => _keys + ((long)block * Tile * (1 + _columns));

    /// <summary><c>[KeyTile, ValueStride]</c>.</summary>
    public float* Values(int block) => _values + ((long)block * Tile * ValueStride);

    /// <summary>The padded value row of a key.</summary>
    public float* Value(int key) => _values + ((long)key * ValueStride);

    /// <summary>Whether all its kept keys and their values are finite.</summary>
    public bool IsFinite(int block) => _blockIsFinite[block];

    public RowState State(int key) => _states[key];

    /// <summary>The largest finite magnitude among all values.</summary>
    public float LargestValue() => Blocks == 0 ? 0 : TensorPrimitives.Max(new ReadOnlySpan<float>(_largestValues, Blocks));

    /// <summary>The largest ‖k‖₂ among the kept keys that are finite; softmax only.</summary>
    public double LargestNorm() => Blocks == 0 ? 0 : Math.Sqrt(TensorPrimitives.Max(new ReadOnlySpan<double>(_largestSquares, Blocks)));

    /// <summary>Packs one block; <paramref name="worker"/> chooses scratch.</summary>
    public void Pack<TKernels>(in ScoreProblem problem, int block, int worker)
        where TKernels : struct, IKernels
    {
        int first = block * Tile, count = Math.Min(Tile, problem.KeptKeys - first);
        float* own = Keys(block), packed = own + Tile, factors = stackalloc float[Tile], scratch = _rows + ((long)worker * Tile * _columns);
        FloatRows rows = problem.Key.Read(first, count, scratch);
        for (int j = 0; j < Tile; j++) _states[first + j] = j < count && problem.Keeps(first + j) ? RowState.Kept : RowState.Masked;
        new Span<float>(own, Tile).Fill(float.NegativeInfinity);
        if (problem.IsGaussian)
        {
            Measure<TKernels>(problem, rows, first, own, scratch);
            rows = new FloatRows((nint)scratch, _columns, count, _columns);
        }
        else
        {
            _largestSquares[block] = Check(rows, first, own);
        }

        new Span<float>(factors, Tile).Fill((float)problem.Unit);
        if (count < Tile) new Span<float>(packed, Tile * _columns).Clear();
        TKernels.TransposeScaled(rows.Row(0), (nint)rows.Stride, count, _columns, factors, packed, Tile);
        bool keysAreFinite = true;
        for (int j = 0; j < count; j++)
        {
            keysAreFinite &= _states[first + j] != RowState.NonFinite;
            if (!float.IsNegativeInfinity(own[j])) continue;
            for (int column = 0; column < _columns; column++) packed[(column * Tile) + j] = 0;
        }

        _blockIsFinite[block] = CopyValues(problem, block) && keysAreFinite;
    }

    /// <summary>Softmax: each finite key's own term is zero. Returns the largest ‖k‖².</summary>
    private double Check(FloatRows keys, int first, float* own)
    {
        double largest = 0;
        for (int j = 0; j < keys.Count; j++)
        {
            if (_states[first + j] != RowState.Kept) continue;

            // In float64 a sum of squares is finite if and only if every entry is.
            double square = WideSum.OfSquares(keys.Row(j), _columns);
            if (double.IsFinite(square))
            {
                own[j] = 0;
                largest = Math.Max(largest, square);
            }
            else
            {
                _states[first + j] = RowState.NonFinite;
            }
        }

        return largest;
    }

    /// <summary>
    /// The Gaussian kernel: rows relative to the centre, and each one's own term, −½·Unit times its square, which stays −∞ where that is beyond
    /// every row that counts.
    /// </summary>
    private void Measure<TKernels>(in ScoreProblem problem, FloatRows keys, int first, float* own, float* rows)
        where TKernels : struct, IKernels
    {
        for (int j = 0; j < keys.Count; j++)
        {
            if (_states[first + j] != RowState.Kept) continue;
            double square = GaussianFrame.Relative(keys.Row(j), Centre, rows + (j * _columns), _columns);
            if (square <= GaussianFrame.VanishingSquare) own[j] = (float)(-0.5 * problem.Unit * square);
            else if (!problem.Key.AllFinite<TKernels>(first + j)) _states[first + j] = RowState.NonFinite;
        }
    }

    /// <summary>Values as they are, zeros in place of what is not finite or not kept; true when all of the kept ones are finite.</summary>
    private bool CopyValues(in ScoreProblem problem, int block)
    {
        float* packed = Values(block);
        for (int j = 0; j < Tile; j++)
        {
            var row = new Span<float>(packed + (j * ValueStride), ValueStride);
            int key = (block * Tile) + j, columns = _states[key] == RowState.Masked ? 0 : _valueColumns;
            if (columns > 0) problem.Value.Copy(key, 0, columns, packed + (j * ValueStride));
            row[columns..].Clear();
        }

        var rows = new Span<float>(packed, Tile * ValueStride);
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
