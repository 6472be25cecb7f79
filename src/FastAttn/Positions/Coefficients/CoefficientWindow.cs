namespace FastAttn.Positions;

/// <summary>Coefficients c_t by offset t, and where they are not zero.</summary>
/// <param name="AtZero">Points at c_0; tiles may read a margin of zeros beyond both ends.</param>
/// <param name="FirstNonZero">Smallest offset whose c_t is not zero in float32.</param>
/// <param name="LastNonZero">Largest such offset; below FirstNonZero when there is none.</param>
internal readonly unsafe record struct CoefficientWindow(nint AtZero, int FirstNonZero, int LastNonZero)
{
    public bool IsEmpty => FirstNonZero > LastNonZero;

    public float* From(long offset) => (float*)AtZero + offset;
}
