namespace FastAttn.Toeplitz;

/// <summary>A prepared product that is computed a block of columns at a time. Immutable and thread-safe.</summary>
internal interface IColumnProduct
{
    /// <summary>Most columns of a block. What a column becomes depends on the columns of its block alone.</summary>
    int BlockColumns { get; }

    /// <summary>The product of one block with the matrix of one head.</summary>
    void Run(int head, in ToeplitzColumns columns);
}
