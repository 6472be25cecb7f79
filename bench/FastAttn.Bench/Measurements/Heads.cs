using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>Whole heads, d = 64, dense bias: both methods, the planner's choice, and peers, all in the same rounds.</summary>
internal sealed class Heads : IMeasurement
{
    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        PeerLibrary[] libraries = [.. settings.Peers.Select(path => new PeerLibrary(path))];
        string[] names = [.. libraries.SelectMany(library => library.Names)];
        var table = new Table(
            "One head, d = 64, relative positions, one core",
            ["n", "m", "direct ms", "fft ms", "planner takes", "its time / the better one's", "planned ms", .. names.SelectMany(name => (string[])[$"{name} ms", $"better / {name}", $"fft / {name}"])]);
        foreach (int length in settings.IsQuick ? [1024, 4096] : (int[])[512, 1024, 2048, 4096, 8192, 16384])
        {
            foreach (int features in (int[])[32, 64, 128]) Measure(settings, libraries, table, length, features);
        }

        table.Note($"Ours are whole calls: features, positions, certificate and division included. Peers are given the features.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, PeerLibrary[] libraries, Table table, int length, int features)
    {
        var inputs = new HeadInputs(length);
        using KernelizedAttention direct = inputs.Plan(Method.Direct, features), fft = inputs.Plan(Method.Fft, features), planned = inputs.Plan(Method.Auto, features);
        var peers = new List<PeerLibrary.Run?>();
        if (libraries.Length > 0)
        {
            float[] query = PositiveFeatures.Of(inputs.Query, inputs.Shape.HeadDimension, direct.Projection!);
            float[] key = PositiveFeatures.Of(inputs.Key, inputs.Shape.HeadDimension, direct.Projection!);
            float[] coefficients = Array.ConvertAll(inputs.Bias, MathF.Exp);
            foreach (PeerLibrary library in libraries)
                for (int index = 0; index < library.Names.Count; index++)
                    peers.Add(library.Create(index, coefficients, query, key, inputs.Value, length));
        }

        Rounds rounds = Rounds.Run(
            settings.RowTime,
            [() => inputs.Run(direct), () => inputs.Run(fft), .. peers.Select(peer => (Action)(() => peer?.Compute()))]);
        int better = rounds.Ratio(0, 1) < 1 ? 0 : 1, taken = planned.Plan.Method == Method.Direct ? 0 : 1;
        var cells = new List<object>
        {
            length, features, rounds.Seconds(0) * 1e3, rounds.Seconds(1) * 1e3, Words.Of(planned.Plan.Method),
            taken == better ? 1.0 : rounds.Ratio(taken, better), planned.Plan.Candidates[0].SecondsPerHead * 1e3,
        };
        for (int peer = 0; peer < peers.Count; peer++)
        {
            int action = peer + 2;
            bool ran = peers[peer] is not null;
            cells.AddRange([ran ? rounds.Seconds(action) * 1e3 : double.NaN, ran ? rounds.Ratio(better, action) : double.NaN, ran ? rounds.Ratio(1, action) : double.NaN]);
            peers[peer]?.CheckSameAs(inputs.Output);
            peers[peer]?.Dispose();
        }

        table.Add(cells);
    }
}
