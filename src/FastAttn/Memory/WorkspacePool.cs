namespace FastAttn.Memory;

/// <summary>
/// Equal workspaces, rented and given back. It grows to the largest number ever in use at once and then allocates nothing more.
/// </summary>
internal sealed class WorkspacePool(long bytes) : IDisposable
{
    private readonly Lock _gate = new();
    private AlignedBuffer[] _free = [];
    private int _count;
    private int _created;
    private bool _disposed;

    /// <summary>Bytes of one workspace.</summary>
    public long Bytes => bytes;

    public AlignedBuffer Rent()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_count > 0) return _free[--_count];
            _created++;
            if (_free.Length < _created) Array.Resize(ref _free, 2 * _created);
        }

        return new AlignedBuffer(bytes);
    }

    public void Return(AlignedBuffer buffer)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _free[_count++] = buffer;
                return;
            }
        }

        buffer.Dispose();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            while (_count > 0) _free[--_count].Dispose();
        }
    }
}
