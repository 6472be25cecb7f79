using FastAttn.Fft;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Positions;

/// <summary>What methods read of a relative position in one problem: coefficients per head now, spectra when first asked for. Thread-safe.</summary>
internal sealed unsafe class PreparedPosition
{
    private readonly HeadPosition[] _heads;
    private readonly Lock _gate = new();
    private readonly Dictionary<(int Head, TailAllowance Allowance), HeadStructure> _structures = [];
    private readonly Dictionary<TailAllowance, int[]> _smoothRanks = [];
    private readonly Dictionary<(LaneFft Fft, int Offset, int Queries, int Keys, int Pitch), AlignedBuffer> _spectra = [];

    private readonly Once<PreparedPosition> _transposed;

    /// <param name="position">The biases; null for none.</param>
    /// <param name="extent">The problem's sizes.</param>
    public PreparedPosition(IBiases? position, PositionExtent extent)
    {
        PositionExtent transposed = extent.Transposed;
        _transposed = new(() => new PreparedPosition(position is null ? null : new TransposedBiases(position), transposed));
        Layout = position?.Layout ?? TokenLayout.Line;
        extent = extent.Along(Layout);
        _heads = new HeadPosition[position?.Heads ?? 1];
        for (int head = 0; head < _heads.Length; head++) _heads[head] = new HeadPosition(position, head, extent);
    }

    /// <summary>The same coefficients for a problem whose queries are this one's keys, and whose keys are its queries; made when first asked for.</summary>
    public PreparedPosition Transposed => _transposed.Value;

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

    /// <summary>The most nodes that any head's boxes have at each level, where all heads have smooth tails.</summary>
    public int[] SmoothRanks(TailAllowance allowance)
    {
        lock (_gate)
        {
            if (_smoothRanks.TryGetValue(allowance, out int[]? ranks)) return ranks;
        }

        int[] highest = [];
        for (int head = 0; head < _heads.Length; head++)
        {
            int[] own = Structure(head, allowance).Smooth!.Ranks;
            if (own.Length > highest.Length) Array.Resize(ref highest, own.Length);
            for (int level = 0; level < own.Length; level++) highest[level] = Math.Max(highest[level], own[level]);
        }

        lock (_gate) return _smoothRanks[allowance] = highest;
    }

    /// <summary>
    /// A head's spectra under <paramref name="fft"/> for a range of queries and a range of keys that meet at offset
    /// <c>j − i + offset</c>, computed once in float64. On a grid the ranges are whole rows, and the transform keeps a place for a
    /// row's token every <paramref name="pitch"/>.
    /// </summary>
    public float* Spectrum(LaneFft fft, int head, int offset, int queries, int keys, int pitch)
    {
        AlignedBuffer? spectra;
        long size = 4L * fft.Length;
        lock (_gate)
        {
            if (!_spectra.TryGetValue((fft, offset, queries, keys, pitch), out spectra))
            {
                spectra = new AlignedBuffer(_heads.Length * size * sizeof(float));
                int queryPlaces = Places(queries, pitch), keyPlaces = Places(keys, pitch);
                double[] coefficients = new double[queryPlaces + keyPlaces - 1];
                for (int h = 0; h < _heads.Length; h++)
                {
                    float* atZero = _heads[h].Coefficients + offset;
                    for (int t = 0; t < coefficients.Length; t++) coefficients[t] = Coefficient(atZero, t - (queryPlaces - 1), pitch);
                    fixed (double* c = coefficients) fft.Spectrum(c, queryPlaces, keyPlaces, (float*)spectra.Data + (h * size));
                }

                _spectra.Add((fft, offset, queries, keys, pitch), spectra);
            }
        }

        return (float*)spectra.Data + ((_heads.Length == 1 ? 0 : head) * size);
    }

    /// <summary>Places of so many tokens, rows of a grid <paramref name="pitch"/> apart.</summary>
    private int Places(int tokens, int pitch) => Layout.IsLine ? tokens : (((tokens / Layout.Width) - 1) * pitch) + Layout.Width;

    /// <summary>The coefficient at an offset between places of rows <paramref name="pitch"/> apart; zero where no two tokens are so far apart.</summary>
    private float Coefficient(float* atZero, int offset, int pitch)
    {
        if (Layout.IsLine) return atZero[offset];
        int rows = (int)Math.Floor((offset + Layout.Width - 1.0) / pitch), columns = offset - (rows * pitch);
        return columns < Layout.Width ? atZero[(rows * Layout.Pitch) + columns] : 0;
    }
}
