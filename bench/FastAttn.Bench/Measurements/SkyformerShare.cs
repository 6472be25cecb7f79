using FastAttn.Bench.Inputs;
using FastAttn.Bench.Reporting;
using FastAttn.Bench.Timing;

namespace FastAttn.Bench.Measurements;

/// <summary>Skyformer against the time that its products and exponentials take at the core's peak, against exact Gaussian and softmax attention, and its error.</summary>
internal sealed class SkyformerShare : IMeasurement
{
    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table(
            "Skyformer, one head, d = 64, one core",
            "n", "landmarks", "inverse", "ms", "floor ms", "ms / floor", "gaussian ms", "softmax ms", "softmax / skyformer", "error");
        (int Length, int Landmarks, SkyformerInverse Inverse)[] all =
        [
            (1024, 128, SkyformerInverse.Cholesky), (4096, 32, SkyformerInverse.Cholesky), (4096, 128, SkyformerInverse.Cholesky), (4096, 256, SkyformerInverse.Cholesky),
            (4096, 128, SkyformerInverse.Schulz), (16384, 128, SkyformerInverse.Cholesky),
        ];
        foreach ((int length, int landmarks, SkyformerInverse inverse) in settings.IsQuick ? all[2..3] : all) Measure(settings, table, length, landmarks, inverse);
        table.Note($"The floor is 4·n·landmarks·(d + d_v) operations at the multiply-add peak and 2·n·landmarks exponentials in the first-level cache, both in the same rounds. The error is ‖Δ‖/‖out‖ against exact Gaussian attention, of queries and keys of standard deviation ½.");
        return table;
    }

    private static void Measure(MeasurementSettings settings, Table table, int length, int landmarks, SkyformerInverse inverse)
    {
        var inputs = new HeadInputs(length);
        foreach (float[] rows in (float[][])[inputs.Query, inputs.Key])
        {
            for (int i = 0; i < rows.Length; i++) rows[i] *= 0.5f;
        }

        using var skyformer = new SkyformerAttention(inputs.Shape, new SkyformerOptions { Landmarks = landmarks, Inverse = inverse, Threads = 1 });
        using var gaussian = new GaussianAttention(inputs.Shape, new GaussianAttentionOptions { Threads = 1 });
        using SoftmaxAttention softmax = inputs.Softmax(hasPosition: false);
        Rounds alone = Rounds.Run(settings.RowTime, () => inputs.Run(skyformer), FmaPeak.Run, ExponentialPeak.Run);
        Rounds exactForms = Rounds.Run(settings.RowTime, () => inputs.Run(skyformer), () => inputs.Run(gaussian), () => inputs.Run(softmax));
        double pairs = (double)length * landmarks, operations = 4 * pairs * (inputs.Shape.HeadDimension + inputs.Shape.ValueDimension);
        double products = operations / FmaPeak.Operations, exponentials = 2 * pairs / ExponentialPeak.Count;
        double floor = (products * alone.Seconds(1)) + (exponentials * alone.Seconds(2));
        double share = 1 / ((products * alone.Ratio(1, 0)) + (exponentials * alone.Ratio(2, 0)));

        inputs.Run(gaussian);
        float[] exact = [.. inputs.Output];
        inputs.Run(skyformer);
        double error = Math.Sqrt(exact.Zip(inputs.Output, (x, y) => (x - y) * (double)(x - y)).Sum() / exact.Sum(x => (double)x * x));
        table.Add(
            length, landmarks, Words.Of(inverse), alone.Seconds(0) * 1e3, floor * 1e3, share,
            exactForms.Seconds(1) * 1e3, exactForms.Seconds(2) * 1e3, exactForms.Ratio(2, 0), error);
    }
}
