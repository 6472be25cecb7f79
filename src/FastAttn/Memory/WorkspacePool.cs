using FastAttn.Threading;

namespace FastAttn.Memory;

/// <summary>
/// Equal workspaces, rented and given back. It grows to the largest number ever in use at once and then allocates nothing more.
/// </summary>
internal sealed class WorkspacePool(long bytes) : IDisposable
{
    private SpinGate _gate;
    private AlignedBuffer[] _free = [];
    private int _count;
    private int _created;
    private bool _disposed;

    /// <summary>Bytes of one workspace.</summary>
    public long Bytes => bytes;

    public AlignedBuffer Rent() => TakeFree() ?? Create();

    public void Return(AlignedBuffer buffer)
    {
        _gate.Enter();
        bool keeps = !_disposed;
        if (keeps) _free[_count++] = buffer;
        _gate.Exit();
        if (!keeps) buffer.Dispose();
    }

    public void Dispose()
    {
        _gate.Enter();
        _disposed = true;
        while (_count > 0) _free[--_count].Dispose();
        _gate.Exit();
    }

    /// <summary>Frees the workspaces that nobody uses now; they are made anew when they are needed.</summary>
    public void Trim()
    {
        _gate.Enter();
        _created -= _count;
        while (_count > 0) _free[--_count].Dispose();
        _gate.Exit();
    }

    private AlignedBuffer? TakeFree()
    {
        _gate.Enter();
        bool disposed = _disposed;
        AlignedBuffer? free = !disposed && _count > 0 ? _free[--_count] : null;
        _gate.Exit();
        ObjectDisposedException.ThrowIf(disposed, this);
        return free;
    }

    private AlignedBuffer Create()
    {
        MakeRoom();
        try
        {
            return new AlignedBuffer(bytes);
        }
        catch
        {
            _gate.Enter();
            _created--;
            _gate.Exit();
            throw;
        }
    }

    /// <summary>Room for one more among the free ones before it is made, so that giving it back needs no memory.</summary>
    private void MakeRoom()
    {
        _gate.Enter();
        try
        {
            if (_free.Length == _created) Array.Resize(ref _free, Math.Max(4, 2 * _created));
            _created++;
        }
        finally
        {
            _gate.Exit();
        }
    }
}
