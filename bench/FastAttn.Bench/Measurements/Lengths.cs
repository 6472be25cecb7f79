using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;
using FastAttn.Fft;

namespace FastAttn.Bench.Measurements;

/// <summary>
/// Any length costs no more than the next length of the form 2^a, 3·2^a or 5·2^a: the FFT method at random lengths, and a few tokens
/// beyond such a length, against the next one.
/// </summary>
internal sealed class Lengths : IMeasurement
{
    private const int Features = 64, ValueDimension = 64, Shortest = 64, Longest = 16384;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table("FFT method at any length, m = d = 64", "n", "next N", "ms", "ms at N", "time / time at N");
        var random = new Random(1);
        double worst = 0;
        IEnumerable<int> lengths = Enumerable.Range(0, settings.IsQuick ? 4 : 24).Select(_ => (int)(Shortest * Math.Pow(Longest / Shortest, random.NextDouble())));
        foreach (int length in lengths.Concat(settings.IsQuick ? [4097] : (int[])[513, 576, 1025, 1600, 2049, 2112, 4097, 4160, 8193, 8256]))
        {
            int next = LaneFft.NextLength(length);
            using MethodCase any = MethodCase.Random(Method.Fft, length, Features, ValueDimension);
            using MethodCase whole = MethodCase.Random(Method.Fft, next, Features, ValueDimension);
            Rounds rounds = Rounds.Run(settings.RowTime, () => any.Compute(), () => whole.Compute());
            worst = Math.Max(worst, rounds.Ratio(0, 1));
            table.Add(length, next, rounds.Seconds(0) * 1e3, rounds.Seconds(1) * 1e3, rounds.Ratio(0, 1));
        }

        table.Note($"Largest ratio: {worst:0.00}.");
        return table;
    }
}
