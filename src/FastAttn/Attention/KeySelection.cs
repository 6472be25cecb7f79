namespace FastAttn.Attention;

/// <summary>Which keys of each sequence take part in one call, checked and pinned.</summary>
/// <param name="keyMask"><c>[n_k]</c> or <c>[B, n_k]</c>, true = attend; null for all.</param>
/// <param name="maskPerBatch">Whether there is one mask a sequence.</param>
/// <param name="lengths"><c>[B]</c>: keys kept from the front; null for all.</param>
/// <param name="keyLength">Keys n_k of a sequence.</param>
internal readonly unsafe struct KeySelection(bool* keyMask, bool maskPerBatch, int* lengths, int keyLength)
{
    /// <summary>A mask of so many entries and these lengths fit the keys of a batch.</summary>
    public static void Check(int maskLength, ReadOnlySpan<int> lengths, int batch, int keyLength)
    {
        if (maskLength != 0 && maskLength != keyLength && maskLength != (long)batch * keyLength)
            throw new ShapeException(Invariant($"keyMask has {maskLength} entries; expected {keyLength} or {batch} × {keyLength}"), "keyMask");
        if (lengths.Length != 0 && lengths.Length != batch)
            throw new ShapeException(Invariant($"lengths has {lengths.Length} entries; expected one a sequence, {batch}"), nameof(lengths));
        for (int sequence = 0; sequence < lengths.Length; sequence++)
        {
            if (lengths[sequence] < 0 || lengths[sequence] > keyLength)
                throw new ArgumentOutOfRangeException(nameof(lengths), Invariant($"lengths[{sequence}] is {lengths[sequence]}; expected 0…{keyLength}"));
        }
    }

    /// <summary>The mask of a sequence; null when all of its kept keys attend.</summary>
    public bool* Mask(int batch) => keyMask is null || !maskPerBatch ? keyMask : keyMask + ((long)batch * keyLength);

    /// <summary>Keys kept from the front of a sequence.</summary>
    public int Kept(int batch) => lengths is null ? keyLength : lengths[batch];
}
