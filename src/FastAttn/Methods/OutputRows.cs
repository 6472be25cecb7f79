using FastAttn.Kernels;
using FastAttn.Tensors;

namespace FastAttn.Methods;

/// <summary>Where finished rows of a head go: in float32 through what the attention does with all outputs, and then, rounded once, to the caller.</summary>
/// <param name="rows">The caller's output.</param>
/// <param name="gain">What rows go through; null for nothing.</param>
/// <param name="head">The head.</param>
internal readonly unsafe struct OutputRows(RowSource rows, OutputGain? gain, int head)
{
    public int Count => rows.Count;

    /// <summary>Stores a row times a factor.</summary>
    /// <param name="row">Which.</param>
    /// <param name="finished">Scratch that holds the row; what it holds afterwards is unspecified.</param>
    /// <param name="factor">The factor.</param>
    public void Store<TKernels>(int row, float* finished, float factor)
        where TKernels : struct, IRowKernels
    {
        if (gain is not null)
        {
            TKernels.Scale(finished, finished, rows.Columns, factor);
            gain.Apply(finished, head);
            factor = 1;
        }

        rows.Write<TKernels>(row, finished, factor);
    }
}
