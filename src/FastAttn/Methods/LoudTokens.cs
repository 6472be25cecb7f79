using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Few tokens beside whose keys or values the head's others would be lost: in the rounding of a transform, which falls on all rows whether
/// they see the token or not, or in underflow. Methods compute the sums without them; tiles add them to the rows that see them.
/// </summary>
internal readonly unsafe struct LoudTokens
{
    /// <summary>
    /// How far features of loud keys, and loud values, may lie above one, as powers of two. All of them together, over thousands of features,
    /// stay in float32. Where they are louder the other tokens lie below one.
    /// </summary>
    private const int KeyHeadroom = 40, ValueHeadroom = 60;

    /// <summary>How far below the loud keys a feature column may lie and still come to a size near one.</summary>
    private const int ColumnHeadroom = 100;

    private const int Tile = KernelShape.KeyTile;

    private readonly LoudToken* _tokens;
    private readonly float* _keys;
    private readonly float* _values;
    private readonly int _features;
    private readonly int _valueStride;

    private LoudTokens(in HeadProblem problem, int lanes, ref Arena arena)
    {
        int most = LoudChoice.Most(problem.KeyCount), padded = Padding.RoundUp(most, Tile);
        _features = problem.Features;
        _valueStride = Padding.RoundUp(problem.ValueDimension, lanes);
        _tokens = arena.Take<LoudToken>(most);
        _keys = arena.Take<float>((long)padded * _features);
        _values = arena.Take<float>((long)padded * _valueStride);
    }

    /// <summary>How many there are.</summary>
    public int Count { get; private init; }

    private int Blocks => (Count + Tile - 1) / Tile;

    /// <summary>
    /// Takes the loud tokens out of <paramref name="problem"/>, and brings all keys to one log-scale and all values to one factor, which
    /// suit the tokens that stay.
    /// </summary>
    /// <param name="problem">The head. Its keys are each relative to its own scale.</param>
    /// <param name="keyScales">These scales.</param>
    /// <param name="method">Says how loud loud tokens are.</param>
    /// <param name="crew">Shares the keys.</param>
    /// <param name="arena">Where loud tokens stay.</param>
    public static void TakeOut<TKernels>(ref HeadProblem problem, double* keyScales, AttentionMethod method, Crew crew, ref Arena arena)
        where TKernels : struct, IKernels
    {
        var loud = new LoudTokens(problem, TKernels.Lanes, ref arena);
        int count = LoudChoice.TakeOut(
            keyScales, problem.ValueNorm, problem.KeyCount, method.KeyLoudness, method.ValueLoudness, loud._tokens, ref arena);
        loud = loud with { Count = count };
        if (arena.IsMeasuring) return;
        double loudestKey = double.NegativeInfinity, loudestValue = 0;
        for (int index = 0; index < loud.Count; index++)
        {
            loudestKey = Math.Max(loudestKey, loud._tokens[index].Scale);
            loudestValue = Math.Max(loudestValue, loud._tokens[index].Norm);
        }

        if (loud.Count > 0)
        {
            double largestNorm = TensorPrimitives.Max(new ReadOnlySpan<double>(problem.ValueNorm, problem.KeyCount));
            problem.Values = problem.Values.ScaledFor(largestNorm, Math.ScaleB(loudestValue, -ValueHeadroom));
        }

        double largestScale = TensorPrimitives.Max(new ReadOnlySpan<double>(keyScales, problem.KeyCount));
        if (double.IsNegativeInfinity(largestScale)) return;
        problem.KeyLogScale = Math.Max(largestScale, loudestKey - (KeyHeadroom * Math.Log(2)));
        loud.Pack<TKernels>(problem);
        KeyScale<TKernels>.Unify(problem.Key, problem.FeatureStride, keyScales, problem.KeyCount, problem.KeyLogScale, crew);
        problem.Loud = loud;
    }

    /// <summary>Gives the norms back: rows that are recomputed alone look at all tokens.</summary>
    public void PutBack(double* norms)
    {
        for (int index = 0; index < Count; index++) norms[_tokens[index].Token] = _tokens[index].Norm;
    }

    /// <summary>
    /// Raises <paramref name="largest"/>, the largest entry of each feature, where it is so small that a loud key's would overflow beside it.
    /// </summary>
    public void RaiseLargest(float* largest)
    {
        for (int block = 0; block < Blocks; block++)
        {
            for (int a = 0; a < _features; a++)
            {
                float most = MathF.Abs(TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(Keys(block) + (a * Tile), Tile)));
                largest[a] = Math.Max(largest[a], MathF.ScaleB(most, -ColumnHeadroom));
            }
        }
    }

    /// <summary>Multiplies each feature by its factor.</summary>
    public void ScaleFeatures(float* factors)
    {
        for (int block = 0; block < Blocks; block++)
        {
            for (int a = 0; a < _features; a++)
            {
                var feature = new Span<float>(Keys(block) + (a * Tile), Tile);
                TensorPrimitives.Multiply(feature, factors[a], feature);
            }
        }
    }

    /// <summary>Adds what rows <paramref name="first"/> … <paramref name="end"/>−1 see of them.</summary>
    public void Add<TKernels>(in HeadProblem problem, CoefficientWindow coefficients, in PartialSums sums, int first, int end)
        where TKernels : struct, IKernels
    {
        int rowsAtOnce = 4 * TKernels.RowTile;
        for (int block = 0; block < Blocks; block++)
        {
            for (int row = first; row < end; row += rowsAtOnce)
                AddTile<TKernels>(problem, coefficients, sums, block, row, Math.Min(rowsAtOnce, end - row));
        }
    }

    [SkipLocalsInit]
    private void AddTile<TKernels>(in HeadProblem problem, CoefficientWindow coefficients, in PartialSums sums, int block, int row, int rows)
        where TKernels : struct, IKernels
    {
        int count = Math.Min(Tile, Count - (block * Tile)), columns = Padding.RoundUp(count, TKernels.Lanes);
        float* numbers = stackalloc float[rows * columns], products = stackalloc float[rows * columns];
        if (!Gather(problem, coefficients, block * Tile, count, row, rows, numbers, columns)) return;
        TKernels.Multiply(
            rows, _features, columns, problem.Query + ((long)row * problem.FeatureStride), problem.FeatureStride, Keys(block), Tile, products, columns);
        var weights = new Span<float>(products, rows * columns);
        TensorPrimitives.Multiply(weights, new ReadOnlySpan<float>(numbers, rows * columns), weights);
        for (int r = 0; r < rows; r++) sums.Denominators[row + r] += TensorPrimitives.Sum<float>(weights.Slice(r * columns, columns));
        TKernels.MultiplyAdd(
            rows, count, _valueStride, products, columns, Values(block), _valueStride,
            sums.Numerators + ((long)row * sums.NumeratorStride), sums.NumeratorStride);
    }

    /// <summary>The coefficients between rows and tokens, zero beyond the last token; returns whether any is not zero.</summary>
    private bool Gather(
        in HeadProblem problem, CoefficientWindow coefficients, int firstToken, int count, int row, int rows, float* numbers, int columns)
    {
        TokenLayout layout = problem.Layout;
        bool hasSpecials = layout.Specials > 0;
        int* places = stackalloc int[Tile];
        for (int index = 0; index < count; index++) places[index] = layout.Place(_tokens[firstToken + index].Token) + problem.Offset;
        bool any = false;
        for (int r = 0; r < rows; r++, numbers += columns)
        {
            int place = layout.Place(row + r);
            for (int index = 0; index < count; index++)
            {
                int offset = hasSpecials ? problem.OffsetBetween(row + r, _tokens[firstToken + index].Token) : places[index] - place;
                numbers[index] = offset >= coefficients.FirstNonZero && offset <= coefficients.LastNonZero ? *coefficients.From(offset) : 0;
                any |= numbers[index] != 0;
            }

            new Span<float>(numbers + count, columns - count).Clear();
        }

        return any;
    }

    /// <summary>Brings the tokens' keys and values together as tiles want them; keys are relative to their own scales before.</summary>
    private void Pack<TKernels>(in HeadProblem problem)
        where TKernels : struct, IRowKernels
    {
        Clearing.Clear(_keys, (long)Blocks * Tile * _features);
        for (int index = 0; index < Count; index++)
        {
            (int token, double scale, _) = _tokens[index];
            float factor = (float)Math.Exp(scale - problem.KeyLogScale);
            float* source = problem.Key + ((long)token * problem.FeatureStride), target = Keys(index / Tile) + (index % Tile);
            for (int a = 0; a < _features; a++) target[a * Tile] = source[a] * factor;
            problem.Values.Copy<TKernels>(token, 0, _valueStride, _values + ((long)index * _valueStride));
        }
    }

    /// <summary><c>[features, Tile]</c>.</summary>
    private float* Keys(int block) => _keys + ((long)block * Tile * _features);

    /// <summary><c>[Tile, value stride]</c>.</summary>
    private float* Values(int block) => _values + ((long)block * Tile * _valueStride);
}
