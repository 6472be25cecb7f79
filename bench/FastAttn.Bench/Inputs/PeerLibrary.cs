using System.Runtime.InteropServices;

namespace FastAttn.Bench.Inputs;

/// <summary>
/// Other implementations of one head, in a shared library with the functions of <c>bench/peers/peers.h</c>: in this process
/// they run in the same rounds as ours.
/// </summary>
internal sealed unsafe class PeerLibrary
{
    private readonly delegate* unmanaged<int, byte*> _name;
    private readonly delegate* unmanaged<int, int, int, int, float*, float*, float*, float*, float*, void*> _create;
    private readonly delegate* unmanaged<void*, void> _run;
    private readonly delegate* unmanaged<void*, void> _destroy;

    public PeerLibrary(string path)
    {
        nint library = NativeLibrary.Load(path);
        _name = (delegate* unmanaged<int, byte*>)NativeLibrary.GetExport(library, "peer_name");
        _create = (delegate* unmanaged<int, int, int, int, float*, float*, float*, float*, float*, void*>)NativeLibrary.GetExport(library, "peer_create");
        _run = (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(library, "peer_run");
        _destroy = (delegate* unmanaged<void*, void>)NativeLibrary.GetExport(library, "peer_destroy");
        var names = new List<string>();
        for (int index = 0; _name(index) is not null; index++) names.Add(Marshal.PtrToStringUTF8((nint)_name(index))!);
        Names = names;
    }

    /// <summary>What the implementations are called.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>A head for one implementation; null when it cannot do these sizes. Free with <see cref="Head.Dispose"/>.</summary>
    /// <param name="index">Which of <see cref="Names"/>.</param>
    /// <param name="coefficients">c = exp(b), <c>[2n − 1]</c>.</param>
    /// <param name="query">φ(q), <c>[n, m]</c>.</param>
    /// <param name="key">φ(k), <c>[n, m]</c>.</param>
    /// <param name="value">v, <c>[n, d]</c>.</param>
    /// <param name="length">n.</param>
    public Head? Create(int index, float[] coefficients, float[] query, float[] key, float[] value, int length)
    {
        var head = new Head(this, [coefficients, query, key, value, new float[value.Length]]);
        head.State = _create(
            index, length, query.Length / length, value.Length / length,
            head.Pointer(0), head.Pointer(1), head.Pointer(2), head.Pointer(3), head.Pointer(4));
        if (head.State is not null) return head;
        head.Dispose();
        return null;
    }

    /// <summary>One implementation with its inputs.</summary>
    internal sealed class Head(PeerLibrary library, float[][] arrays) : IDisposable
    {
        private readonly GCHandle[] _pins = Array.ConvertAll(arrays, array => GCHandle.Alloc(array, GCHandleType.Pinned));

        public void* State { get; set; }

        /// <summary>z, <c>[n, d]</c>.</summary>
        public float[] Output => arrays[4];

        public float* Pointer(int array) => (float*)_pins[array].AddrOfPinnedObject();

        public void Run() => library._run(State);

        public void Dispose()
        {
            if (State is not null) library._destroy(State);
            State = null;
            foreach (GCHandle pin in _pins) pin.Free();
        }
    }
}
