using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>How <c>Σ_j c_{j−i} (φ(q_i)·φ(k_j)) [v_j, 1]</c> is computed for one head. Immutable and thread-safe.</summary>
internal abstract unsafe class AttentionMethod
{
    /// <summary>The loudness of tokens 2⁴⁰ times as large as the others: soon the products of these would underflow beside them.</summary>
    protected const double UnderflowLoudness = 1208925819614629174706176.0;

    /// <summary>The loudness of tokens that more than double an error relative to the root of a sum of squares.</summary>
    protected const double RootLoudness = 4;

    /// <summary>The loudness of tokens that matter to an error relative to a plain sum over thousands of tokens.</summary>
    protected const double SumLoudness = 4096;

    /// <summary>Of the tolerance at most this share is for what a method neglects, and no more than rounding leaves of it.</summary>
    public const float ToleranceShare = 0.5f;

    /// <summary>Which one it is.</summary>
    public abstract Method Kind { get; }

    /// <summary>
    /// What the rounding of sums may put every row off by, as a share of the largest ‖v_j‖ that it sees; zero where the error bounds of the sums have it already.
    /// </summary>
    public abstract double Rounding(int features);

    /// <summary>
    /// When the keys of few tokens are loud: the sum of squares of all keys' sizes is so many times what it is without them. Unless a method
    /// says otherwise it neglects part of each coefficient, and what that makes of a loud key may be much beside a row that hardly sees it.
    /// Infinity takes none out.
    /// </summary>
    public virtual double KeyLoudness => SumLoudness;

    /// <summary>The same for keys' sizes times ‖v_j‖. A loud value is no matter to rows that do not see it, unless a method says otherwise.</summary>
    public virtual double ValueLoudness => UnderflowLoudness;

    /// <summary>
    /// Whether queries may come chunk by chunk, just before they are read; in long sequences neither all features of queries nor all sums go through
    /// memory then. Any other method reads all queries many times.
    /// </summary>
    public virtual bool TakesQueriesByChunk => false;

    /// <summary>Rows of a chunk.</summary>
    public virtual int ChunkRows(int queries) => RowRanges.RowsPerRange;

    /// <summary>
    /// Computes the sums into pieces of <paramref name="arena"/>, or chunk by chunk to where <paramref name="chunks"/> has room for them. With a measuring
    /// arena it takes the same pieces and computes nothing. Features may be rescaled in place by powers of two that leave every product φ(q)·φ(k) as it was.
    /// </summary>
    /// <param name="problem">The head.</param>
    /// <param name="chunks">Gets every chunk of rows.</param>
    /// <param name="crew">Threads that share the work, in pieces that are the same for any number of them; scratch is taken for <see cref="Crew.Workers"/>.</param>
    /// <param name="arena">Where the sums and all scratch come from.</param>
    public abstract PartialSums Compute(in HeadProblem problem, in RowChunks chunks, Crew crew, ref Arena arena);

    /// <summary>Sums with room for whole tiles of rows.</summary>
    internal static PartialSums TakeSums<TKernels>(in HeadProblem problem, ref Arena arena)
        where TKernels : struct, IKernels
    {
        int rows = Padding.RoundUp(problem.QueryCount, TKernels.RowTile);
        int columns = Padding.RoundUp(problem.ValueDimension, TKernels.Lanes);
        return new PartialSums
        {
            Numerators = arena.Take<float>((long)rows * columns),
            NumeratorStride = columns,
            Denominators = arena.Take<float>(rows),
            NumeratorErrors = arena.Take<float>(problem.QueryCount),
            DenominatorErrors = arena.Take<float>(problem.QueryCount),
        };
    }

    /// <summary>Hands on all rows at once.</summary>
    protected void Close(in HeadProblem problem, in PartialSums sums, in RowChunks chunks, Crew crew)
    {
        int rows = ChunkRows(problem.QueryCount);
        chunks.CloseAll(problem, sums, (problem.QueryCount + rows - 1) / rows, crew);
    }

    /// <summary>Sets the error bounds of a computation that only rounds.</summary>
    internal static void SetUnderflowErrors(in HeadProblem problem, in PartialSums sums) => new UnderflowErrors(problem).Set(sums, 0, problem.QueryCount);
}
