using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>The feature stage against the register-only multiply-add peak of the same rounds.</summary>
internal sealed class FeatureShare : IMeasurement
{
    private const int Length = 2048;

    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table("Feature maps: share of the multiply-add peak", "map", "n", "d", "m", "ms", "ns a row", "GFLOP/s", "peak GFLOP/s", "share");
        foreach (FeatureMap map in (FeatureMap[])[FeatureMap.Prf, FeatureMap.Relu, FeatureMap.Trf])
        {
            foreach (int dimension in settings.IsQuick ? [64] : (int[])[64, 128])
            {
                foreach (int features in settings.IsQuick ? [64, 256] : (int[])[64, 128, 256])
                {
                    using var stage = new FeatureCase(map, Length, dimension, features);
                    Measure(settings, table, Words.Of(map), dimension, features, features, stage);
                }
            }
        }

        foreach (int dimension in settings.IsQuick ? [64] : (int[])[64, 128])
        {
            foreach (int features in settings.IsQuick ? [64, 256] : (int[])[64, 128, 256])
            {
                MaclaurinFeatures draw = MaclaurinFeatures.Create(features, dimension);
                using var stage = new FeatureCase(draw, Length);
                Measure(settings, table, "maclaurin", dimension, features, draw.Signs.Length / dimension, stage);
            }
        }

        table.Note($"Counted are the 2·n·m·d operations of the projection, with the sum of the degrees in place of m for Maclaurin features: norms, scaling and the map itself (of m entries a row; the exponential, or sine and cosine, or a product of projections) come free of charge.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, Table table, string name, int dimension, int features, int projections, FeatureCase stage)
    {
        Rounds rounds = Rounds.Run(settings.RowTime, stage.Map, FmaPeak.Run);
        double operations = 2.0 * Length * dimension * projections;
        table.Add(
            name, Length, dimension, features, rounds.Seconds(0) * 1e3, rounds.Seconds(0) * 1e9 / Length, operations / rounds.Seconds(0) / 1e9,
            FmaPeak.Operations / rounds.Seconds(1) / 1e9, Percent.Of(operations / FmaPeak.Operations / rounds.Ratio(0, 1)));
    }
}
