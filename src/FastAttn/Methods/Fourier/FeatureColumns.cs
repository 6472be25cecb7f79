using System.Numerics;
using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// Some columns of a feature matrix in slot order: as they are for the cyclic half of a Toeplitz product, and turned by the
/// token's angle for the skew half. A pair of features is one complex number, so turning mixes the two.
/// </summary>
internal readonly unsafe struct FeatureColumns
{
    /// <summary>Rows of an outermost column step at most, and columns that are loaded at most.</summary>
    private const int MostRows = 16, RowFloats = 16;

    /// <summary>Columns of the transform whose slots are loaded at a time.</summary>
    private const int ColumnsAtOnce = 8;

    private readonly float* _plain;
    private readonly float* _twisted;
    private readonly float* _ones;
    private readonly int _stride;

    public FeatureColumns(int length, int columns, ref Arena arena)
    {
        // A cache line more: columns a power of two apart would share cache sets.
        _stride = length + 16;
        _plain = arena.Take<float>((long)columns * _stride);
        _twisted = arena.Take<float>((long)columns * _stride);
        _ones = arena.Take<float>(MostRows);
        if (!arena.IsMeasuring) new Span<float>(_ones, MostRows).Fill(1);
    }

    public float* Plain(int column) => _plain + ((long)column * _stride);

    public float* Twisted(int column) => _twisted + ((long)column * _stride);

    /// <summary>
    /// Loads an even number of columns, a few of the transform's columns at a time so that both sides stay in the cache; slots without
    /// a token below <paramref name="rows"/> become zero.
    /// </summary>
    public void Load<TKernels>(LaneFft fft, SlotTokens tokens, SlotTwist twist, float* features, int featureStride, int rows, int columns)
        where TKernels : struct, IKernels
    {
        for (int first = 0; first < tokens.Runs.Columns; first += ColumnsAtOnce)
        {
            int end = Math.Min(first + ColumnsAtOnce, tokens.Runs.Columns), slot = first * fft.Rows, slots = (end - first) * fft.Rows;
            if (tokens.Layout.IsLine) LoadLine<TKernels>(fft, features, featureStride, rows, columns, first, end);
            else LoadGrid<TKernels>(fft, tokens, features, featureStride, rows, columns, first, end);
            for (int column = 0; column < columns; column += 2)
                Twist(Plain(column) + slot, Plain(column + 1) + slot, twist.Cosine + slot, twist.Sine + slot, slots, Twisted(column) + slot, Twisted(column + 1) + slot);
        }
    }

    /// <summary>(re + i·im) · e^(−i·angle).</summary>
    private static void Twist(float* re, float* im, float* cosine, float* sine, int count, float* twistedRe, float* twistedIm)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> x = Vector.Load(re + i), y = Vector.Load(im + i), cos = Vector.Load(cosine + i), sin = Vector.Load(sine + i);
            Vector.Store((x * cos) + (y * sin), twistedRe + i);
            Vector.Store((y * cos) - (x * sin), twistedIm + i);
        }

        for (; i < count; i++)
        {
            twistedRe[i] = (re[i] * cosine[i]) + (im[i] * sine[i]);
            twistedIm[i] = (im[i] * cosine[i]) - (re[i] * sine[i]);
        }
    }

    private void LoadLine<TKernels>(LaneFft fft, float* features, int featureStride, int rows, int columns, int first, int end)
        where TKernels : struct, IKernels
    {
        for (int t2 = first; t2 < end; t2++)
        {
            int present = Math.Clamp((rows - t2 + fft.Columns - 1) / fft.Columns, 0, fft.Rows);
            float* target = _plain + ((long)t2 * fft.Rows);
            TKernels.TransposeScaled(
                features + ((long)t2 * featureStride), (nint)fft.Columns * featureStride, present, columns, _ones, target, _stride);
            for (int column = 0; column < columns; column++)
                new Span<float>(target + ((long)column * _stride) + present, fft.Rows - present).Clear();
        }
    }

    /// <summary>The tokens of a column of slots do not lie evenly: their rows are brought together before they are transposed.</summary>
    private void LoadGrid<TKernels>(LaneFft fft, SlotTokens tokens, float* features, int featureStride, int rows, int columns, int first, int end)
        where TKernels : struct, IKernels
    {
        float* together = stackalloc float[MostRows * RowFloats];
        for (int t2 = first; t2 < end; t2++)
        {
            for (int t1 = 0; t1 < fft.Rows; t1++)
            {
                int token = tokens.Token(t2, t1);
                var row = new Span<float>(together + (t1 * RowFloats), columns);
                if (token < rows) new ReadOnlySpan<float>(features + ((long)token * featureStride), columns).CopyTo(row);
                else row.Clear();
            }

            TKernels.TransposeScaled(together, RowFloats, fft.Rows, columns, _ones, _plain + ((long)t2 * fft.Rows), _stride);
        }
    }
}
