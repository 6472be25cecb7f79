using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Tensors;

namespace FastAttn.Methods;

/// <summary>
/// The value rows of one head, read as the methods want them: scaled by a power of two so that sums cannot overflow, masked rows
/// and non-finite entries as zeros.
/// </summary>
internal readonly unsafe struct ValueSource(RowSource rows, RowState* states, float factor)
{
    private const double NearOne = 1.0 / (1 << 20);

    /// <summary>The power of two every value is multiplied by.</summary>
    public float Factor => factor;

    /// <summary>The same values as they are.</summary>
    public ValueSource Unscaled => new(rows, states, 1);

    /// <summary>The same values with the factor that suits rows of the given size.</summary>
    public ValueSource ScaledFor(double size) => new(rows, states, FactorFor(size));

    /// <summary>The same, but with no more than what brings <paramref name="limit"/> near one.</summary>
    public ValueSource ScaledFor(double size, double limit)
    {
        double most = limit > 0 ? Math.ScaleB(1, -Math.ILogB(limit)) : double.PositiveInfinity;
        return new(rows, states, (float)Math.Min(FactorFor(size), most));
    }

    /// <summary>
    /// The power of two that brings a size near one, as far as float32 has it; one for nothing and for sizes that are near
    /// enough: those values are used where they are.
    /// </summary>
    public static float FactorFor(double size) =>
        size is > NearOne and < 1 / NearOne or 0 ? 1 : MathF.ScaleB(1, -Math.Clamp(Math.ILogB(size), -120, 120));

    public int Columns => rows.Columns;

    public int Count => rows.Count;

    /// <summary>Some of the rows.</summary>
    public ValueSource Slice(int first, int count) => new(rows.Slice(first, count), states + first, factor);

    /// <summary>Where rows <paramref name="first"/> … stand as the methods want them, one after the other; null when they have to be copied.</summary>
    public float* InPlace(int first, int count) =>
        factor == 1 && rows.Stride == rows.Columns && first + count <= rows.Count
        && new ReadOnlySpan<byte>(states + first, count).IndexOfAnyExcept((byte)RowState.Kept) < 0 ? rows.InPlace(first) : null;

    /// <summary>Copies columns <paramref name="first"/> … of row <paramref name="row"/>; what lies beyond the last column becomes zero.</summary>
    public void Copy<TKernels>(int row, int first, int count, float* target)
        where TKernels : struct, IRowKernels
    {
        int present = Math.Clamp(rows.Columns - first, 0, count);
        if (present < count) new Span<float>(target + present, count - present).Clear();
        if (states[row] == RowState.Masked)
        {
            new Span<float>(target, present).Clear();
            return;
        }

        float* source = rows.Read(row, first, present, target);
        if (states[row] == RowState.Kept)
        {
            TKernels.Scale(source, target, present, factor);
            return;
        }

        for (int column = 0; column < present; column++) target[column] = float.IsFinite(source[column]) ? source[column] * factor : 0;
    }
}
