using FastAttn.Attention;
using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Nystrom;
using FastAttn.Threading;

namespace FastAttn;

/// <summary>
/// Skyformer (Chen et al. 2021): <see cref="GaussianAttention"/> in linear time, by a Nyström approximation of the kernel on queries and keys together (eq. 4–6,
/// §4.4). With L some rows of [Q; K] and κ(x, y) = exp(−‖x − y‖²/(2√d)), <c>out = κ(Q, L)·(κ(L, L) + γI)⁻¹·(κ(L, K)·V)</c>. An immutable plan for one set of sizes.
/// </summary>
/// <remarks>
/// <para>Time is O((n_q + n_k)·ℓ·(d + d_v) + ℓ³) a head for ℓ landmarks, memory is linear in n. With γ = 0 and the exact inverse, the kernel matrix of [Q; K] minus
/// its approximation is positive semidefinite (theorem 2): in that sense, more landmarks never make it worse. γ above 0 takes a little off, and makes
/// rounding matter less. Sums over keys are as exact as those of <see cref="GaussianAttention"/>, however many there are.</para>
/// <para>The paper scales the matrix by D^(−1/2) on both sides, where D is its row sums, and takes the scale off the inverse. For an exact inverse that changes
/// nothing; <see cref="SkyformerInverse.Schulz"/> does it.</para>
/// <para>Landmarks are drawn for each head, from the seed, the head and the rows that take part. So the answer of a sequence depends neither on the others of its
/// batch nor on its padding. Where there are as many queries as keys, a query whose key is masked is padding as well. Rows that are not finite are never
/// drawn: a query of NaN makes its own row NaN, a key of NaN every row.</para>
/// <para>Outputs and the sums over keys must stay within float32, because nothing divides them.</para>
/// </remarks>
public sealed class SkyformerAttention : AttentionSystem
{
    private const int MostLandmarks = 4096;

    private readonly ForwardCalls _calls;

    /// <summary>Checks the sizes and choices.</summary>
    /// <param name="shape">The sizes of every call.</param>
    /// <param name="options">The choices; defaults when null.</param>
    /// <exception cref="ShapeException">Sizes contradict each other.</exception>
    /// <exception cref="ArgumentException">A choice is out of range, or landmarks repeat with γ = 0.</exception>
    public SkyformerAttention(AttentionShape shape, SkyformerOptions? options = null)
        : base(ProblemCheck.Shape(shape))
    {
        options ??= new SkyformerOptions();
        ArgumentCheck.Defined(options.Inverse, nameof(options.Inverse));
        ArgumentCheck.Defined(options.Sampling, nameof(options.Sampling));
        if (!(float.IsFinite(options.Gamma) && options.Gamma >= 0))
            throw new ArgumentOutOfRangeException(
                nameof(options.Gamma), Invariant($"Gamma is {options.Gamma}; expected a finite number, at least 0"));
        if (options is { Sampling: LandmarkSampling.Replacement, Gamma: 0, LandmarkIndices: null })
            throw new ArgumentException("Gamma is 0; expected above 0 when Sampling is replacement, because landmarks that repeat make the matrix singular", nameof(options.Gamma));
        int[]? indices = options.LandmarkIndices is null ? null : CheckIndices([.. options.LandmarkIndices], shape, options.Gamma);
        if (indices is null) ArgumentCheck.InRange(options.Landmarks, 1, MostLandmarks, nameof(options.Landmarks));
        long rows = options.Sampling == LandmarkSampling.Replacement ? MostLandmarks : (long)shape.QueryLength + shape.KeyLength;
        int count = (int)Math.Min(options.Landmarks, rows);
        var choice = new LandmarkChoice(count, indices, options.Sampling, options.Seed);
        HeadRunner[] runners = shape.IsEmpty ? [] : [Tiers.Visit(Tiers.Current, new Builder(shape, choice, options.Gamma, options.Inverse))];
        _calls = new ForwardCalls(shape, runners, ThreadCount.Resolve(options.Threads, nameof(options.Threads)));
    }

    /// <inheritdoc/>
    public override long WorkspaceBytes => _calls.WorkspaceBytes;

    private protected override ForwardReport Run(in AttentionTensors tensors, KeySelection selection) => _calls.Run(tensors, selection, Method.Linear, Tiers.Current);

    private protected override void ReleaseIdle() => _calls.Trim();

    private protected override void Release() => _calls.Dispose();

    private static int[] CheckIndices(int[] indices, AttentionShape shape, float gamma)
    {
        const string Name = nameof(SkyformerOptions.LandmarkIndices);
        long rows = shape.IsEmpty ? int.MaxValue : (long)shape.QueryLength + shape.KeyLength;
        if (indices.Length is 0 or > MostLandmarks)
            throw new ShapeException(Invariant($"{Name} has {indices.Length} entries; expected 1…{MostLandmarks}"), Name);
        var places = new Dictionary<int, int>();
        for (int place = 0; place < indices.Length; place++)
        {
            if (indices[place] < 0 || indices[place] >= rows)
                throw new ArgumentOutOfRangeException(
                    Name, Invariant($"{Name}[{place}] is {indices[place]}; expected 0…{rows - 1}, a row of [Q; K]"));
            if (!places.TryAdd(indices[place], place) && gamma == 0)
                throw new ArgumentException(
                    Invariant($"{Name}[{place}] is {indices[place]}, as {Name}[{places[indices[place]]}] is; expected no repeats when Gamma is 0, they make the matrix singular"), Name);
        }

        return indices;
    }

    private sealed class Builder(AttentionShape shape, LandmarkChoice choice, double gamma, SkyformerInverse inverse) : ITierVisitor<HeadRunner>
    {
        public HeadRunner Visit<TKernels>()
            where TKernels : struct, IKernels => new SkyformerRunner<TKernels>(shape, choice, gamma, inverse);
    }
}
