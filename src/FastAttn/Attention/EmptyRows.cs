using System.Numerics.Tensors;

namespace FastAttn.Attention;

/// <summary>The output of a call without keys, every row of which sees none: zeros, or NaN where the query is not finite.</summary>
internal static unsafe class EmptyRows
{
    public static void Store(in AttentionTensors tensors)
    {
        (StridedTensor query, StridedTensor destination) = (tensors.Query, tensors.Destination);
        for (int batch = 0; batch < query.Batch; batch++)
        {
            for (int head = 0; head < query.Heads; head++)
            {
                for (int row = 0; row < query.Rows; row++)
                {
                    var source = new ReadOnlySpan<float>(query.Row(batch, head, row), query.Columns);
                    float filling = float.IsFinite(TensorPrimitives.MaxMagnitude(source)) ? 0 : float.NaN;
                    new Span<float>(destination.Row(batch, head, row), destination.Columns).Fill(filling);
                }
            }
        }
    }
}
