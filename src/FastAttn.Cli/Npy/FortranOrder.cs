namespace FastAttn.Cli.Npy;

/// <summary>Turns arrays whose first axis varies fastest into C order.</summary>
internal static class FortranOrder
{
    /// <summary>A copy in C order; the array itself where both orders are the same. O(elements), and memory for one more array.</summary>
    public static T[] ToC<T>(T[] values, int[] shape)
    {
        if (values.Length == 0 || shape.Count(extent => extent > 1) < 2) return values;
        T[] ordered = new T[values.Length];
        int[] index = new int[shape.Length], strides = new int[shape.Length];
        for (int axis = 0, stride = 1; axis < shape.Length; stride *= shape[axis++]) strides[axis] = stride;
        for (int target = 0, source = 0; target < ordered.Length; target++)
        {
            ordered[target] = values[source];
            for (int axis = shape.Length - 1; axis >= 0; axis--)
            {
                source += strides[axis];
                if (++index[axis] < shape[axis]) break;
                source -= strides[axis] * shape[axis];
                index[axis] = 0;
            }
        }

        return ordered;
    }
}
