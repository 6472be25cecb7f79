using FastAttn.Features;
using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Scores;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Nystrom;

/// <summary>
/// Runs heads of Skyformer: κ(L, K)·V and, with X = (κ(L, L) + γI)⁻¹ times it, κ(Q, L)·X, both by the tiles of exact Gaussian attention; what lies
/// between them is n × n for n landmarks only.
/// </summary>
/// <param name="shape">The sizes.</param>
/// <param name="choice">The landmarks.</param>
/// <param name="gamma">γ.</param>
/// <param name="inverse">How the landmarks' matrix is inverted.</param>
internal sealed unsafe class SkyformerRunner<TKernels>(AttentionShape shape, LandmarkChoice choice, double gamma, SkyformerInverse inverse) : HeadRunner
    where TKernels : struct, IKernels
{
    /// <summary>
    /// A landmark is left out when the others explain all but this share of it: sums over keys are float32, and their rounding
    /// errors grow with the inverse of its square root. Any γ above it leaves out none.
    /// </summary>
    private const double LeastPivot = 1e-6;

    private readonly ScoreBias _bias = ScoreBias.None(Math.Max(shape.QueryLength, choice.Most), Math.Max(shape.KeyLength, choice.Most));

    public override long MeasureWorkspace(int workers) => Math.Max(Measure(1), Measure(workers));

    public override HeadReport Run(in HeadCall call, Crew crew, AlignedBuffer workspace)
    {
        var arena = new Arena(workspace.Data, workspace.Bytes);
        Run(call, crew, ref arena);
        return default;
    }

    private long Measure(int workers)
    {
        var arena = Arena.Measuring;
        Run(HeadCall.WithoutData(shape), Crew.Measuring(workers), ref arena);
        return arena.Peak;
    }

    private void Run(in HeadCall call, Crew crew, ref Arena arena)
    {
        int most = choice.Most, columns = shape.HeadDimension, valueColumns = shape.ValueDimension;
        int* indices = arena.Take<int>(choice.Room((long)shape.QueryLength + shape.KeyLength));
        float* landmarkRows = arena.Take<float>((long)most * columns), sums = arena.Take<float>((long)most * valueColumns);
        int count = arena.IsMeasuring ? most : choice.Choose<TKernels>(call, indices);
        for (int landmark = 0; landmark < count && !arena.IsMeasuring; landmark++)
            Copy(call, indices[landmark], landmarkRows + ((long)landmark * columns));
        bool isEmpty = count == 0;
        if (isEmpty)
        {
            // A landmark that weighs nothing: without any, keys and values that are not finite would be heard by no row.
            new Span<float>(landmarkRows, columns).Clear();
            count = 1;
        }

        var landmarks = new FloatRows((nint)landmarkRows, columns, count, columns);
        var weighted = new FloatRows((nint)sums, valueColumns, count, valueColumns);

        ScoreProblem keys = Problem(RowSource.Of(landmarks), call.Key, call.Value, RowSource.Of(weighted));
        keys.KeyMask = call.KeyMask;
        keys.KeptKeys = call.KeptKeys;
        ScoreHead<TKernels>.Run(keys, crew, ref arena);
        for (int column = 0; column < valueColumns && isEmpty; column++) sums[column] *= 0;
        Solve(landmarks, weighted, ref arena);
        ScoreHead<TKernels>.Run(Problem(call.Query, RowSource.Of(landmarks), RowSource.Of(weighted), call.Destination), crew, ref arena);
    }

    private ScoreProblem Problem(RowSource query, RowSource key, RowSource value, RowSource destination) => new()
    {
        Query = query,
        Key = key,
        Value = value,
        Destination = destination,
        KeptKeys = key.Count,
        Bias = _bias.Head(0),
        Unit = Math.Log2(Math.E) / Math.Sqrt(shape.HeadDimension),
        IsGaussian = true,
    };

    /// <summary>Replaces sums over keys by X.</summary>
    private void Solve(FloatRows landmarks, FloatRows sums, ref Arena arena)
    {
        long mark = arena.Mark;
        int count = landmarks.Count, columns = sums.Columns;
        double* matrix = arena.Take<double>((long)count * count), right = arena.Take<double>((long)count * columns);
        double* wide = arena.Take<double>((long)count * Math.Max(landmarks.Columns, columns));
        int* order = arena.Take<int>(count);
        double* rowScratch = arena.Take<double>(count);
        double* scratch = arena.Take<double>(inverse == SkyformerInverse.Schulz ? SchulzSolver.ScratchMatrices * (long)count * count : 0);
        if (!arena.IsMeasuring)
        {
            LandmarkMatrix.Fill(landmarks, gamma, wide, matrix);
            for (int row = 0; row < count; row++)
            {
                for (int column = 0; column < columns; column++) right[((long)row * columns) + column] = sums.Row(row)[column];
            }

            if (inverse == SkyformerInverse.Schulz) SchulzSolver.Solve(matrix, count, right, columns, rowScratch, scratch, wide);
            else CholeskySolver.Solve(matrix, count, LeastPivot, right, columns, order, rowScratch, wide);
            for (int row = 0; row < count; row++)
            {
                for (int column = 0; column < columns; column++) sums.Row(row)[column] = (float)right[((long)row * columns) + column];
            }
        }

        arena.Release(mark);
    }

    /// <summary>Copies a row of [Q; K].</summary>
    private static void Copy(in HeadCall call, int row, float* target)
    {
        int queries = call.Query.Count;
        if (row < queries) call.Query.Copy(row, 0, call.Query.Columns, target);
        else call.Key.Copy(row - queries, 0, call.Key.Columns, target);
    }
}
