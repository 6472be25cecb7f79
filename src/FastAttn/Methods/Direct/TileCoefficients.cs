namespace FastAttn.Methods;

/// <summary>The coefficients of a tile: those of a row side by side, and floats from a row to the next; −1 on a line, where the next row is one offset behind.</summary>
internal readonly unsafe struct TileCoefficients(float* ofFirstRow, nint stride)
{
    public readonly float* OfFirstRow = ofFirstRow;

    public readonly nint Stride = stride;
}
