using System.Numerics.Tensors;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// What coefficients that are off by at most δ do to each row: δ · Σ_a |φ(q_i)_a| Σ_j |φ(k_j)_a| over keys up to the last that
/// the row sees, and the same with ‖v_j‖. The first causal rows see little, but are also given little that can be wrong.
/// </summary>
internal readonly unsafe struct FarErrors<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>An error below this is within what underflow is counted for already: features are at most one.</summary>
    private const double Least = 1.17549435e-38;

    /// <summary>Keys that are summed apart: a float32 running sum over a million keys would be some percent short.</summary>
    private const int KeysPerPart = 1024;

    /// <summary>Rows that share the keys from a part's first on.</summary>
    private const int RowsPerRange = 1024;

    /// <summary>Sums of 1024 and of up to 2¹⁸ terms are short by less than two percent.</summary>
    private const float Slack = 1.02f;

    private readonly double _error;
    private readonly int _stride;
    private readonly float* _before;
    private readonly float* _scratch;

    /// <param name="problem">The head.</param>
    /// <param name="error">δ.</param>
    /// <param name="crew">Shares parts of the keys.</param>
    /// <param name="arena">Where sums of keys stay.</param>
    public FarErrors(in HeadProblem problem, double error, Crew crew, ref Arena arena)
    {
        int parts = problem.KeyCount / KeysPerPart;
        _error = error;
        _stride = problem.FeatureStride;
        _before = arena.Take<float>((parts + 1L) * 2 * _stride);
        _scratch = arena.Take<float>((long)crew.Workers * 3 * _stride);
        if (arena.IsMeasuring || IsNone) return;
        new Span<float>(_before, 2 * _stride).Clear();
        crew.Run(new KeyParts(this, problem), parts);
        for (int part = 1; part <= parts; part++) TKernels.AddScaled(Before(part - 1), Before(part), 2 * _stride, 1);
    }

    /// <summary>Whether there is nothing to add.</summary>
    private bool IsNone => _error <= Least;

    /// <summary>Adds to the error bounds of all rows.</summary>
    public void AddToAll(in HeadProblem problem, in PartialSums sums, Crew crew)
    {
        if (!IsNone) crew.Run(new Rows(this, problem, sums), (problem.QueryCount + RowsPerRange - 1) / RowsPerRange);
    }

    /// <summary>Adds to the error bounds of rows <paramref name="first"/> … <paramref name="end"/>−1.</summary>
    public void Add(in HeadProblem problem, in PartialSums sums, int first, int end, int worker)
    {
        if (IsNone) return;
        int features = problem.Features, part = (int)(Math.Max(Seen(problem, first), 0) / KeysPerPart), next = part * KeysPerPart;
        float* sizes = Sizes(worker), running = Running(worker);
        float factor = (float)_error * Slack;
        new Span<float>(running, 2 * _stride).Clear();
        for (int i = first; i < end; i++)
        {
            for (long seen = Seen(problem, i); next < seen; next++)
            {
                AddKey(problem, next, sizes, running);
                if ((next + 1) % KeysPerPart != 0) continue;
                part++;
                new Span<float>(running, 2 * _stride).Clear();
            }

            float* total = Before(part), query = problem.Query + ((long)i * _stride);
            (float denominator, float numerator) = FeatureSizes.Weigh(query, total, total + _stride, features);
            (float denominatorOfPart, float numeratorOfPart) = FeatureSizes.Weigh(query, running, running + _stride, features);
            sums.DenominatorErrors[i] += factor * (denominator + denominatorOfPart);
            sums.NumeratorErrors[i] += factor * (numerator + numeratorOfPart);
        }
    }

    /// <summary>The keys up to the last that a row sees.</summary>
    private static long Seen(in HeadProblem problem, int row) => Math.Min((long)problem.Position.LastNonZero + row - problem.Offset + 1, problem.KeyCount);

    private static void AddKey(in HeadProblem problem, int key, float* sizes, float* sums)
    {
        int stride = problem.FeatureStride, features = problem.Features;
        TensorPrimitives.Abs(new ReadOnlySpan<float>(problem.Key + ((long)key * stride), features), new Span<float>(sizes, features));
        TKernels.AddScaled(sizes, sums, features, 1);
        TKernels.AddScaled(sizes, sums + stride, features, (float)(problem.ValueNorm[key] * problem.Values.Factor));
    }

    /// <summary>Sums over all keys before a part: of sizes, then of sizes times ‖v_j‖.</summary>
    private float* Before(int part) => _before + ((long)part * 2 * _stride);

    private float* Sizes(int worker) => _scratch + ((long)worker * 3 * _stride);

    private float* Running(int worker) => Sizes(worker) + _stride;

    /// <summary>Whole parts of the keys, each by itself, where the sums of all before the next one will stand.</summary>
    private readonly struct KeyParts(FarErrors<TKernels> errors, HeadProblem problem) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            float* sums = errors.Before(index + 1);
            new Span<float>(sums, 2 * errors._stride).Clear();
            for (int key = index * KeysPerPart; key < (index + 1) * KeysPerPart; key++) AddKey(problem, key, errors.Sizes(worker), sums);
        }
    }

    /// <summary>Ranges of rows.</summary>
    private readonly struct Rows(FarErrors<TKernels> errors, HeadProblem problem, PartialSums sums) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            int first = index * RowsPerRange;
            errors.Add(problem, sums, first, Math.Min(first + RowsPerRange, problem.QueryCount), worker);
        }
    }
}
