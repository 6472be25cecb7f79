using FastAttn.Heads;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Attention;

/// <summary>One forward call, its heads dealt to threads or to crews of threads. Reused from call to call.</summary>
internal sealed unsafe class ForwardWork(HeadRunner[] runners, AttentionShape shape, ThreadSplit split, WorkspacePool workspaces)
{
    private AttentionTensors _tensors;
    private KeySelection _selection;
    private long _repairedRows;
    private int _fallbackHeads;

    /// <summary>Next in the plan's pool.</summary>
    public ForwardWork? Next { get; set; }

    public long RepairedRows => _repairedRows;

    public int FallbackHeads => _fallbackHeads;

    public void Run(in AttentionTensors tensors, KeySelection selection)
    {
        _tensors = tensors;
        _selection = selection;
        _repairedRows = 0;
        _fallbackHeads = 0;
        int heads = shape.Batch * shape.Heads;
        WorkTeam.Run(new Heads(this, 0, 1), split.DealtHeads, split.Threads);
        WorkTeam.Run(new Heads(this, split.DealtHeads, split.Workers), heads - split.DealtHeads, split.Crews);
    }

    private void Run(int index, int workers)
    {
        (int batch, int head) = Math.DivRem(index, shape.Heads);
        int keyHead = head / (shape.Heads / shape.KeyHeads);
        var call = new HeadCall
        {
            Head = head,
            Query = _tensors.Query.RowsOf(batch, head),
            Key = _tensors.Key.RowsOf(batch, keyHead),
            Value = _tensors.Value.RowsOf(batch, keyHead),
            Destination = _tensors.Destination.RowsOf(batch, head),
            KeyMask = _selection.Mask(batch),
            KeptKeys = _selection.Kept(batch),
        };
        Crew crew = Crew.Enlist(workers);
        try
        {
            Run(runners[runners.Length == 1 ? 0 : batch], call, crew);
        }
        finally
        {
            crew.Dismiss();
        }
    }

    private void Run(HeadRunner runner, in HeadCall call, Crew crew)
    {
        AlignedBuffer workspace = workspaces.Rent();
        try
        {
            HeadReport report = runner.Run(call, crew, workspace);
            Interlocked.Add(ref _repairedRows, report.RepairedRows);
            if (report.FellBack) Interlocked.Increment(ref _fallbackHeads);
        }
        finally
        {
            workspaces.Return(workspace);
        }
    }

    /// <summary>Heads from <paramref name="first"/> on, each by <paramref name="workers"/> threads.</summary>
    private readonly struct Heads(ForwardWork work, int first, int workers) : IParallelWork
    {
        public void Run(int index, int worker) => work.Run(first + index, workers);
    }
}
