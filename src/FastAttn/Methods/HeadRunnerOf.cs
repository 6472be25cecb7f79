using System.Numerics.Tensors;
using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// The way one head walks: features, sums by the plan's method, each row certified, divided and stored or recomputed, and
/// at the end NaN where it belongs.
/// </summary>
/// <param name="shape">The sizes.</param>
/// <param name="stage">Features.</param>
/// <param name="method">The plan's method.</param>
/// <param name="positions">Coefficients.</param>
/// <param name="tolerance">Allowed ‖Δz_i‖ as a share of the largest visible ‖v_j‖.</param>
internal sealed unsafe class HeadRunner<TKernels>(
    AttentionShape shape, FeatureStage stage, AttentionMethod method, PreparedPosition positions, float tolerance) : HeadRunner
    where TKernels : struct, IKernels
{
    private readonly DirectMethod<TKernels> _direct = new();
    private readonly RowRepair<TKernels> _repair = new(stage);
    private readonly RowCertificate _certificate = new(tolerance, stage.IsSigned);

    public override long MeasureWorkspace()
    {
        var call = new HeadCall
        {
            Query = new RowSource(0, 0, shape.QueryLength, shape.HeadDimension),
            Key = new RowSource(0, 0, shape.KeyLength, shape.HeadDimension),
            Value = new RowSource(0, 0, shape.KeyLength, shape.ValueDimension),
            Destination = new RowSource(0, 0, shape.QueryLength, shape.ValueDimension),
        };
        var arena = Arena.Measuring;
        Run(call, ref arena);
        return arena.Peak;
    }

    public override HeadReport Run(in HeadCall call, AlignedBuffer workspace)
    {
        var arena = new Arena(workspace.Data, workspace.Bytes);
        return Run(call, ref arena);
    }

    private HeadReport Run(in HeadCall call, ref Arena arena)
    {
        RowState* queryStates = arena.Take<RowState>(shape.QueryLength);
        RowState* keyStates = arena.Take<RowState>(shape.KeyLength);
        RowState* valueStates = arena.Take<RowState>(shape.KeyLength);
        HeadProblem problem = Prepare(call, queryStates, keyStates, valueStates, ref arena);
        double* largestNorm = arena.Take<double>(shape.QueryLength);
        int* uncertified = arena.Take<int>(shape.QueryLength);
        VisibleKeys.LargestValueNorm(problem, keyStates, largestNorm, ref arena);

        int repairs = Compute(method, problem, queryStates, call.Destination, largestNorm, uncertified, ref arena);
        bool fallsBack = method.Kind == Method.Fft && (arena.IsMeasuring || repairs > RowCertificate.FallbackShare * shape.QueryLength);
        if (fallsBack) repairs = Compute(_direct, problem, queryStates, call.Destination, largestNorm, uncertified, ref arena);
        int alone = RescaledTiles<TKernels>.Run(problem, keyStates, _certificate, largestNorm, uncertified, repairs, call.Destination, ref arena);
        if (arena.IsMeasuring || alone > 0)
            _repair.Run(problem, call.Query, call.Key, keyStates, largestNorm, uncertified, alone, call.Destination, ref arena);
        if (arena.IsMeasuring) return default;

        Poison.Spread(problem, queryStates, keyStates, valueStates, call.Value, call.Destination);
        return new HeadReport(repairs, fallsBack);
    }

    /// <summary>States, features and norms: everything about the rows that no method changes.</summary>
    private HeadProblem Prepare(in HeadCall call, RowState* queryStates, RowState* keyStates, RowState* valueStates, ref Arena arena)
    {
        float* query = arena.Take<float>((long)stage.PaddedRows(shape.QueryLength) * stage.Stride);
        float* key = arena.Take<float>((long)stage.PaddedRows(shape.KeyLength) * stage.Stride);
        double* queryScales = arena.Take<double>(shape.QueryLength);
        double* keyScales = arena.Take<double>(shape.KeyLength);
        double* valueNorm = arena.Take<double>(shape.KeyLength);
        var problem = new HeadProblem
        {
            Head = call.Head,
            QueryCount = shape.QueryLength,
            KeyCount = shape.KeyLength,
            Features = stage.Features,
            FeatureStride = stage.Stride,
            Query = query,
            Key = key,
            QueryLogScale = queryScales,
            ValueNorm = valueNorm,
            Positions = positions,
        };
        if (!arena.IsMeasuring)
        {
            new Span<RowState>(queryStates, shape.QueryLength).Clear();
            MarkKeys(call, keyStates);
        }

        stage.Map(call.Query, call.Head, logarithmic: false, queryStates, query, queryScales, ref arena);
        stage.Map(call.Key, call.Head, logarithmic: false, keyStates, key, keyScales, ref arena);
        problem.Values = PrepareValues(call.Value, keyStates, valueStates, valueNorm, ref arena);
        if (!arena.IsMeasuring) problem.KeyLogScale = ToCommonScale(key, keyScales);
        return problem;
    }

    private void MarkKeys(in HeadCall call, RowState* states)
    {
        for (int j = 0; j < shape.KeyLength; j++)
            states[j] = j < call.KeptKeys && (call.KeyMask is null || call.KeyMask[j]) ? RowState.Kept : RowState.Masked;
    }

    /// <summary>Finds the values' common power of two, their norms, and which rows hold NaN or infinity.</summary>
    private ValueSource PrepareValues(RowSource values, RowState* keyStates, RowState* states, double* norms, ref Arena arena)
    {
        long mark = arena.Mark;
        float* row = arena.Take<float>(shape.ValueDimension);
        float factor = 1;
        if (!arena.IsMeasuring)
        {
            float largest = 0;
            for (int j = 0; j < shape.KeyLength; j++)
            {
                states[j] = keyStates[j] == RowState.Masked ? RowState.Masked : RowState.Kept;
                if (states[j] == RowState.Masked) continue;
                float size = Math.Abs(TensorPrimitives.MaxMagnitude(new ReadOnlySpan<float>(values.Row(j), shape.ValueDimension)));
                if (!float.IsFinite(size))
                {
                    states[j] = RowState.NonFinite;
                    size = LargestFinite(values.Row(j));
                }

                if (keyStates[j] == RowState.Kept) largest = Math.Max(largest, size);
            }

            factor = ValueSource.FactorFor(largest);
            var plain = new ValueSource(values, states, 1);
            for (int j = 0; j < shape.KeyLength; j++)
            {
                norms[j] = 0;
                if (keyStates[j] != RowState.Kept) continue;
                plain.Copy<TKernels>(j, 0, shape.ValueDimension, row);
                norms[j] = Math.Sqrt(WideSum.OfSquares(row, shape.ValueDimension));
            }
        }

        arena.Release(mark);
        return new ValueSource(values, states, factor);
    }

    private float LargestFinite(float* row)
    {
        float largest = 0;
        for (int column = 0; column < shape.ValueDimension; column++)
        {
            if (float.IsFinite(row[column])) largest = Math.Max(largest, Math.Abs(row[column]));
        }

        return largest;
    }

    /// <summary>Brings all key rows to the largest log-scale among them, which is returned: a factor per key would not cancel.</summary>
    private double ToCommonScale(float* key, double* scales)
    {
        double largest = double.NegativeInfinity;
        for (int j = 0; j < shape.KeyLength; j++) largest = Math.Max(largest, scales[j]);
        for (int j = 0; j < shape.KeyLength; j++)
        {
            if (scales[j] == largest || double.IsNegativeInfinity(scales[j])) continue;
            float* row = key + ((long)j * stage.Stride);
            TKernels.Scale(row, row, stage.Features, (float)Math.Exp(scales[j] - largest));
        }

        return double.IsNegativeInfinity(largest) ? 0 : largest;
    }

    /// <summary>Runs a method, stores every row it can vouch for, and lists the others.</summary>
    private int Compute(
        AttentionMethod chosen, in HeadProblem problem, RowState* queryStates, RowSource destination, double* largestNorm, int* uncertified,
        ref Arena arena)
    {
        long mark = arena.Mark;
        PartialSums sums = chosen.Compute(problem, ref arena);
        int count = 0;
        for (int i = 0; i < shape.QueryLength && !arena.IsMeasuring; i++)
        {
            // Nothing to see, or a query that will poison its row: neither needs sums.
            if (largestNorm[i] <= 0 || queryStates[i] != RowState.Kept) new Span<float>(destination.Row(i), shape.ValueDimension).Clear();
            else if (_certificate.Holds(sums, i, (float)(largestNorm[i] * problem.Values.Factor))) StoredRow.Store<TKernels>(problem, sums, i, destination);
            else uncertified[count++] = i;
        }

        arena.Release(mark);
        return count;
    }
}
