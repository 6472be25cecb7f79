namespace FastAttn.Toeplitz;

/// <summary>Extents of a Toeplitz product.</summary>
internal readonly record struct ToeplitzShape(int OutputLength, int InputLength, int Heads)
{
    /// <summary>Coefficients of one head.</summary>
    public int Diagonals => OutputLength + InputLength - 1;
}
