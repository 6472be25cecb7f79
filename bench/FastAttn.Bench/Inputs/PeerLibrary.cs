using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastAttn.Bench.Inputs;

/// <summary>
/// Other implementations of one head and of Toeplitz products, in a shared library with the functions of
/// <c>bench/peers/peers.h</c>: in this process they run in the same rounds as ours.
/// </summary>
internal sealed unsafe class PeerLibrary : IPeers
{
    private readonly nint _library;
    private readonly delegate* unmanaged<int, int, int, int, float*, float*, float*, float*, float*, void*> _create;
    private readonly delegate* unmanaged<int, int, int, float*, float*, float*, void*> _createToeplitz;

    public PeerLibrary(string path)
    {
        _library = NativeLibrary.Load(path);
        _create = (delegate* unmanaged<int, int, int, int, float*, float*, float*, float*, float*, void*>)Export("peer_create");
        _createToeplitz = (delegate* unmanaged<int, int, int, float*, float*, float*, void*>)Export("peer_toeplitz_create");
        Names = ReadTexts("peer_name");
        ToeplitzNames = ReadTexts("peer_toeplitz_name");
        About = ReadTexts("peer_about");
    }

    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<string> ToeplitzNames { get; }

    public IReadOnlyList<string> About { get; }

    public PeerRun? Create(int index, float[] coefficients, float[] query, float[] key, float[] value, int length) =>
        new Run(this, "peer", coefficients, query, key, value, new float[value.Length]).Started(run => _create(
            index, length, query.Length / length, value.Length / length,
            run.Pointer(0), run.Pointer(1), run.Pointer(2), run.Pointer(3), run.Pointer(4)));

    public PeerRun? CreateToeplitz(int index, float[] coefficients, float[] x, int length) =>
        new Run(this, "peer_toeplitz", coefficients, x, new float[x.Length]).Started(run => _createToeplitz(
            index, length, x.Length / length, run.Pointer(0), run.Pointer(1), run.Pointer(2)));

    private List<string> ReadTexts(string function)
    {
        var text = (delegate* unmanaged<int, byte*>)Export(function);
        var texts = new List<string>();
        if (text is null) return texts;
        for (int index = 0; text(index) is not null; index++) texts.Add(Marshal.PtrToStringUTF8((nint)text(index))!);
        return texts;
    }

    /// <summary>A function of the library; zero where it has no such family.</summary>
    private nint Export(string function) => NativeLibrary.TryGetExport(_library, function, out nint address) ? address : 0;

    /// <summary>One implementation with its arrays, of which the last is its result.</summary>
    private sealed class Run(PeerLibrary library, string family, params float[][] arrays) : PeerRun
    {
        private readonly GCHandle[] _pins = Array.ConvertAll(arrays, array => GCHandle.Alloc(array, GCHandleType.Pinned));
        private readonly delegate* unmanaged<void*, void> _run = (delegate* unmanaged<void*, void>)library.Export($"{family}_run");
        private readonly delegate* unmanaged<void*, double> _runBare = (delegate* unmanaged<void*, double>)library.Export($"{family}_run_bare");
        private readonly delegate* unmanaged<void*, void> _destroy = (delegate* unmanaged<void*, void>)library.Export($"{family}_destroy");

        private void* _state;

        /// <summary>Creates the implementation's state.</summary>
        public delegate void* Creation(Run run);

        public float* Pointer(int array) => (float*)_pins[array].AddrOfPinnedObject();

        /// <summary>This run, ready; null, and freed, when the implementation has no state for it.</summary>
        public Run? Started(Creation create)
        {
            _state = create(this);
            if (_state is not null) return this;
            Dispose();
            return null;
        }

        public override double Compute()
        {
            long start = Stopwatch.GetTimestamp();
            _run(_state);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        public override double ComputeBare()
        {
            if (_runBare is null) return double.NaN;
            long start = Stopwatch.GetTimestamp();
            double share = _runBare(_state);
            return Stopwatch.GetElapsedTime(start).TotalSeconds / share;
        }

        public override ReadOnlySpan<float> Output() => arrays[^1];

        public override void Dispose()
        {
            if (_state is not null) _destroy(_state);
            _state = null;
            foreach (GCHandle pin in _pins) pin.Free();
        }
    }
}
