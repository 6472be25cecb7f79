using System.Numerics.Tensors;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Positions;

/// <summary>
/// One head's coefficients c_t = exp(b_t − max b) over all offsets t = j − i, and what is known of them. Immutable.
/// </summary>
internal sealed unsafe class HeadPosition
{
    /// <summary>Zeros kept on both sides, so that a tile that overhangs the problem's edge reads zeros.</summary>
    public const int Margin = 192;

    private const int RunsKept = 8;

    /// <summary>Offsets evaluated at a time, in float64 and in the first-level cache.</summary>
    private const int BlockOffsets = 512;

    private readonly AlignedBuffer _buffer;
    private readonly IBiases? _position;
    private readonly int _head;
    private readonly int _smallestOffset;
    private readonly int _largestOffset;
    private readonly bool _removesOffsets;

    /// <param name="position">The biases; null for none.</param>
    /// <param name="head">Which of its heads.</param>
    /// <param name="extent">The problem's sizes.</param>
    public HeadPosition(IBiases? position, int head, PositionExtent extent)
    {
        _position = position;
        _head = head;
        _smallestOffset = extent.SmallestOffset;
        _largestOffset = extent.LargestOffset;
        FirstOffset = 1 - extent.QueryCount;
        LastOffset = extent.KeyCount - 1;
        Origin = position is { FollowsQueryOffset: true } ? extent.QueryOffset : 0;
        long total = (long)extent.QueryCount + extent.KeyCount - 1 + (2 * Margin);
        _buffer = new AlignedBuffer(total * sizeof(float));
        float* start = (float*)_buffer.Data;
        Coefficients = start + Margin - FirstOffset;
        int firstVisible = FirstVisible, lastVisible = LastVisible;
        new Span<float>(start, firstVisible - FirstOffset + Margin).Clear();
        new Span<float>(Coefficients + lastVisible + 1, LastOffset - lastVisible + Margin).Clear();

        Span<double> block = stackalloc double[BlockOffsets];
        var runs = new List<OffsetRun>();
        double largest = double.NegativeInfinity;
        for (int first = firstVisible; first <= lastVisible; first += BlockOffsets)
        {
            Span<double> biases = block[..Math.Min(BlockOffsets, lastVisible - first + 1)];
            CallWatch.Look();
            Biases(first, biases);
            largest = Math.Max(largest, TensorPrimitives.Max<double>(biases));
            AddRuns(first, biases, runs);
        }

        LongestRuns = [.. runs.OrderByDescending(run => run.Length).Take(RunsKept)];
        HasFurtherRuns = runs.Count > RunsKept;
        _removesOffsets = runs.Sum(run => run.Length) < (long)lastVisible - firstVisible + 1;
        LogMax = runs.Count > 0 ? largest : 0;
        FirstNonZero = int.MaxValue;
        LastNonZero = int.MinValue;
        double sum = 0, squares = 0;
        for (int first = firstVisible; first <= lastVisible; first += BlockOffsets)
        {
            Span<double> values = block[..Math.Min(BlockOffsets, lastVisible - first + 1)];
            CallWatch.Look();
            Biases(first, values);
            TensorPrimitives.Subtract(values, LogMax, values);
            TensorPrimitives.Exp(values, values);
            for (int index = 0; index < values.Length; index++)
            {
                float c = (float)values[index];
                Coefficients[first + index] = c;
                sum += c;
                squares += (double)c * c;
                if (c == 0) continue;
                FirstNonZero = Math.Min(FirstNonZero, first + index);
                LastNonZero = first + index;
            }
        }

        Sum = sum;
        Norm = Math.Sqrt(squares);
        ExponentialTerms = position?.ExponentialTerms(head)?.Select(term => term with { LogWeight = term.LogWeight - LogMax }).ToArray();
    }

    /// <summary>Smallest and largest offset of the problem.</summary>
    public int FirstOffset { get; }

    /// <inheritdoc cref="FirstOffset"/>
    public int LastOffset { get; }

    /// <summary>The smallest offset that causality leaves.</summary>
    public int FirstVisible => Math.Min(Math.Max(FirstOffset, _smallestOffset), LastOffset + 1);

    /// <summary>The largest; below <see cref="FirstVisible"/> when it leaves none.</summary>
    public int LastVisible => Math.Max(Math.Min(LastOffset, _largestOffset), FirstVisible - 1);

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

    /// <summary>The offset j − i at which the position's t is zero: its biases are b_(j − i − Origin).</summary>
    public int Origin { get; }

    /// <summary>
    /// When known, the terms that every visible c_t is exactly the sum of: <c>Σ exp(LogWeight − Rate·|t − Origin|)</c>, relative
    /// to <see cref="LogMax"/> like c_t itself. Null when the position does not say.
    /// </summary>
    public IReadOnlyList<ExponentialTerm>? ExponentialTerms { get; }

    /// <summary>Whether a key at this offset is visible.</summary>
    public bool IsVisible(int offset) => offset >= _smallestOffset && offset <= _largestOffset && !(_removesOffsets && double.IsNegativeInfinity(Bias(offset)));

    /// <summary>The bias at an offset j − i, in float64: far out, float32 would round it by more than one.</summary>
    public double Bias(int offset)
    {
        double bias = 0;
        Biases(offset, new Span<double>(ref bias));
        return bias;
    }

    /// <summary>The biases at consecutive offsets, whether causality hides them or not; zeros without a position.</summary>
    public void Biases(int firstOffset, Span<double> biases)
    {
        if (_position is null) biases.Clear();
        else _position.Biases(_head, (long)firstOffset - Origin, biases);
    }

    /// <summary>Adds the visible offsets among consecutive ones to runs that are in order.</summary>
    private static void AddRuns(int first, ReadOnlySpan<double> biases, List<OffsetRun> runs)
    {
        if (!biases.Contains(double.NegativeInfinity))
        {
            AddRun(new OffsetRun(first, first + biases.Length - 1), runs);
            return;
        }

        for (int index = 0; index < biases.Length; index++)
        {
            if (!double.IsNegativeInfinity(biases[index])) AddRun(new OffsetRun(first + index, first + index), runs);
        }
    }

    private static void AddRun(OffsetRun run, List<OffsetRun> runs)
    {
        if (runs.Count > 0 && runs[^1].Last == run.First - 1) runs[^1] = runs[^1] with { Last = run.Last };
        else runs.Add(run);
    }
}
