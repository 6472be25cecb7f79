using FastAttn.Features;
using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>
/// The value rows of one head, read as the methods want them: scaled by a power of two so that sums cannot overflow, masked rows
/// and non-finite entries as zeros.
/// </summary>
internal readonly unsafe struct ValueSource(RowSource rows, RowState* states, float factor)
{
    /// <summary>The power of two every value is multiplied by.</summary>
    public float Factor => factor;

    /// <summary>The same values with the factor that suits rows of the given size.</summary>
    public ValueSource ScaledFor(double size) => new(rows, states, FactorFor(size));

    /// <summary>The power of two that brings a size near one, as far as float32 has it; one for nothing.</summary>
    public static float FactorFor(double size) => size > 0 ? MathF.ScaleB(1, -Math.Clamp(Math.ILogB(size), -120, 120)) : 1;

    public int Columns => rows.Columns;

    public int Count => rows.Count;

    /// <summary>Copies columns <paramref name="first"/> … of row <paramref name="row"/>; what lies beyond the last column becomes zero.</summary>
    public void Copy<TKernels>(int row, int first, int count, float* target)
        where TKernels : struct, IRowKernels
    {
        int present = Math.Clamp(rows.Columns - first, 0, count);
        if (present < count) new Span<float>(target + present, count - present).Clear();
        float* source = rows.Row(row) + first;
        switch (states[row])
        {
            case RowState.Kept:
                TKernels.Scale(source, target, present, factor);
                break;
            case RowState.Masked:
                new Span<float>(target, present).Clear();
                break;
            default:
                for (int column = 0; column < present; column++) target[column] = float.IsFinite(source[column]) ? source[column] * factor : 0;
                break;
        }
    }
}
