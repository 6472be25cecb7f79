using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>Toeplitz products of 64 columns, from and to <c>[n, 64]</c>, every transpose counted: FastRPB's shape.</summary>
internal sealed class ToeplitzProducts : IMeasurement
{
    private const int Columns = 64;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        IPeers[] libraries = [.. settings.Peers.Select(IPeers.Open)];
        string[] names = [.. libraries.SelectMany(library => library.ToeplitzNames)];
        var table = new Table(
            "Toeplitz products of 64 columns, one core",
            ["n", "ms", "ns an entry", "GFLOP/s by 5·2n·lg 2n", "peak GFLOP/s", .. names.SelectMany(name => (string[])[$"{name} ms", $"{name} / ours", $"{name} of its library"])]);
        foreach (int length in settings.IsQuick ? [256, 4096] : (int[])[64, 128, 256, 512, 1000, 1024, 2048, 4096, 5000, 8192, 16384, 32768, 65536])
            Measure(settings, libraries, table, length);
        table.Note($"Operations are counted as two transforms of 2n points a column, whatever the program does. The spectrum is prepared beforehand, by everybody.");
        table.Note($"Everything runs twice in a row and the second time counts: operands and tables are in the nearest cache that holds them.");
        table.Note($"Of its library: the speed of the whole product in the speed of the library's bare transforms and spectrum product on columns in cache. Each takes its fastest way of several, tried at the start.");
        table.Note($"Peers: {string.Join("; ", libraries.SelectMany(library => library.About).Distinct())}.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, IPeers[] libraries, Table table, int length)
    {
        var random = new Random(1);
        float[] coefficients = Normal.Array(random, (2 * length) - 1), x = Normal.Array(random, (long)length * Columns), y = new float[x.Length];
        var plan = new ToeplitzPlan(coefficients, length, length);
        PeerRun?[] peers =
        [
            .. libraries.SelectMany(library => library.ToeplitzNames.Select((_, index) => library.CreateToeplitz(index, coefficients, x, length))),
        ];
        Rounds rounds = Rounds.RunTimed(
            settings.RowTime,
            [
                Second(Rounds.Timed(() => plan.Multiply(x, y, Columns, threads: 1))), Rounds.Timed(FmaPeak.Run),
                .. peers.SelectMany(peer => (Func<double>[])[Second(() => peer?.Compute() ?? double.NaN), Second(() => peer?.ComputeBare() ?? double.NaN)]),
            ]);

        // Half a complex transform of 2n points, twice: 2 · ½ · 5 · 2n · lg 2n.
        double operations = 5.0 * 2 * length * Math.Log2(2 * length) * Columns, seconds = rounds.Seconds(0);
        var cells = new List<object>
        {
            length, seconds * 1e3, seconds * 1e9 / x.Length, operations / seconds / 1e9, FmaPeak.Operations / rounds.Seconds(1) / 1e9,
        };
        for (int peer = 0; peer < peers.Length; peer++)
        {
            int action = 2 + (2 * peer);
            double share = rounds.Seconds(action + 1) / rounds.Seconds(action);
            cells.AddRange([rounds.Seconds(action) * 1e3, rounds.Ratio(action, 0), double.IsNaN(share) ? "" : Percent.Of(share)]);
            peers[peer]?.CheckSameAs(y, $"Toeplitz peer {peer}");
            peers[peer]?.Dispose();
        }

        table.Add(cells);
    }

    /// <summary>An action run twice, of which the second counts.</summary>
    private static Func<double> Second(Func<double> action) => () =>
    {
        action();
        return action();
    };
}
