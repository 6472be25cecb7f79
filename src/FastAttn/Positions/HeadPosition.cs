using FastAttn.Memory;

namespace FastAttn.Positions;

/// <summary>
/// One head's coefficients c_t = exp(b_t − max b) over all offsets t = j − i, and what is known of them. Immutable.
/// </summary>
internal sealed unsafe class HeadPosition
{
    /// <summary>Zeros kept on both sides, so that a tile that overhangs the problem's edge reads zeros.</summary>
    public const int Margin = 192;

    private const int RunsKept = 8;

    private readonly AlignedBuffer _buffer;
    private readonly float[]? _bias;
    private readonly int _biasStart;
    private readonly int _queryCount;
    private readonly int _largestOffset;

    /// <param name="bias">The head's biases are <c>bias[biasStart + t + queryCount − 1]</c>; null for no bias.</param>
    /// <param name="biasStart">Where this head starts.</param>
    /// <param name="queryCount">Queries n_q.</param>
    /// <param name="keyCount">Keys n_k.</param>
    /// <param name="largestOffset">Offsets above it are invisible (causality).</param>
    public HeadPosition(float[]? bias, int biasStart, int queryCount, int keyCount, int largestOffset)
    {
        _bias = bias;
        _biasStart = biasStart;
        _queryCount = queryCount;
        _largestOffset = largestOffset;
        FirstOffset = 1 - queryCount;
        LastOffset = keyCount - 1;
        long total = (long)queryCount + keyCount - 1 + (2 * Margin);
        _buffer = new AlignedBuffer(total * sizeof(float));
        float* start = (float*)_buffer.Data;
        new Span<float>(start, checked((int)total)).Clear();
        Coefficients = start + Margin + queryCount - 1;

        var runs = new List<OffsetRun>();
        double max = double.NegativeInfinity;
        for (int t = FirstOffset; t <= LastOffset; t++)
        {
            if (!IsVisible(t)) continue;
            max = Math.Max(max, Bias(t));
            if (runs.Count > 0 && runs[^1].Last == t - 1) runs[^1] = runs[^1] with { Last = t };
            else runs.Add(new OffsetRun(t, t));
        }

        LongestRuns = [.. runs.OrderByDescending(run => run.Length).Take(RunsKept)];
        HasFurtherRuns = runs.Count > RunsKept;
        LogMax = runs.Count > 0 ? max : 0;
        FirstNonZero = int.MaxValue;
        LastNonZero = int.MinValue;
        double sum = 0, squares = 0;
        foreach (OffsetRun run in runs)
        {
            for (int t = run.First; t <= run.Last; t++)
            {
                float c = (float)Math.Exp(Bias(t) - LogMax);
                Coefficients[t] = c;
                sum += c;
                squares += (double)c * c;
                if (c == 0) continue;
                FirstNonZero = Math.Min(FirstNonZero, t);
                LastNonZero = t;
            }
        }

        Sum = sum;
        Norm = Math.Sqrt(squares);
    }

    /// <summary>Smallest and largest offset of the problem.</summary>
    public int FirstOffset { get; }

    /// <inheritdoc cref="FirstOffset"/>
    public int LastOffset { get; }

    /// <summary>Points at c_0; readable from FirstOffset − Margin to LastOffset + Margin; zero where nothing is visible.</summary>
    public float* Coefficients { get; }

    /// <summary>The bias that was taken off before the exponential.</summary>
    public double LogMax { get; }

    /// <summary>‖c‖₁.</summary>
    public double Sum { get; }

    /// <summary>‖c‖₂.</summary>
    public double Norm { get; }

    /// <summary>The longest runs of visible offsets. Visibility is structural: a c_t that underflows is visible.</summary>
    public OffsetRun[] LongestRuns { get; }

    /// <summary>Whether there are visible offsets beyond <see cref="LongestRuns"/>.</summary>
    public bool HasFurtherRuns { get; }

    /// <summary>First and last offset whose c_t is not zero in float32; FirstNonZero above LastNonZero when there is none.</summary>
    public int FirstNonZero { get; }

    /// <inheritdoc cref="FirstNonZero"/>
    public int LastNonZero { get; }

    /// <summary>All of it as tiles take it.</summary>
    public CoefficientWindow Window => new((nint)Coefficients, FirstNonZero, LastNonZero);

    /// <summary>Whether a key at this offset is visible.</summary>
    public bool IsVisible(int offset) => offset <= _largestOffset && !float.IsNegativeInfinity(Bias(offset));

    /// <summary>b_t, zero without a bias.</summary>
    public float Bias(int offset) => _bias is null ? 0 : _bias[_biasStart + offset + _queryCount - 1];
}
