using FastAttn.Kernels;
using FastAttn.Tensors;

namespace FastAttn.Attention;

/// <summary>The output of a call without keys, every row of which sees none: zeros, or NaN where the query is not finite.</summary>
internal static class EmptyRows
{
    public static void Store(in AttentionTensors tensors)
    {
        (StridedTensor query, StridedTensor destination) = (tensors.Query, tensors.Destination);
        for (int batch = 0; batch < query.Batch; batch++)
        {
            for (int head = 0; head < query.Heads; head++)
            {
                RowSource queries = query.RowsOf(batch, head), outputs = destination.RowsOf(batch, head);
                for (int row = 0; row < query.Rows; row++) outputs.Fill(row, queries.AllFinite<PortableKernels>(row) ? 0 : float.NaN);
            }
        }
    }
}
