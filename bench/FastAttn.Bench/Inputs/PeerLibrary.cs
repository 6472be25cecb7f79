using System.Runtime.InteropServices;

namespace FastAttn.Bench.Inputs;

/// <summary>
/// Other implementations of one head and of Toeplitz products, in a shared library with the functions of
/// <c>bench/peers/peers.h</c>: in this process they run in the same rounds as ours.
/// </summary>
internal sealed unsafe class PeerLibrary
{
    private readonly nint _library;
    private readonly delegate* unmanaged<int, int, int, int, float*, float*, float*, float*, float*, void*> _create;
    private readonly delegate* unmanaged<int, int, int, float*, float*, float*, void*> _createToeplitz;

    public PeerLibrary(string path)
    {
        _library = NativeLibrary.Load(path);
        _create = (delegate* unmanaged<int, int, int, int, float*, float*, float*, float*, float*, void*>)Export("peer_create");
        _createToeplitz = (delegate* unmanaged<int, int, int, float*, float*, float*, void*>)Export("peer_toeplitz_create");
        Names = ReadNames("peer_name");
        ToeplitzNames = ReadNames("peer_toeplitz_name");
    }

    /// <summary>What the implementations of a head are called.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>What the implementations of Toeplitz products are called.</summary>
    public IReadOnlyList<string> ToeplitzNames { get; }

    /// <summary>A head for one implementation; null when it cannot do these sizes. Free with <see cref="Run.Dispose"/>.</summary>
    /// <param name="index">Which of <see cref="Names"/>.</param>
    /// <param name="coefficients">c = exp(b), <c>[2n − 1]</c>.</param>
    /// <param name="query">φ(q), <c>[n, m]</c>.</param>
    /// <param name="key">φ(k), <c>[n, m]</c>.</param>
    /// <param name="value">v, <c>[n, d]</c>.</param>
    /// <param name="length">n.</param>
    public Run? Create(int index, float[] coefficients, float[] query, float[] key, float[] value, int length) =>
        new Run(Export("peer_run"), Export("peer_destroy"), coefficients, query, key, value, new float[value.Length]).Started(run => _create(
            index, length, query.Length / length, value.Length / length,
            run.Pointer(0), run.Pointer(1), run.Pointer(2), run.Pointer(3), run.Pointer(4)));

    /// <summary>A Toeplitz product for one implementation; null when it cannot do these sizes. Free with <see cref="Run.Dispose"/>.</summary>
    /// <param name="index">Which of <see cref="ToeplitzNames"/>.</param>
    /// <param name="coefficients">c, <c>[2n − 1]</c>.</param>
    /// <param name="x">The operand, <c>[n, columns]</c>.</param>
    /// <param name="length">n.</param>
    public Run? CreateToeplitz(int index, float[] coefficients, float[] x, int length) =>
        new Run(Export("peer_toeplitz_run"), Export("peer_toeplitz_destroy"), coefficients, x, new float[x.Length]).Started(run => _createToeplitz(
            index, length, x.Length / length, run.Pointer(0), run.Pointer(1), run.Pointer(2)));

    private List<string> ReadNames(string function)
    {
        var name = (delegate* unmanaged<int, byte*>)Export(function);
        var names = new List<string>();
        if (name is null) return names;
        for (int index = 0; name(index) is not null; index++) names.Add(Marshal.PtrToStringUTF8((nint)name(index))!);
        return names;
    }

    /// <summary>A function of the library; zero where it has no such family.</summary>
    private nint Export(string function) => NativeLibrary.TryGetExport(_library, function, out nint address) ? address : 0;

    /// <summary>One implementation with its arrays, of which the last is its result.</summary>
    internal sealed class Run(nint run, nint destroy, params float[][] arrays) : IDisposable
    {
        private readonly GCHandle[] _pins = Array.ConvertAll(arrays, array => GCHandle.Alloc(array, GCHandleType.Pinned));

        private void* _state;

        /// <summary>Creates the implementation's state.</summary>
        public delegate void* Creation(Run run);

        /// <summary>The result, <c>[n, d]</c>.</summary>
        public float[] Output => arrays[^1];

        public float* Pointer(int array) => (float*)_pins[array].AddrOfPinnedObject();

        /// <summary>This run, ready; null, and freed, when the implementation has no state for it.</summary>
        public Run? Started(Creation create)
        {
            _state = create(this);
            if (_state is not null) return this;
            Dispose();
            return null;
        }

        public void Compute() => ((delegate* unmanaged<void*, void>)run)(_state);

        /// <summary>A peer that computes something else must not be compared with.</summary>
        public void CheckSameAs(ReadOnlySpan<float> ours)
        {
            const double Largest = 1e-3;
            double difference = 0, size = 0;
            for (int i = 0; i < ours.Length; i++)
            {
                difference += Math.Pow(ours[i] - Output[i], 2);
                size += Math.Pow(ours[i], 2);
            }

            double relative = Math.Sqrt(difference / size);
            if (!(relative < Largest)) throw new InvalidOperationException($"a peer's result differs by {relative:0.0e0} from ours");
        }

        public void Dispose()
        {
            if (_state is not null) ((delegate* unmanaged<void*, void>)destroy)(_state);
            _state = null;
            foreach (GCHandle pin in _pins) pin.Free();
        }
    }
}
