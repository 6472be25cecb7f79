namespace FastAttn.Features;

/// <summary>Rows of one head where the caller keeps them.</summary>
internal readonly unsafe record struct RowSource(nint Address, long Stride, int Count, int Columns)
{
    public float* Row(int row) => (float*)Address + (row * Stride);
}
