using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// 64 keys as tiles take them, with a log-scale and a factor of values of their own: what comes before or after changes nothing. The last block of all keys has
/// fewer, and zeros beyond them.
/// </summary>
internal sealed unsafe class KeptBlock : IDisposable
{
    /// <summary>Log-scales are multiples of this, 2⁸, so that most blocks have the same and are summed together.</summary>
    private const double ScaleStep = 8 * 0.693147180559945309417232121458;

    private readonly AlignedBuffer _memory;

    /// <param name="features">Features, whole register tiles.</param>
    /// <param name="valueStride">Floats between value rows.</param>
    public KeptBlock(int features, int valueStride)
    {
        _memory = new AlignedBuffer((long)KernelShape.KeyTile * (features + valueStride) * sizeof(float));
        Keys = (float*)_memory.Data;
        Values = Keys + ((long)features * KernelShape.KeyTile);
    }

    /// <summary><c>[features, KeyTile]</c>.</summary>
    public float* Keys { get; }

    /// <summary><c>[KeyTile, value stride]</c>.</summary>
    public float* Values { get; }

    /// <summary>What features are relative to: the true ones are <c>exp(LogScale)</c> times as large; −∞ when all are zero.</summary>
    public double LogScale { get; private set; }

    /// <summary>The power of two that values are multiplied by.</summary>
    public float ValueFactor { get; private set; }

    /// <summary>The largest ‖v_j‖ of the block.</summary>
    public double LargestNorm { get; private set; }

    public void Dispose() => _memory.Dispose();

    /// <summary>Packs rows that are complete, or complete so far.</summary>
    public void Pack<TKernels>(in OpenRows rows)
        where TKernels : struct, IKernels
    {
        const int Tile = KernelShape.KeyTile;
        double largestScale = double.NegativeInfinity;
        LargestNorm = 0;
        for (int row = 0; row < rows.Count; row++)
        {
            largestScale = Math.Max(largestScale, rows.LogScales[row]);
            LargestNorm = Math.Max(LargestNorm, rows.Norms[row]);
        }

        LogScale = double.IsNegativeInfinity(largestScale) ? largestScale : Math.Ceiling(largestScale / ScaleStep) * ScaleStep;
        ValueFactor = ValueSource.FactorFor(LargestNorm);
        float* weights = stackalloc float[Tile];
        for (int row = 0; row < Tile; row++)
            weights[row] = row < rows.Count && !double.IsNegativeInfinity(rows.LogScales[row]) ? (float)Math.Exp(rows.LogScales[row] - LogScale) : 0;
        Clearing.Clear(Keys, (long)(Values - Keys));
        TKernels.TransposeScaled(rows.Features, rows.FeatureStride, rows.Count, rows.FeatureCount, weights, Keys, Tile);
        for (int row = 0; row < Tile; row++)
        {
            float* target = Values + ((long)row * rows.ValueStride);
            if (row < rows.Count) TKernels.Scale(rows.Values + ((long)row * rows.ValueStride), target, rows.ValueStride, ValueFactor);
            else new Span<float>(target, rows.ValueStride).Clear();
        }
    }
}
