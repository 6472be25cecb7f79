namespace FastAttn.Native;

/// <summary>
/// Objects behind the numbers a caller holds. A number carries the kind of object, a slot and the slot's generation, so one that
/// was destroyed, made up or meant for another kind is recognised instead of followed. Thread-safe.
/// </summary>
/// <param name="kind">1…255, one for each table.</param>
/// <param name="name">The parameter to name in errors.</param>
internal sealed class HandleTable<T>(byte kind, string name)
    where T : class
{
    private const int SlotBits = 24;

    private readonly Lock _lock = new();
    private readonly List<Slot> _slots = [];
    private readonly Stack<int> _free = new();

    public ulong Add(T value)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out int index))
            {
                if (_slots.Count == 1 << SlotBits) throw new InsufficientMemoryException("too many live handles");
                index = _slots.Count;
                _slots.Add(new Slot());
            }

            Slot slot = _slots[index];
            slot.Value = value;
            slot.Alive = true;
            slot.Generation++;
            return ((ulong)slot.Generation << 32) | ((ulong)kind << SlotBits) | (uint)index;
        }
    }

    /// <summary>Keeps the object alive until the lease ends, whoever destroys the handle meanwhile.</summary>
    public Lease Acquire(ulong id)
    {
        lock (_lock)
        {
            Slot slot = Find(id);
            slot.Leases++;
            return new Lease(this, slot, (int)(id & ((1 << SlotBits) - 1)));
        }
    }

    /// <summary>Ends a handle; 0 is no handle and ends nothing.</summary>
    public void Remove(ulong id)
    {
        if (id == 0) return;
        T? ended;
        lock (_lock)
        {
            Slot slot = Find(id);
            slot.Alive = false;
            ended = Reclaim(slot, (int)(id & ((1 << SlotBits) - 1)));
        }

        (ended as IDisposable)?.Dispose();
    }

    private Slot Find(ulong id)
    {
        int index = (int)(id & ((1 << SlotBits) - 1));
        bool known = (byte)(id >> SlotBits) == kind && index < _slots.Count;
        if (!known || !_slots[index].Alive || _slots[index].Generation != (uint)(id >> 32))
        {
            throw new AbiException(Status.Handle, $"{name} is the handle {id}, which is not alive; expected one that was created and not yet destroyed", name);
        }

        return _slots[index];
    }

    /// <summary>Empties a slot that nobody uses any more, for the caller to dispose of its object outside the lock.</summary>
    private T? Reclaim(Slot slot, int index)
    {
        if (slot.Alive || slot.Leases > 0) return null;
        T? value = slot.Value;
        slot.Value = null;
        _free.Push(index);
        return value;
    }

    private void Release(Slot slot, int index)
    {
        T? ended;
        lock (_lock)
        {
            slot.Leases--;
            ended = Reclaim(slot, index);
        }

        (ended as IDisposable)?.Dispose();
    }

    /// <summary>The use of an object for the length of one call.</summary>
    public readonly ref struct Lease
    {
        private readonly HandleTable<T> _table;
        private readonly Slot _slot;
        private readonly int _index;

        internal Lease(HandleTable<T> table, Slot slot, int index)
        {
            _table = table;
            _slot = slot;
            _index = index;
        }

        public T Value => _slot.Value!;

        public void Dispose() => _table.Release(_slot, _index);
    }

    internal sealed class Slot
    {
        public T? Value;
        public uint Generation;
        public int Leases;
        public bool Alive;
    }
}
