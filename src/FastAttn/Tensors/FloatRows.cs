namespace FastAttn.Tensors;

/// <summary>Rows of float32, where the caller keeps them or in scratch.</summary>
internal readonly unsafe record struct FloatRows(nint Address, long Stride, int Count, int Columns)
{
    public float* Row(int row) => (float*)Address + (row * Stride);
}
