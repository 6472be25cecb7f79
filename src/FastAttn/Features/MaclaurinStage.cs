using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Features;

/// <summary>
/// The feature stage of SchoenbAt: rows without their mean and of length d^(−1/4) (preSBN and temperature), projected on all ±1
/// factors at once, and products of the projections that belong to one feature. Degree 0 and exact degrees follow the others.
/// </summary>
internal sealed unsafe class MaclaurinStage<TKernels> : FeatureStage
    where TKernels : struct, IKernels
{
    private readonly MaclaurinFeatures _draw;
    private readonly int[] _counts;
    private readonly ProjectionPanels<TKernels> _panels;
    private readonly double _length;
    private readonly float _constant;
    private readonly float _linear;
    private readonly double _quadratic;

    public MaclaurinStage(MaclaurinFeatures draw)
    {
        _draw = draw;
        Stride = Padding.RoundUp(draw.Features, TKernels.Lanes);
        var segments = new MaclaurinSegments(draw);
        _counts = segments.Counts;
        _panels = new(segments.Factors, 1, segments.Total, draw.Dimension, 1);
        _length = Math.Pow(draw.Dimension, -0.25);
        _constant = draw.IsLiteral ? (float)MaclaurinSegments.SizeOf(draw, 0) : 1;
        _linear = (float)Math.Sqrt(MaclaurinSeries.Coefficient(draw.Kernel, 1));
        _quadratic = Math.Sqrt(MaclaurinSeries.Coefficient(draw.Kernel, 2));
    }

    public override int Features => _draw.Features;

    public override int Stride { get; }

    public override bool IsSigned => true;

    /// <summary>Rows mapped at a time: whole register tiles.</summary>
    private static int BlockRows => 4 * TKernels.RowTile;

    /// <summary>Floats of a block of projections, and those that the last vector of the last one reaches over.</summary>
    private int ProjectedFloats => (BlockRows * _panels.PaddedCount) + TKernels.Lanes;

    public override int PaddedRows(int rows) => Padding.RoundUp(Padding.RoundUp(rows, TKernels.RowTile), KernelShape.KeyTile);

    public override void Map(
        RowSource rows, RowRole role, int head, bool logarithmic, RowState* states, float* features, double* logScales, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        float* centered = arena.Take<float>((long)crew.Workers * BlockRows * _draw.Dimension);
        float* projected = arena.Take<float>((long)crew.Workers * ProjectedFloats);
        float* largest = arena.Take<float>((long)crew.Workers * BlockRows);
        if (!arena.IsMeasuring)
            crew.Run(new Blocks(this, rows, states, features, logScales, centered, projected, largest), (PaddedRows(rows.Count) + BlockRows - 1) / BlockRows);
        arena.Release(mark);
    }

    /// <summary>Everything that is no product of random factors, behind the features that are.</summary>
    private void AddExact(float* x, float* row)
    {
        int dimension = _draw.Dimension, constants = _draw.IsLiteral ? _draw.Features - _counts[0] : 1;
        float* next = row + _counts[0];
        new Span<float>(next, constants).Fill(_constant);
        next += constants;
        if (_draw.ExactDegrees < 1) return;
        TKernels.Scale(x, next, dimension, _linear);
        next += dimension;
        if (_draw.ExactDegrees < 2) return;

        // (x·y)² = Σ_a x_a² y_a² + 2 Σ_{a<b} x_a x_b y_a y_b.
        for (int a = 0; a < dimension; a++)
        {
            TKernels.Scale(x + a, next, dimension - a, (float)(Math.Sqrt(2) * _quadratic * x[a]));
            *next = (float)(_quadratic * x[a] * x[a]);
            next += dimension - a;
        }
    }

    /// <summary>Divides a row whose largest feature is 2 or more by a power of two; returns its logarithm.</summary>
    private double Normalize(float* row, float largest)
    {
        if (largest < 2) return 0;
        int exponent = Math.ILogB(largest);
        TKernels.Scale(row, row, _draw.Features, MathF.ScaleB(1, -exponent));
        return exponent * Math.Log(2);
    }

    /// <summary>Blocks of rows, the last ones perhaps of padding only.</summary>
    private readonly struct Blocks(
        MaclaurinStage<TKernels> stage, RowSource rows, RowState* states, float* features, double* logScales,
        float* centered, float* projected, float* largest) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * BlockRows, padded = Math.Min(BlockRows, stage.PaddedRows(rows.Count) - first);
            int count = Math.Clamp(rows.Count - first, 0, BlockRows), dimension = stage._draw.Dimension, stride = stage._panels.PaddedCount;
            float* x = centered + ((long)worker * BlockRows * dimension), products = projected + ((long)worker * stage.ProjectedFloats);
            float* target = features + ((long)first * stage.Stride), most = largest + (worker * BlockRows);
            Clearing.Clear(target, (long)padded * stage.Stride);
            if (count == 0) return;

            // What is not float32 becomes it where its copy will stand.
            FloatRows source = rows.Read(first, count, x);
            for (int r = 0; r < count; r++)
            {
                float* row = x + (r * dimension);
                if (states[first + r] == RowState.Masked) new Span<float>(row, dimension).Clear();
                else if (!CenteredRows.Copy(source.Row(r), row, dimension, stage._length)) states[first + r] = RowState.NonFinite;
            }

            int tiles = Padding.RoundUp(count, TKernels.RowTile);
            new Span<float>(x + (count * dimension), (tiles - count) * dimension).Clear();
            new Span<float>(products + (tiles * stride), TKernels.Lanes).Clear();
            stage._panels.Multiply(x, dimension, tiles, 0, null, products, stride);
            fixed (int* counts = stage._counts)
                TKernels.SegmentedProduct(products, stride, count, counts, stage._counts.Length, target, stage.Stride, most);
            for (int r = 0; r < count; r++)
            {
                float* row = target + ((long)r * stage.Stride);
                if (states[first + r] == RowState.Kept)
                {
                    stage.AddExact(x + (r * dimension), row);
                    logScales[first + r] = stage.Normalize(row, most[r]);
                }
                else
                {
                    new Span<float>(row, stage.Stride).Clear();
                    logScales[first + r] = double.NegativeInfinity;
                }
            }
        }
    }
}
