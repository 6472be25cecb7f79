using System.Numerics.Tensors;
using FastAttn.Tensors;

namespace FastAttn.Attention;

/// <summary>Features that a caller gives as non-negative are: checked before anything is written. O(rows · features).</summary>
internal static unsafe class GivenFeaturesCheck
{
    /// <summary>Features looked at at a time.</summary>
    private const int PieceColumns = 256;

    /// <summary>Refuses a finite number below zero in a query or in a key that takes part.</summary>
    public static void NotNegative(in AttentionTensors tensors, KeySelection selection)
    {
        (StridedTensor query, StridedTensor key) = (tensors.Query, tensors.Key);
        for (int batch = 0; batch < query.Batch; batch++)
        {
            for (int head = 0; head < query.Heads; head++)
            {
                RowSource rows = query.RowsOf(batch, head);
                for (int row = 0; row < query.Rows; row++) NotNegative(rows, batch, head, row, "query");
            }

            bool* mask = selection.Mask(batch);
            for (int head = 0; head < key.Heads; head++)
            {
                RowSource rows = key.RowsOf(batch, head);
                for (int row = 0; row < selection.Kept(batch); row++)
                {
                    if (mask is null || mask[row]) NotNegative(rows, batch, head, row, "key");
                }
            }
        }
    }

    private static void NotNegative(RowSource rows, int batch, int head, int row, string name)
    {
        float* scratch = stackalloc float[PieceColumns];
        for (int first = 0; first < rows.Columns; first += PieceColumns)
        {
            int count = Math.Min(PieceColumns, rows.Columns - first);
            var features = new ReadOnlySpan<float>(rows.Read(row, first, count, scratch), count);
            if (TensorPrimitives.MinNumber(features) >= 0) continue;

            // Only NaN gives NaN, and −∞ spoils its row as NaN does.
            for (int a = 0; a < features.Length; a++)
            {
                if (float.IsFinite(features[a]) && features[a] < 0)
                {
                    throw new ArgumentException(
                        Invariant($"{name}[{batch}, {head}, {row}, {first + a}] is {features[a]}; expected features of at least 0, or SignedFeatures"), name);
                }
            }
        }
    }
}
