using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Threading;

/// <summary>One call of each kind, large enough for several threads.</summary>
internal static class CallKinds
{
    public static TheoryData<string> All => ["fft", "direct", "linear", "decay", "multipole", "heads", "softmax", "cholesky", "schulz", "toeplitz", "fast_rpb", "features"];

    /// <summary>A call that writes an array of so many numbers.</summary>
    public static (Action<float[], CancellationToken> Call, int Size) Make(string kind, int threads)
    {
        // Enough of each for several threads.
        (int heads, int length) = kind switch
        {
            "fft" or "features" => (1, 1500),
            "heads" => (5, 100),
            "softmax" => (1, 900),
            "toeplitz" or "fast_rpb" => (12, 300),
            _ => (1, 600),
        };
        const int Columns = 16;
        int size = heads * length * Columns;
        var numbers = new Numbers(1);
        float[] q = numbers.Normals(size), k = numbers.Normals(size), v = numbers.Normals(size), weights = numbers.Normals((2 * length) - 1);
        var shape = new AttentionShape(heads, length, Columns);
        if (kind == "toeplitz")
        {
            var plan = new ToeplitzPlan(weights, length, length);
            return ((z, token) => plan.Multiply(v, z, Columns * heads, threads: threads, cancellationToken: token), size);
        }

        if (kind == "fast_rpb")
        {
            var rpb = new FastRpb(weights, length);
            return ((z, token) => rpb.Forward(shape, v, z, threads: threads, cancellationToken: token), size);
        }

        if (kind == "features")
        {
            var mapper = new FeatureMapper(heads, Columns, new KernelizedAttentionOptions { Features = Columns, Threads = threads });
            return ((z, token) => mapper.Map(batch: 1, length, v, z, cancellationToken: token), size);
        }

        AttentionSystem system = kind switch
        {
            "softmax" => new SoftmaxAttention(shape, new SoftmaxAttentionOptions { Threads = threads }),
            "cholesky" or "schulz" => new SkyformerAttention(
                shape, new SkyformerOptions { Threads = threads, Landmarks = 40, Inverse = Words.Parse<SkyformerInverse>(kind, nameof(kind)) }),
            _ => new KernelizedAttention(
                shape,
                new KernelizedAttentionOptions { Threads = threads, Features = 16, Method = kind == "heads" ? Method.Direct : Words.Parse<Method>(kind, nameof(kind)) },
                kind switch
                {
                    "linear" => null,
                    "decay" => RelativePosition.Alibi([0.1f]),
                    "multipole" => RelativePosition.KerpleLog([1], [1]),
                    _ => RelativePosition.Dense(weights, length, length),
                }),
        };
        return ((z, token) => system.Forward(q.AsSpan(), k, v, z, cancellationToken: token), size);
    }
}
