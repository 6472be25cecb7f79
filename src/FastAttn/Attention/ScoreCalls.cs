using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Positions;
using FastAttn.Scores;
using FastAttn.Threading;

namespace FastAttn.Attention;

/// <summary>Forward calls of a system whose weights are exponentials of scores.</summary>
internal sealed class ScoreCalls : IDisposable
{
    /// <summary>Multiply-adds that are worth a thread: what it does in some tens of microseconds, the time it takes to wake one.</summary>
    private const double WorkPerThread = 1 << 21;

    private readonly ForwardCalls _calls;

    public ScoreCalls(
        AttentionShape shape, bool causal, int? queryOffset, int[]? queryOffsets, int? threads, RelativePosition? position, double scale, bool isGaussian)
    {
        using CallWatch? watch = CallWatch.Begin(default);
        PositionExtent[] extents = ProblemCheck.Extents(shape, causal, queryOffset, queryOffsets);
        position?.CheckProblem(shape, causal, nameof(position));
        int threadCount = ThreadCount.Resolve(threads, "Threads");
        if (shape.IsEmpty)
        {
            _calls = new ForwardCalls(shape, [], threadCount);
            return;
        }

        double work = (double)shape.Batch * shape.Heads * shape.QueryLength * shape.KeyLength * (shape.HeadDimension + shape.ValueDimension);
        var runners = extents.Distinct().ToDictionary(
            extent => extent, extent => Tiers.Visit(Tiers.Current, new Builder(shape, new ScoreBias(position, extent), scale * Math.Log2(Math.E), isGaussian)));
        _calls = new ForwardCalls(shape, Array.ConvertAll(extents, extent => runners[extent]), (int)Math.Clamp(work / WorkPerThread, 1, threadCount));
    }

    /// <summary>Bytes of working memory that one head in flight uses.</summary>
    public long WorkspaceBytes => _calls.WorkspaceBytes;

    public ForwardReport Run(in AttentionTensors tensors, KeySelection selection) => _calls.Run(tensors, selection, Method.Direct, Tiers.Current);

    public void Dispose() => _calls.Dispose();

    /// <summary>Frees the workspaces that no call uses now.</summary>
    public void Trim() => _calls.Trim();

    private sealed class Builder(AttentionShape shape, ScoreBias bias, double unit, bool isGaussian) : ITierVisitor<HeadRunner>
    {
        public HeadRunner Visit<TKernels>()
            where TKernels : struct, IKernels => new ScoreRunner<TKernels>(shape, bias, unit, isGaussian);
    }
}
