using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Features;

/// <summary>
/// PRF with Performer's ε: φ(x) = exp(w·x − ‖x‖²/2 − M) + ε, M the largest w·x of the row for a query, and of all keys of the head that take part
/// for a key. Features come from the plain stage; ε is added in each row's own scale.
/// </summary>
/// <param name="plain">The map without ε.</param>
/// <param name="factors">What rows are multiplied by before they are mapped.</param>
/// <param name="epsilon">ε, above zero.</param>
internal sealed unsafe class StabilizedStage<TKernels>(FeatureStage plain, RowFactors factors, double epsilon) : FeatureStage
    where TKernels : struct, IKernels
{
    /// <summary>Rows that a thread takes at a time.</summary>
    private const int BlockRows = 64;

    private readonly double _logarithm = Math.Log(epsilon);

    public override int Features => plain.Features;

    public override int Stride => plain.Stride;

    public override bool IsSigned => plain.IsSigned;

    public override int PaddedRows(int rows) => plain.PaddedRows(rows);

    public override void Map(
        RowSource rows, RowRole role, int head, bool logarithmic, RowState* states, float* features, double* logScales, Crew crew, ref Arena arena)
    {
        plain.Map(rows, role, head, logarithmic, states, features, logScales, crew, ref arena);
        long mark = arena.Mark;
        RowBlock block = RowBlock.Take(crew.Workers * BlockRows, ref arena);
        float* converted = arena.Take<float>((long)crew.Workers * BlockRows * rows.Columns);
        double* largest = arena.Take<double>(rows.Count), norms = arena.Take<double>(rows.Count);
        if (!arena.IsMeasuring)
        {
            int blocks = (rows.Count + BlockRows - 1) / BlockRows;
            crew.Run(new Largest(factors, rows, states, logScales, block, converted, largest, norms), blocks);
            double most = role == RowRole.Key ? TensorPrimitives.Max(new ReadOnlySpan<double>(largest, rows.Count)) : double.NaN;
            crew.Run(new Adding(this, rows.Count, logarithmic, most, states, features, logScales, largest, norms), blocks);
        }

        arena.Release(mark);
    }

    /// <summary>Adds ε to a row, whose entries are relative to its log-scale. <paramref name="added"/> is ln ε relative to that.</summary>
    private void Add(float* row, double added, ref double logScale)
    {
        if (added <= 0)
        {
            TKernels.ReluPlus(row, Features, (float)Math.Exp(added));
            return;
        }

        // ε is the larger part: it becomes one.
        TKernels.Scale(row, row, Features, (float)Math.Exp(-added));
        TKernels.ReluPlus(row, Features, 1);
        logScale += added;
    }

    /// <summary>The same for logarithms of entries, which stay near zero where they count: float32 rounds large ones.</summary>
    private void AddToLogarithms(float* row, double added, ref double logScale)
    {
        double shift = Math.Max(added, 0), relative = added - shift;
        logScale += shift;
        for (int a = 0; a < Features; a++)
        {
            double entry = row[a] - shift, larger = Math.Max(entry, relative), smaller = Math.Min(entry, relative);
            row[a] = (float)(larger + double.LogP1(Math.Exp(smaller - larger)));
        }
    }

    /// <summary>The largest w·x and ½‖x‖² of every row; −∞ where a row does not count.</summary>
    private readonly struct Largest(
        RowFactors factors, RowSource rows, RowState* states, double* logScales, RowBlock block, float* converted, double* largest, double* norms) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * BlockRows, end = Math.Min(first + BlockRows, rows.Count);
            RowBlock own = block.From(worker * BlockRows);
            factors.Find(rows.Read(first, end - first, converted + ((long)worker * BlockRows * rows.Columns)), states + first, own);
            for (int r = first; r < end; r++)
            {
                norms[r] = own.HalfSquaredNorms[r - first];
                largest[r] = logScales[r] + norms[r];
            }
        }
    }

    private readonly struct Adding(
        StabilizedStage<TKernels> stage, int count, bool logarithmic, double most, RowState* states, float* features, double* logScales, double* largest, double* norms)
        : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * BlockRows, end = Math.Min(first + BlockRows, count);
            for (int r = first; r < end; r++)
            {
                if (states[r] != RowState.Kept) continue;
                float* row = features + ((long)r * stage.Stride);
                double added = stage._logarithm + norms[r] + (double.IsNaN(most) ? 0 : most - largest[r]);
                if (logarithmic) stage.AddToLogarithms(row, added, ref logScales[r]);
                else stage.Add(row, added, ref logScales[r]);
            }
        }
    }
}
