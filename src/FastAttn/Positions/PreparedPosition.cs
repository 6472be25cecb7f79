using FastAttn.Fft;
using FastAttn.Memory;

namespace FastAttn.Positions;

/// <summary>What methods read of a relative position under one causal limit: coefficients per head now, spectra when first asked for. Thread-safe.</summary>
internal sealed unsafe class PreparedPosition
{
    private readonly HeadPosition[] _heads;
    private readonly Lock _gate = new();
    private readonly Dictionary<(int Head, TailAllowance Allowance), HeadStructure> _structures = [];
    private readonly Dictionary<(LaneFft Fft, int Offset, int Queries, int Keys), AlignedBuffer> _spectra = [];

    /// <param name="bias"><c>[heads, n_q + n_k − 1]</c>, or null for no bias.</param>
    /// <param name="heads">Heads with a bias of their own; 1 when shared.</param>
    /// <param name="queryCount">Queries n_q, or the places that they stand on.</param>
    /// <param name="keyCount">Keys n_k, or the places that they stand on.</param>
    /// <param name="largestOffset">Offsets above it are invisible.</param>
    /// <param name="layout">Where tokens stand; a sequence when null.</param>
    public PreparedPosition(float[]? bias, int heads, int queryCount, int keyCount, int largestOffset, TokenLayout? layout = null)
    {
        Layout = layout ?? TokenLayout.Line;
        _heads = new HeadPosition[heads];
        for (int head = 0; head < heads; head++)
            _heads[head] = new HeadPosition(bias, head * (queryCount + keyCount - 1), queryCount, keyCount, largestOffset);
    }

    /// <summary>Where tokens stand.</summary>
    public TokenLayout Layout { get; }

    /// <summary>One head when all share a bias, else every head.</summary>
    public IReadOnlyList<HeadPosition> Heads => _heads;

    /// <summary>The coefficients of a head.</summary>
    public HeadPosition Head(int head) => _heads[_heads.Length == 1 ? 0 : head];

    /// <summary>What the numbers of a head's coefficients show for an allowance; found when first asked for, then kept.</summary>
    public HeadStructure Structure(int head, TailAllowance allowance)
    {
        int index = _heads.Length == 1 ? 0 : head;
        lock (_gate)
        {
            if (!_structures.TryGetValue((index, allowance), out HeadStructure? structure))
            {
                structure = new HeadStructure(_heads[index], allowance);
                _structures.Add((index, allowance), structure);
            }

            return structure;
        }
    }

    /// <summary>
    /// A head's spectra under <paramref name="fft"/> for a range of queries and a range of keys that meet at offset
    /// <c>j − i + offset</c>, computed once in float64.
    /// </summary>
    public float* Spectrum(LaneFft fft, int head, int offset, int queries, int keys)
    {
        AlignedBuffer? spectra;
        long size = 4L * fft.Length;
        lock (_gate)
        {
            if (!_spectra.TryGetValue((fft, offset, queries, keys), out spectra))
            {
                spectra = new AlignedBuffer(_heads.Length * size * sizeof(float));
                double[] coefficients = new double[queries + keys - 1];
                for (int h = 0; h < _heads.Length; h++)
                {
                    float* first = _heads[h].Coefficients + offset - (queries - 1);
                    for (int t = 0; t < coefficients.Length; t++) coefficients[t] = first[t];
                    fixed (double* c = coefficients) fft.Spectrum(c, queries, keys, (float*)spectra.Data + (h * size));
                }

                _spectra.Add((fft, offset, queries, keys), spectra);
            }
        }

        return (float*)spectra.Data + ((_heads.Length == 1 ? 0 : head) * size);
    }
}
