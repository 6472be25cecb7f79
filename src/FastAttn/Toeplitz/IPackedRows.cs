namespace FastAttn.Toeplitz;

/// <summary>Takes packed rows of a product as they come out of a transform.</summary>
internal unsafe interface IPackedRows
{
    /// <summary>Takes rows <paramref name="row"/> … <paramref name="row"/> + <paramref name="count"/> − 1, a segment; some may lie beyond the product.</summary>
    void Put(float* packed, int row, int count, int segment);
}
