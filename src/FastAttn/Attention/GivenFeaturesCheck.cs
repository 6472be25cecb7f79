using System.Numerics.Tensors;

namespace FastAttn.Attention;

/// <summary>Features that a caller gives as non-negative are: checked before anything is written. O(rows · features).</summary>
internal static unsafe class GivenFeaturesCheck
{
    /// <summary>Refuses a finite number below zero in a query or in a key that takes part.</summary>
    public static void NotNegative(in AttentionTensors tensors, KeySelection selection)
    {
        (StridedTensor query, StridedTensor key) = (tensors.Query, tensors.Key);
        for (int batch = 0; batch < query.Batch; batch++)
        {
            for (int head = 0; head < query.Heads; head++)
            {
                for (int row = 0; row < query.Rows; row++) NotNegative(query, batch, head, row, "query");
            }

            bool* mask = selection.Mask(batch);
            for (int head = 0; head < key.Heads; head++)
            {
                for (int row = 0; row < selection.Kept(batch); row++)
                {
                    if (mask is null || mask[row]) NotNegative(key, batch, head, row, "key");
                }
            }
        }
    }

    private static void NotNegative(StridedTensor tensor, int batch, int head, int row, string name)
    {
        var features = new ReadOnlySpan<float>(tensor.Row(batch, head, row), tensor.Columns);
        if (TensorPrimitives.MinNumber(features) >= 0) return;

        // Only NaN gives NaN, and −∞ spoils its row as NaN does.
        for (int a = 0; a < features.Length; a++)
        {
            if (float.IsFinite(features[a]) && features[a] < 0)
            {
                throw new ArgumentException(
                    Invariant($"{name}[{batch}, {head}, {row}, {a}] is {features[a]}; expected features of at least 0, or SignedFeatures"), name);
            }
        }
    }
}
