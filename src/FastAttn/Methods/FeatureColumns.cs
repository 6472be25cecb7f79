using System.Numerics.Tensors;
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

    private readonly float* _plain;
    private readonly float* _twisted;
    private readonly float* _scratch;
    private readonly float* _ones;
    private readonly int _stride;

    public FeatureColumns(int length, int columns, ref Arena arena)
    {
        // A cache line more: columns a power of two apart would share cache sets.
        _stride = length + 16;
        _plain = arena.Take<float>((long)columns * _stride);
        _twisted = arena.Take<float>((long)columns * _stride);
        _scratch = arena.Take<float>(length);
        _ones = arena.Take<float>(length);
        if (!arena.IsMeasuring) new Span<float>(_ones, length).Fill(1);
    }

    public float* Plain(int column) => _plain + ((long)column * _stride);

    public float* Twisted(int column) => _twisted + ((long)column * _stride);

    /// <summary>
    /// Loads an even number of columns into slots of the columns <paramref name="first"/> … <paramref name="end"/>−1 that have
    /// slots; slots without a token below <paramref name="rows"/> become zero.
    /// </summary>
    public void Load<TKernels>(
        LaneFft fft, SlotTokens tokens, SlotTwist twist, float* features, int featureStride, int rows, int columns, int first, int end)
        where TKernels : struct, IKernels
    {
        if (tokens.Layout.IsLine) LoadLine<TKernels>(fft, features, featureStride, rows, columns, first, end);
        else LoadGrid<TKernels>(fft, tokens, features, featureStride, rows, columns, first, end);
        int slot = first * fft.Rows, slots = (end - first) * fft.Rows;
        var cosine = new ReadOnlySpan<float>(twist.Cosine + slot, slots);
        var sine = new ReadOnlySpan<float>(twist.Sine + slot, slots);
        var scratch = new Span<float>(_scratch + slot, slots);
        for (int column = 0; column < columns; column += 2)
        {
            var re = new ReadOnlySpan<float>(Plain(column) + slot, slots);
            var im = new ReadOnlySpan<float>(Plain(column + 1) + slot, slots);

            // (re + i·im) · e^(−i·angle)
            TensorPrimitives.Multiply(im, sine, scratch);
            TensorPrimitives.MultiplyAdd(re, cosine, scratch, new Span<float>(Twisted(column) + slot, slots));
            TensorPrimitives.Multiply(re, sine, scratch);
            TensorPrimitives.Negate(scratch, scratch);
            TensorPrimitives.MultiplyAdd(im, cosine, scratch, new Span<float>(Twisted(column + 1) + slot, slots));
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
