using FastAttn.Features;
using FastAttn.Fft;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Positions;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Bench.Inputs;

/// <summary>One method on given features, without the stages around it: for costs and errors of the method alone.</summary>
internal sealed unsafe class MethodCase : IDisposable
{
    private readonly AttentionMethod _method;
    private readonly AlignedBuffer _inputs;
    private readonly AlignedBuffer _work;
    private readonly HeadProblem _problem;

    /// <param name="method">Which method.</param>
    /// <param name="query">φ(q), <c>[length, features]</c>.</param>
    /// <param name="key">φ(k), the same.</param>
    /// <param name="value">v, <c>[length, valueDimension]</c>; stays where it is as long as the case lives.</param>
    /// <param name="length">Queries and keys.</param>
    /// <param name="features">Features m.</param>
    /// <param name="positions">Coefficients.</param>
    public MethodCase(Method method, float[] query, float[] key, float[] value, int length, int features, PreparedPosition positions)
    {
        (_method, int lanes, int rowTile) = Tiers.Visit(Tiers.Current, new Factory(method, length, FftLength(length, features, value.Length / length)));
        int stride = Padding.RoundUp(features, 2 * lanes), rows = Padding.RoundUp(Padding.RoundUp(length, rowTile), KernelShape.KeyTile);
        int columns = value.Length / length;
        long featureFloats = (long)rows * stride;
        _inputs = new AlignedBuffer((((2 * featureFloats) + value.Length + 64) * sizeof(float)) + (length * (sizeof(double) + 1L)));
        float* data = (float*)_inputs.Data;
        Clearing.Clear(data, _inputs.Bytes / sizeof(float));
        float* values = data + (2 * featureFloats);
        double* norms = (double*)(values + Padding.RoundUp(value.Length, 2));
        for (int row = 0; row < length; row++)
        {
            query.AsSpan(row * features, features).CopyTo(new Span<float>(data + ((long)row * stride), features));
            key.AsSpan(row * features, features).CopyTo(new Span<float>(data + featureFloats + ((long)row * stride), features));
            double squares = 0;
            foreach (float entry in value.AsSpan(row * columns, columns)) squares += (double)entry * entry;
            norms[row] = Math.Sqrt(squares);
        }

        value.CopyTo(new Span<float>(values, value.Length));
        _problem = new HeadProblem
        {
            QueryCount = length,
            KeyCount = length,
            Features = features,
            FeatureStride = stride,
            Query = data,
            Key = data + featureFloats,
            ValueNorm = norms,
            Values = new ValueSource(new RowSource((nint)values, columns, length, columns), (RowState*)(norms + length), 1),
            Positions = positions,
        };
        var measuring = Arena.Measuring;
        _method.Compute(_problem, default, Crew.Alone, ref measuring);
        _work = new AlignedBuffer(measuring.Peak);
    }

    /// <summary>Features exp(N(0, ½)), values N(0, 1), b ~ N(0, ½) (none for linear).</summary>
    public static MethodCase Random(Method method, int length, int features, int valueDimension, bool causal = false)
    {
        var random = new Random(1);
        float[]? bias = method == Method.Linear ? null : Normal.Array(random, (2 * length) - 1, 0.5);
        float[] query = PositiveFeatures.Random(random, length, features), key = PositiveFeatures.Random(random, length, features);
        var positions = new PreparedPosition(
            bias is null ? null : RelativePosition.Dense(bias, length, length), new PositionExtent(length, length, 0, causal ? 0 : length - 1));
        return new MethodCase(method, query, key, Normal.Array(random, (long)length * valueDimension), length, features, positions);
    }

    /// <summary>Numerators and denominators; they live until the next call.</summary>
    public PartialSums Compute()
    {
        var arena = new Arena(_work.Data, _work.Bytes);
        PartialSums sums = _method.Compute(_problem, default, Crew.Alone, ref arena);
        GC.KeepAlive(this);
        return sums;
    }

    /// <summary>The length that a plan takes.</summary>
    private static int FftLength(int length, int features, int valueDimension) =>
        ExecutionPlan.Create(new AttentionShape(1, length, 64) { ValueDimension = valueDimension }, new() { Features = features }).FftLength;

    public void Dispose()
    {
        _inputs.Dispose();
        _work.Dispose();
    }

    private sealed class Factory(Method method, int length, int fftLength) : ITierVisitor<(AttentionMethod Method, int Lanes, int RowTile)>
    {
        public (AttentionMethod Method, int Lanes, int RowTile) Visit<TKernels>()
            where TKernels : struct, IKernels
        {
            AttentionMethod made = method switch
            {
                Method.Fft => new FftMethod<TKernels>(LaneFft.Get(fftLength, TKernels.Lanes), TokenLayout.Line, length),
                Method.Linear => new LinearMethod<TKernels>(),
                Method.Multipole => new MultipoleMethod<TKernels>(new TailAllowance(1e-4f, false)),
                Method.Band or Method.Decay => new TailScanMethod<TKernels>(method, new TailAllowance(1e-4f, false)),
                _ => new DirectMethod<TKernels>(),
            };
            return (made, TKernels.Lanes, TKernels.RowTile);
        }
    }
}
