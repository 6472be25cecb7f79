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
    private readonly HeadRunner _runner;
    private readonly ThreadSplit _split;
    private readonly WorkspacePool _workspaces;
    private SpinGate _gate;
    private ForwardWork? _idle;

    public ForwardCalls(AttentionShape shape, HeadRunner runner, int threads)
    {
        _shape = shape;
        _runner = runner;
        _split = ThreadSplit.Of(shape.Batch * shape.Heads, threads);
        _workspaces = new WorkspacePool(runner.MeasureWorkspace(_split.Workers));
    }

    /// <summary>Bytes of working memory that one head in flight uses.</summary>
    public long WorkspaceBytes => _workspaces.Bytes;

    /// <summary>Computes all heads; reports what <paramref name="planned"/> became.</summary>
    public ForwardReport Run(in AttentionTensors tensors, KeySelection selection, ExecutionPlan planned) =>
        Run(tensors, selection, planned.Method, planned.Tier);

    /// <summary>Computes all heads by kernels of a tier; reports what the method became.</summary>
    public ForwardReport Run(in AttentionTensors tensors, KeySelection selection, Method planned, InstructionTier tier)
    {
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

    /// <summary>Frees the pooled workspaces; calls in flight keep theirs until they return.</summary>
    public void Dispose() => _workspaces.Dispose();

    private ForwardWork Rent()
    {
        _gate.Enter();
        ForwardWork? idle = _idle;
        _idle = idle?.Next;
        _gate.Exit();
        return idle ?? new ForwardWork(_runner, _shape, _split, _workspaces);
    }

    private void Return(ForwardWork work)
    {
        _gate.Enter();
        work.Next = _idle;
        _idle = work;
        _gate.Exit();
    }
}
