using FastAttn.Memory;

namespace FastAttn.Features;

/// <summary>
/// What is known of a block of rows before they are mapped, one entry a row. A row is multiplied twice: in float64 as it is copied,
/// which ordinary rows need not be, and in float32 as it is projected.
/// </summary>
/// <param name="copyFactors">What a row is multiplied by as it is copied: 1 for an ordinary one, 0 for one that does not count.</param>
/// <param name="factors">What its copy, or an ordinary row where it stands, is multiplied by.</param>
/// <param name="exponents">The true row is that times 2^exponent.</param>
/// <param name="halfSquaredNorms">½‖x‖² of the true row.</param>
internal readonly unsafe struct RowBlock(double* copyFactors, float* factors, int* exponents, double* halfSquaredNorms)
{
    public double* CopyFactors => copyFactors;

    public float* Factors => factors;

    public int* Exponents => exponents;

    public double* HalfSquaredNorms => halfSquaredNorms;

    /// <summary>Room for so many rows, a multiple of 8.</summary>
    public static RowBlock Take(int rows, ref Arena arena) =>
        new(arena.Take<double>(rows), arena.Take<float>(rows), arena.Take<int>(rows), arena.Take<double>(rows));

    public RowBlock From(int row) => new(copyFactors + row, factors + row, exponents + row, halfSquaredNorms + row);
}
