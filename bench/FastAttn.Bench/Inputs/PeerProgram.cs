using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace FastAttn.Bench.Inputs;

/// <summary>
/// Implementations in a program of their own, on the same core, spoken to through its standard streams (<c>bench/peers/pipe.py</c>
/// is the other side): it takes its turn in the same rounds and times itself, so that the pipe costs it nothing.
/// </summary>
/// <remarks>A request is a line of words, behind it the float32 arrays that it announces; an answer is a line, "ok" or "no" and words.</remarks>
internal sealed class PeerProgram : IPeers, IDisposable
{
    private readonly Process _process;
    private readonly Stream _to;
    private readonly Stream _from;
    private int _runs;

    /// <param name="program">What to start.</param>
    /// <param name="arguments">With what.</param>
    public PeerProgram(string program, params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["OPENBLAS_NUM_THREADS"] = "1";
        start.Environment.Remove("OPENBLAS_CORETYPE");
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        (_to, _from) = (_process.StandardInput.BaseStream, _process.StandardOutput.BaseStream);
        ToeplitzNames = Ask("names toeplitz").Split(',', StringSplitOptions.RemoveEmptyEntries);
        About = [Ask("about")];
    }

    public IReadOnlyList<string> Names => [];

    public IReadOnlyList<string> ToeplitzNames { get; }

    public IReadOnlyList<string> About { get; }

    /// <summary>Programs have no heads from given features.</summary>
    public PeerRun? Create(int index, float[] coefficients, float[] query, float[] key, float[] value, int length) => null;

    public PeerRun? CreateToeplitz(int index, float[] coefficients, float[] x, int length) =>
        Create($"toeplitz:{ToeplitzNames[index]}", [length, x.Length / length], coefficients, x);

    /// <summary>Something that the program calls <paramref name="form"/>.</summary>
    /// <param name="form">The name, without spaces.</param>
    /// <param name="sizes">What it needs to know of the shapes.</param>
    /// <param name="arrays">Its inputs.</param>
    public PeerRun Create(string form, IReadOnlyList<int> sizes, params float[][] arrays)
    {
        int run = _runs++;
        Send($"create {run} {form} {string.Join(',', sizes)} {string.Join(',', arrays.Select(array => array.Length))}", arrays);
        Answer();
        return new Run(this, run);
    }

    public void Dispose()
    {
        _to.Dispose();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string Ask(string request)
    {
        Send(request);
        return Answer();
    }

    private void Send(string request, params float[][] arrays)
    {
        _to.Write(Encoding.UTF8.GetBytes(request + "\n"));
        foreach (float[] array in arrays)
        {
            if (!BitConverter.IsLittleEndian) throw new PlatformNotSupportedException("arrays travel as little-endian float32");
            _to.Write(MemoryMarshal.AsBytes(array.AsSpan()));
        }

        _to.Flush();
    }

    private string Answer()
    {
        var bytes = new List<byte>();
        for (int next = _from.ReadByte(); next != '\n'; next = _from.ReadByte())
            bytes.Add(next >= 0 ? (byte)next : throw new InvalidOperationException($"{_process.StartInfo.FileName} ended"));
        string line = Encoding.UTF8.GetString([.. bytes]);
        return line.StartsWith("ok", StringComparison.Ordinal) ? line[2..].Trim() : throw new InvalidOperationException($"{_process.StartInfo.FileName}: {line}");
    }

    private sealed class Run(PeerProgram program, int run) : PeerRun
    {
        public override double Compute() => double.Parse(program.Ask($"run {run}"), CultureInfo.InvariantCulture);

        public override ReadOnlySpan<float> Output()
        {
            int count = int.Parse(program.Ask($"output {run}"), CultureInfo.InvariantCulture);
            float[] output = new float[count];
            program._from.ReadExactly(MemoryMarshal.AsBytes(output.AsSpan()));
            return output;
        }

        public override void Dispose() => program.Ask($"drop {run}");
    }
}
