using FastAttn.Heads;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Threading;

namespace FastAttn.Attention;

/// <summary>
/// Forward calls of a system whose heads a <see cref="HeadRunner"/> computes, any number at once. What a call needs is kept for the
/// next one, so the steady state allocates nothing.
/// </summary>
internal sealed class ForwardCalls : IDisposable
{
    private readonly AttentionShape _shape;
    private readonly HeadRunner[] _runners;
    private readonly ThreadSplit _split;
    private readonly WorkspacePool _workspaces;
    private SpinGate _gate;
    private ForwardWork? _idle;

    /// <param name="shape">The sizes.</param>
    /// <param name="runners">Compute a head: one for all sequences or one a sequence; none where there is nothing to compute.</param>
    /// <param name="threads">Threads.</param>
    public ForwardCalls(AttentionShape shape, HeadRunner[] runners, int threads)
    {
        _shape = shape;
        _runners = runners;
        _split = ThreadSplit.Of(shape.Batch * shape.Heads, threads);
        _workspaces = new WorkspacePool(runners.Distinct().Select(runner => runner.MeasureWorkspace(_split.Workers)).DefaultIfEmpty().Max());
    }

    /// <summary>Bytes of working memory that one head in flight uses.</summary>
    public long WorkspaceBytes => _workspaces.Bytes;

    /// <summary>Computes all heads by kernels of a tier; reports what the method became.</summary>
    public ForwardReport Run(in AttentionTensors tensors, KeySelection selection, Method planned, InstructionTier tier)
    {
        if (_runners.Length == 0)
        {
            EmptyRows.Store(tensors);
            return new ForwardReport(planned, 0, 0, tier);
        }

        ForwardWork work = Rent();
        try
        {
            work.Run(tensors, selection);
            int heads = _shape.Batch * _shape.Heads;
            Method method = work.FallbackHeads * 2 > heads ? Method.Direct : planned;
            return new ForwardReport(method, work.RepairedRows, work.FallbackHeads, tier);
        }
        finally
        {
            Return(work);
        }
    }

    /// <summary>Frees the workspaces that no call uses now.</summary>
    public void Trim() => _workspaces.Trim();

    /// <summary>Frees the pooled workspaces; calls in flight keep theirs until they return.</summary>
    public void Dispose() => _workspaces.Dispose();

    private ForwardWork Rent()
    {
        _gate.Enter();
        ForwardWork? idle = _idle;
        _idle = idle?.Next;
        _gate.Exit();
        return idle ?? new ForwardWork(_runners, _shape, _split, _workspaces);
    }

    private void Return(ForwardWork work)
    {
        _gate.Enter();
        work.Next = _idle;
        _idle = work;
        _gate.Exit();
    }
}
