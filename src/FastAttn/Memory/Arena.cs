namespace FastAttn.Memory;

/// <summary>
/// Hands out pieces of one buffer, in order, each on a cache line; <see cref="Release"/> gives back everything after a mark.
/// With no buffer behind it, it only measures: the code that allocates is the code that says how much is needed.
/// </summary>
internal unsafe struct Arena(byte* start, long capacity)
{
    private const long CacheLine = 64;

    private long _used;

    /// <summary>An arena that measures.</summary>
    public static Arena Measuring => new(null, long.MaxValue);

    /// <summary>True when pieces are null and only <see cref="Peak"/> counts.</summary>
    public readonly bool IsMeasuring => start is null;

    /// <summary>The most bytes that were in use at once.</summary>
    public long Peak { get; private set; }

    /// <summary>Where the next piece starts.</summary>
    public readonly long Mark => _used;

    /// <summary>Gives back every piece taken after <paramref name="mark"/>.</summary>
    public void Release(long mark) => _used = mark;

    /// <summary>A piece of <paramref name="count"/> elements, not cleared.</summary>
    public T* Take<T>(long count)
        where T : unmanaged
    {
        long offset = _used;
        _used += ((count * sizeof(T)) + CacheLine - 1) & ~(CacheLine - 1);
        Peak = Math.Max(Peak, _used);
        if (_used > capacity) throw new InvalidOperationException(Invariant($"workspace of {capacity} bytes is too small for {_used}"));
        return IsMeasuring ? null : (T*)(start + offset);
    }
}
