using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Features;

/// <summary>The rows w_i that inputs are projected on, packed once as the right operand of a matrix product. Immutable and thread-safe.</summary>
internal sealed unsafe class ProjectionPanels<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>
    /// Rows of W that are packed together, as many as the widest register tile takes: rows a power of two apart would share
    /// few sets of the first-level cache.
    /// </summary>
    private const int PanelColumns = 64;

    private readonly int _dimension;
    private readonly int _heads;
    private readonly AlignedBuffer _panels;

    /// <param name="values"><c>[heads, count, dimension]</c>.</param>
    /// <param name="heads">1 when all heads share them.</param>
    /// <param name="count">Rows w of a head.</param>
    /// <param name="dimension">Columns d.</param>
    /// <param name="factor">What all are multiplied by.</param>
    public ProjectionPanels(ReadOnlySpan<float> values, int heads, int count, int dimension, double factor)
    {
        _heads = heads;
        _dimension = dimension;
        PaddedCount = Padding.RoundUp(count, TKernels.Lanes);
        _panels = new AlignedBuffer((long)heads * dimension * PaddedCount * sizeof(float));
        Clearing.Clear((float*)_panels.Data, _panels.Bytes / sizeof(float));
        for (int row = 0; row < heads * count; row++)
        {
            (int head, int feature) = Math.DivRem(row, count);
            int panel = feature / PanelColumns * PanelColumns, width = PanelWidth(panel);
            float* column = (float*)_panels.Data + ((((long)head * PaddedCount) + panel) * dimension) + (feature - panel);
            for (int i = 0; i < dimension; i++) column[i * width] = (float)(values[(row * dimension) + i] * factor);
        }
    }

    /// <summary>Projections of a row, in whole vectors.</summary>
    public int PaddedCount { get; }

    /// <summary>Writes w_i·x to <paramref name="projected"/>, a column for each w, times the row's factor.</summary>
    /// <param name="rows"><c>[count, dimension]</c>.</param>
    /// <param name="rowStride">Floats between its rows.</param>
    /// <param name="count">Rows, whole register tiles.</param>
    /// <param name="head">The head, for projections that differ by head.</param>
    /// <param name="factors">One a row, or null.</param>
    /// <param name="projected"><c>[count, PaddedCount]</c>.</param>
    /// <param name="stride">Floats between its rows.</param>
    public void Multiply(float* rows, nint rowStride, int count, int head, float* factors, float* projected, nint stride)
    {
        float* panels = (float*)_panels.Data + (_heads == 1 ? 0 : (long)head * _dimension * PaddedCount);
        for (int column = 0; column < PaddedCount; column += PanelColumns)
        {
            int width = PanelWidth(column);
            TKernels.MultiplyScaled(
                count, _dimension, width, rows, rowStride, panels + ((long)column * _dimension), width, factors, projected + column, stride);
        }
    }

    private int PanelWidth(int firstColumn) => Math.Min(PanelColumns, PaddedCount - firstColumn);
}
