namespace FastAttn.Bench.Inputs;

/// <summary>Queries, keys and values of some heads, and one dense bias b ~ N(0, ½) that they share: the common case of every timing.</summary>
internal sealed class HeadInputs
{
    public HeadInputs(int length, int dimension = 64, int heads = 1)
    {
        var random = new Random(1);
        Shape = new AttentionShape(heads, length, dimension);
        Query = Normal.Array(random, (long)heads * length * dimension);
        Key = Normal.Array(random, (long)heads * length * dimension);
        Value = Normal.Array(random, (long)heads * length * dimension);
        Output = new float[Value.Length];
        Bias = Normal.Array(random, (2 * length) - 1, 0.5);
    }

    public AttentionShape Shape { get; }

    public float[] Query { get; }

    public float[] Key { get; }

    public float[] Value { get; }

    public float[] Output { get; }

    public float[] Bias { get; }

    /// <summary>A plan for these sizes with the bias, on one thread unless told otherwise.</summary>
    public KernelizedAttention Plan(Method method, int features, int threads = 1, bool hasPosition = true, bool causal = false) => new(
        Shape,
        new KernelizedAttentionOptions { Method = method, Features = features, Threads = threads, Causal = causal },
        hasPosition ? RelativePosition.Dense(Bias, Shape.QueryLength, Shape.KeyLength) : null);

    /// <summary>Exact softmax attention for these sizes, with the bias unless told otherwise, on one thread.</summary>
    public SoftmaxAttention Softmax(bool hasPosition = true, bool causal = false) => new(
        Shape,
        new SoftmaxAttentionOptions { Threads = 1, Causal = causal },
        hasPosition ? RelativePosition.Dense(Bias, Shape.QueryLength, Shape.KeyLength) : null);

    public void Run(AttentionSystem plan) => plan.Forward(Query, Key, Value, Output);
}
