namespace FastAttn.Tensors;

/// <summary>
/// Whether two strided tensors have a byte in common. Tensors whose rows lie between each other's in one buffer, such as the
/// three parts of a packed [B, n, 3, H, d], have none.
/// </summary>
/// <remarks>
/// Row x of one and row y of the other start Σ stride·x − Σ stride·y + const bytes apart, and meet when that is less than their lengths.
/// The search takes the axes from the largest stride down. Of each it tries only the steps from which the smaller axes can still lead
/// to a meeting: one or two where axes lie within each other, as those of real arrays do.
/// </remarks>
internal ref struct SharedElements
{
    /// <summary>Strides that lie within each other take some tens of steps. What takes more counts as shared: the caller is refused, never wrong.</summary>
    private const int MostSteps = 20_000;

    private const int MostAxes = 6;

    private readonly Span<Axis> _axes;
    private readonly Int128 _least;
    private readonly Int128 _most;
    private int _steps;

    private SharedElements(Span<Axis> axes, Int128 least, Int128 most)
    {
        _axes = axes;
        _least = least;
        _most = most;
    }

    public static bool Between(StridedTensor one, StridedTensor other)
    {
        Span<Axis> axes = stackalloc Axis[MostAxes];
        int count = 0;
        Int128 apart = (Int128)one.Data - other.Data;
        int size = one.Element.Bytes(), otherSize = other.Element.Bytes();
        foreach ((long stride, int extent) in (ReadOnlySpan<(long, int)>)[(one.BatchStride, one.Batch), (one.HeadStride, one.Heads), (one.RowStride, one.Rows)])
            Add(axes, ref count, (Int128)stride * size, 0, extent - 1);
        foreach ((long stride, int extent) in (ReadOnlySpan<(long, int)>)[(other.BatchStride, other.Batch), (other.HeadStride, other.Heads), (other.RowStride, other.Rows)])
            Add(axes, ref count, (Int128)stride * otherSize, 1 - extent, 0);
        axes = axes[..count];
        axes.Sort((x, y) => y.Stride.CompareTo(x.Stride));

        // What the axes after each can add at least and at most.
        Int128 least = 0, most = 0;
        for (int axis = count - 1; axis >= 0; axis--)
        {
            axes[axis] = axes[axis] with { LeastAfter = least, MostAfter = most };
            least += axes[axis].Stride * axes[axis].First;
            most += axes[axis].Stride * axes[axis].Last;
        }

        return new SharedElements(axes, 1 - ((Int128)one.Columns * size), ((Int128)other.Columns * otherSize) - 1).Meet(0, apart);
    }

    /// <summary>Adds an axis, to another of the same stride where there is one: what counts is by how much their steps differ.</summary>
    private static void Add(Span<Axis> axes, ref int count, Int128 stride, long first, long last)
    {
        if (first == last || stride == 0) return;
        if (stride < 0) (first, last) = (-last, -first);
        Int128 size = Int128.Abs(stride);
        for (int axis = 0; axis < count; axis++)
        {
            if (axes[axis].Stride != size) continue;
            axes[axis] = axes[axis] with { First = axes[axis].First + first, Last = axes[axis].Last + last };
            return;
        }

        axes[count++] = new Axis(size, first, last);
    }

    /// <summary>Whether steps along this axis and those after it lead from <paramref name="apart"/> to a distance at which rows meet.</summary>
    private bool Meet(int index, Int128 apart)
    {
        if (index == _axes.Length) return apart >= _least && apart <= _most;
        Axis axis = _axes[index];
        Int128 first = CeilingDivide(_least - axis.MostAfter - apart, axis.Stride), last = -CeilingDivide(-(_most - axis.LeastAfter - apart), axis.Stride);
        if (first < axis.First) first = axis.First;
        if (last > axis.Last) last = axis.Last;
        for (Int128 step = first; step <= last; step++)
        {
            if (++_steps > MostSteps || Meet(index + 1, apart + (step * axis.Stride))) return true;
        }

        return false;
    }

    private static Int128 CeilingDivide(Int128 number, Int128 divisor)
    {
        Int128 quotient = number / divisor;
        return number % divisor > 0 ? quotient + 1 : quotient;
    }

    /// <summary>Steps First … Last of a stride above zero, and the range of what later axes add.</summary>
    private readonly record struct Axis(Int128 Stride, Int128 First, Int128 Last, Int128 LeastAfter = default, Int128 MostAfter = default);
}
