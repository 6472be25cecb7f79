using FastAttn.Features;
using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// The way one head walks: features, sums by the plan's method, each row certified, divided and stored or recomputed, and
/// at the end NaN where it belongs.
/// </summary>
/// <param name="shape">The sizes.</param>
/// <param name="stage">Features.</param>
/// <param name="method">The plan's method.</param>
/// <param name="positions">Coefficients.</param>
/// <param name="gain">What finished rows go through; null for nothing.</param>
/// <param name="tolerance">Allowed ‖Δz_i‖ as a share of the largest visible ‖v_j‖.</param>
/// <param name="floor">The least denominator.</param>
internal sealed unsafe class HeadRunner<TKernels>(
    AttentionShape shape, FeatureStage stage, AttentionMethod method, PreparedPosition positions, float tolerance, OutputGain? gain, DenominatorFloor floor) : HeadRunner
    where TKernels : struct, IKernels
{
    private readonly bool _isFine = SumRounding<TKernels>.NeedsFine(tolerance);
    private readonly DirectMethod<TKernels> _direct = new(SumRounding<TKernels>.NeedsFine(tolerance));

    private readonly RowRepair<TKernels> _repair = new(stage);
    private readonly RowCertificate _certificate = new(tolerance, stage.IsSigned, method.Rounding(stage.Features));
    private readonly RowCertificate _directCertificate = new(
        tolerance, stage.IsSigned, SumRounding<TKernels>.OfDirect(SumRounding<TKernels>.NeedsFine(tolerance)));

    public override long MeasureWorkspace(int workers)
    {
        var arena = Arena.Measuring;
        Run(HeadCall.WithoutData(shape), Crew.Measuring(workers), ref arena);
        return arena.Peak;
    }

    public override HeadReport Run(in HeadCall call, Crew crew, AlignedBuffer workspace)
    {
        var arena = new Arena(workspace.Data, workspace.Bytes);
        return Run(call, crew, ref arena);
    }

    private HeadReport Run(in HeadCall call, Crew crew, ref Arena arena)
    {
        RowState* queryStates = arena.Take<RowState>(shape.QueryLength);
        RowState* keyStates = arena.Take<RowState>(shape.KeyLength);
        RowState* valueStates = arena.Take<RowState>(shape.KeyLength);
        double* largestNorm = arena.Take<double>(shape.QueryLength);
        int* uncertified = arena.Take<int>(shape.QueryLength);
        HeadProblem problem = Prepare(call, queryStates, keyStates, valueStates, largestNorm, crew, ref arena);

        var rows = new SortedRows(call, queryStates, keyStates, largestNorm, new OutputRows(call.Destination, gain, call.Head), uncertified);
        int repairs = Compute(method, _certificate, rows, problem, crew, ref arena);
        if (method.TakesQueriesByChunk && (arena.IsMeasuring || repairs > 0)) MapQueries(call, queryStates, ref problem, crew, ref arena);
        bool fallsBack = method.Kind is not (Method.Direct or Method.Linear) && (arena.IsMeasuring || repairs > RowCertificate.FallbackShare * shape.QueryLength);
        if (fallsBack) repairs = Compute(_direct, _directCertificate, rows, problem, crew, ref arena);
        int alone = RescaledTiles<TKernels>.Run(problem, rows, repairs, _directCertificate, _isFine, crew, ref arena);
        problem.Loud.PutBack(problem.ValueNorm);
        if (arena.IsMeasuring || alone > 0)
            _repair.Run(problem, rows, alone, crew, ref arena);
        if (!arena.IsMeasuring) Poison.Spread(problem, queryStates, keyStates, valueStates, call.Value, call.Destination);
        return new HeadReport(repairs, fallsBack);
    }

    /// <summary>States, features and norms: everything about the rows that no method changes, and which tokens no method sees.</summary>
    private HeadProblem Prepare(
        in HeadCall call, RowState* queryStates, RowState* keyStates, RowState* valueStates, double* largestNorm, Crew crew, ref Arena arena)
    {
        float* key = arena.Take<float>((long)stage.PaddedRows(shape.KeyLength) * stage.Stride);
        double* keyScales = arena.Take<double>(shape.KeyLength);
        double* valueNorm = arena.Take<double>(shape.KeyLength);
        var problem = new HeadProblem
        {
            Head = call.Head,
            QueryCount = shape.QueryLength,
            KeyCount = shape.KeyLength,
            Features = stage.Features,
            FeatureStride = stage.Stride,
            Key = key,
            ValueNorm = valueNorm,
            Positions = positions,
            Floor = floor,
        };
        if (!arena.IsMeasuring)
        {
            new Span<RowState>(queryStates, shape.QueryLength).Clear();
            MarkKeys(call, keyStates);
        }

        if (!method.TakesQueriesByChunk) MapQueries(call, queryStates, ref problem, crew, ref arena);
        stage.Map(call.Key, RowRole.Key, call.Head, logarithmic: false, keyStates, key, keyScales, crew, ref arena);
        problem.Values = ValueRows.Prepare(call.Value, keyStates, valueStates, valueNorm, crew, ref arena);
        VisibleKeys.LargestValueNorm(problem, keyStates, largestNorm, ref arena);

        // Loud tokens are summed together: too many for fine sums, which take none out.
        LoudTokens.TakeOut<TKernels>(ref problem, keyScales, _isFine ? _direct : method, crew, ref arena);
        return problem;
    }

    private void MapQueries(in HeadCall call, RowState* states, ref HeadProblem problem, Crew crew, ref Arena arena)
    {
        problem.Query = arena.Take<float>((long)stage.PaddedRows(shape.QueryLength) * stage.Stride);
        problem.QueryLogScales = arena.Take<double>(shape.QueryLength);
        stage.Map(call.Query, RowRole.Query, call.Head, logarithmic: false, states, problem.Query, problem.QueryLogScales, crew, ref arena);
    }

    private void MarkKeys(in HeadCall call, RowState* states)
    {
        new Span<RowState>(states, shape.KeyLength).Fill(RowState.Masked);
        new Span<RowState>(states, call.KeptKeys).Fill(RowState.Kept);
        for (int j = 0; call.KeyMask is not null && j < call.KeptKeys; j++)
        {
            if (!call.KeyMask[j]) states[j] = RowState.Masked;
        }
    }

    /// <summary>
    /// Runs a method, stores every row it can vouch for, and lists the others; returns how many. Where queries come chunk by chunk, rows are features, sums and output
    /// while they are in cache.
    /// </summary>
    private int Compute(AttentionMethod chosen, RowCertificate certificate, in SortedRows rows, in HeadProblem problem, Crew crew, ref Arena arena)
    {
        long mark = arena.Mark;
        int chunkRows = chosen.ChunkRows(shape.QueryLength);
        var certified = new CertifiedRows<TKernels>(certificate, rows, chunkRows, ref arena);
        if (chosen.TakesQueriesByChunk)
        {
            int columns = Padding.RoundUp(shape.ValueDimension, TKernels.Lanes);
            var passing = new PassingRows<TKernels>(stage, rows.Call, rows.QueryStates, certified, chunkRows, columns, crew, ref arena);
            chosen.Compute(problem, passing.Chunks, crew, ref arena);
        }
        else chosen.Compute(problem, certified.Chunks, crew, ref arena);

        int count = arena.IsMeasuring ? 0 : certified.Gather();
        arena.Release(mark);
        return count;
    }
}
