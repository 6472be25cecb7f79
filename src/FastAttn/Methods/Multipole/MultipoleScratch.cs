namespace FastAttn.Methods;

/// <summary>What one thread of a multipole computation works in.</summary>
internal readonly unsafe struct MultipoleScratch(float* window, float* local, float* matrix, float* leaf, float* rowSums)
{
    /// <summary>States of the smaller boxes within some coarse boxes.</summary>
    public readonly float* Window = window;

    /// <summary>What rows of a box take out, one a level.</summary>
    public readonly float* Local = local;

    /// <summary>The left factor of a product of states.</summary>
    public readonly float* Matrix = matrix;

    /// <summary>Weighted keys or queries of a leaf.</summary>
    public readonly float* Leaf = leaf;

    /// <summary>Row sums of tiles, a partial sum a lane.</summary>
    public readonly float* RowSums = rowSums;
}
