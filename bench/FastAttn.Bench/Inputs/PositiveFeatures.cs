namespace FastAttn.Bench.Inputs;

/// <summary>Features for code that starts from them.</summary>
internal static class PositiveFeatures
{
    /// <summary>exp(N(0, ½)).</summary>
    public static float[] Random(Random random, int length, int features) =>
        Array.ConvertAll(Normal.Array(random, (long)length * features, 0.5), MathF.Exp);

    /// <summary>Positive random features <c>exp(w·x̂)</c> of normalised rows, written plainly.</summary>
    public static float[] Of(ReadOnlySpan<float> rows, int dimension, RandomProjection projection)
    {
        int count = rows.Length / dimension;
        float[] features = new float[(long)count * projection.Features];
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<float> x = rows.Slice(row * dimension, dimension);
            double squares = 0;
            foreach (float entry in x) squares += (double)entry * entry;
            for (int a = 0; a < projection.Features; a++)
            {
                ReadOnlySpan<float> w = projection.Values.Slice(a * dimension, dimension);
                double dot = 0;
                for (int i = 0; i < dimension; i++) dot += (double)w[i] * x[i];
                features[((long)row * projection.Features) + a] = (float)Math.Exp(dot / Math.Sqrt(squares));
            }
        }

        return features;
    }
}
