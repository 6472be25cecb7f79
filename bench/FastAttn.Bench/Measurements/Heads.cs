using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>Whole heads, d = 64, dense bias: both methods, the planner's choice, and peers, all in the same rounds.</summary>
internal sealed class Heads : IMeasurement
{
    /// <summary>Beyond it the quadratic methods take seconds.</summary>
    private const int LongestQuadratic = 16384;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        IPeers[] libraries = [.. settings.Peers.Select(IPeers.Open)];
        var table = new Table("One head, d = 64, relative positions, one core", "n", "m", "by", "ms", "times ours by fft", "times our better one", "of its library", "of its figure", "remark");
        foreach ((int length, int features) in settings.IsQuick ? [(1024, 64), (4096, 64)] : Shapes()) Measure(settings, libraries, table, length, features);
        table.Note($"Ours are whole calls: features, positions, certificate and division included. Peers are given the features.");
        table.Note($"Of its library: the peer's speed in the speed of its library's bare calls on data in cache; the rest is forming columns, contracting and dividing. Each takes its fastest way of several, tried at the start.");
        table.Note($"Of its figure: the peer's speed in what it is known to reach on a core like this one; below {PeerReference.LeastShare * 100:0} % a comparison is void.");
        table.Note($"Peers: {string.Join("; ", libraries.SelectMany(library => library.Names.Zip(library.About, (name, about) => $"{name}: {about}")))}.");
        return table;
    }

    private static IEnumerable<(int Length, int Features)> Shapes()
    {
        foreach (int length in (int[])[512, 1024, 2048, 4096])
            foreach (int features in (int[])[32, 64, 128])
                yield return (length, features);
        foreach (int length in (int[])[8192, 16384, 65536]) yield return (length, 64);
    }

    private static void Measure(MeasurementSettings settings, IPeers[] libraries, Table table, int length, int features)
    {
        var inputs = new HeadInputs(length);
        using KernelizedAttention fft = inputs.Plan(Method.Fft, features), direct = inputs.Plan(Method.Direct, features), planned = inputs.Plan(Method.Auto, features);
        bool isQuadratic = length <= LongestQuadratic;
        List<(string Name, PeerRun Run)> peers = Peers(inputs, libraries, fft.Projection!, isQuadratic);
        int ours = isQuadratic ? 2 : 1;
        Rounds rounds = Rounds.RunTimed(
            settings.RowTime,
            [
                Rounds.Timed(() => inputs.Run(fft)), .. isQuadratic ? [Rounds.Timed(() => inputs.Run(direct))] : (Func<double>[])[],
                .. peers.SelectMany(peer => (Func<double>[])[peer.Run.Compute, peer.Run.ComputeBare]),
            ]);
        int better = isQuadratic && rounds.Ratio(1, 0) < 1 ? 1 : 0;
        for (int action = 0; action < ours; action++)
        {
            Method method = action == 0 ? Method.Fft : Method.Direct;
            table.Add(
                length, features, Words.Of(method), rounds.Seconds(action) * 1e3, rounds.Ratio(action, 0), rounds.Ratio(action, better), "", "",
                planned.Plan.Method == method ? FormattableString.Invariant($"planned: {planned.Plan.Candidates[0].SecondsPerHead * 1e3:0.00} ms") : "");
        }

        inputs.Run(fft);
        for (int peer = 0; peer < peers.Count; peer++)
        {
            int action = ours + (2 * peer);
            double ofFigure = PeerReference.Share(peers[peer].Name, length, features, rounds.Seconds(action));
            table.Add(
                length, features, peers[peer].Name, rounds.Seconds(action) * 1e3, rounds.Ratio(action, 0), rounds.Ratio(action, better),
                Percent.Of(rounds.Seconds(action + 1) / rounds.Seconds(action)), double.IsNaN(ofFigure) ? "" : Percent.Of(ofFigure),
                ofFigure < PeerReference.LeastShare ? "void" : "");
            peers[peer].Run.CheckSameAs(inputs.Output, peers[peer].Name);
            peers[peer].Run.Dispose();
        }
    }

    private static List<(string Name, PeerRun Run)> Peers(HeadInputs inputs, IPeers[] libraries, RandomProjection projection, bool isQuadratic)
    {
        var peers = new List<(string, PeerRun)>();
        if (libraries.Length == 0) return peers;
        float[] query = PositiveFeatures.Of(inputs.Query, inputs.Shape.HeadDimension, projection);
        float[] key = PositiveFeatures.Of(inputs.Key, inputs.Shape.HeadDimension, projection);
        float[] coefficients = Array.ConvertAll(inputs.Bias, MathF.Exp);
        foreach (IPeers library in libraries)
        {
            for (int index = 0; index < library.Names.Count; index++)
            {
                bool isTiles = library.Names[index].EndsWith("tiles", StringComparison.Ordinal);
                if (isTiles && !isQuadratic) continue;
                if (library.Create(index, coefficients, query, key, inputs.Value, inputs.Shape.QueryLength) is { } run) peers.Add((library.Names[index], run));
            }
        }

        return peers;
    }
}
