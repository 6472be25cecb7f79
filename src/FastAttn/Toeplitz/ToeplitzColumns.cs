namespace FastAttn.Toeplitz;

/// <summary>A few columns of one operand and of what becomes of their product, where the caller keeps them.</summary>
internal unsafe struct ToeplitzColumns
{
    /// <summary>The operand's first element, and floats between its rows.</summary>
    public float* X;

    /// <inheritdoc cref="X"/>
    public nint XStride;

    /// <summary>Rows of the operand that are there; those after them count as zeros.</summary>
    public int Rows;

    /// <summary>One a row: whether it is there; what the others hold is not looked at. Null for all.</summary>
    public bool* Mask;

    /// <summary>The product's first element, and floats between its rows.</summary>
    public float* Y;

    /// <inheritdoc cref="Y"/>
    public nint YStride;

    /// <summary>Places the product goes to, and floats between them.</summary>
    public int Copies;

    /// <inheritdoc cref="Copies"/>
    public nint CopyStride;

    /// <summary>Whether the product is added to what is there, rather than written over it.</summary>
    public bool Adds;

    /// <summary>How many columns.</summary>
    public int Width;

    /// <summary>Whether a row of the operand is there.</summary>
    public readonly bool HasRow(int row) => row < Rows && (Mask is null || Mask[row]);

    /// <summary>The end of the rows from <paramref name="row"/> on that are there like it, or not there like it; at most <paramref name="end"/>.</summary>
    public readonly int RunEnd(int row, int end)
    {
        if (Mask is null) return end;
        int length = new ReadOnlySpan<bool>(Mask + row, end - row).IndexOf(!Mask[row]);
        return length < 0 ? end : row + length;
    }
}
