namespace FastAttn.Threading;

/// <summary>
/// A value that is made when it is first asked for, by one thread while others wait. Unlike <see cref="Lazy{T}"/> it keeps no exception:
/// memory that was lacking may be there the next time, and who cancels ends one call, not all later ones.
/// </summary>
internal sealed class Once<T>(Func<T> make)
{
    private readonly Lock _gate = new();
    private T? _value;
    private volatile bool _isMade;

    public T Value
    {
        get
        {
            if (_isMade) return _value!;
            lock (_gate)
            {
                if (!_isMade) _value = make();
                _isMade = true;
                return _value!;
            }
        }
    }
}
