using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace FastAttn.Threading;

/// <summary>
/// The calling thread and helpers of the thread pool that share run after run of pieces, such as the stages of one head. Helpers
/// stay until the crew is dismissed and spin for the next run, because waking a thread takes as long as a small head's stages
/// do. Each has a share of the pieces that lie together, the same one in run after run, so that rows stay in the cache of one core;
/// who is done with its own takes from the others'. One that comes late finds less to do, one that never comes nothing. Which
/// thread does which piece changes nothing but time. Crews are pooled and a run allocates nothing.
/// </summary>
internal sealed unsafe class Crew : IThreadPoolWorkItem
{
    /// <summary>
    /// Crews whose helpers a busy thread pool has not run yet stay in its queue. Beyond this many the caller works alone:
    /// helpers would come too late anyway, and neither the queue nor memory may grow.
    /// </summary>
    private static readonly int MostCrews = 4 * Environment.ProcessorCount;

    /// <summary>Looks at what it waits for before a thread goes to sleep: some tens of microseconds, the stretch between a head's stages.</summary>
    private const int SpinsBeforeSleep = 60;

    /// <summary>Between the counters of two shares: what a core fetches at a time, so that each thread has its own to itself.</summary>
    private const int CounterStride = 32;

    private static readonly Lock PoolGate = new();
    private static int s_created;
    private static Crew? s_pool;

    private readonly object _gate = new();
    private Crew? _nextInPool;
    private delegate*<void*, int, int, void> _piece;
    private void* _work;
    private int _count;
    private int _admitted;
    private int[] _next = [];
    private ExceptionDispatchInfo? _failure;
    private int _run;
    private bool _open;
    private bool _dismissed;
    private int _holders;
    private int _joined;
    private int _inside;
    private int _sleeping;

    private Crew(int workers) => Workers = workers;

    /// <summary>The calling thread by itself.</summary>
    public static Crew Alone { get; } = new(1);

    /// <summary>At most as many threads work at a time.</summary>
    public int Workers { get; private set; }

    /// <summary>A crew of the calling thread and no helper, which takes as much scratch memory as one of <paramref name="workers"/> threads.</summary>
    public static Crew Measuring(int workers) => new(workers);

    /// <summary>The calling thread and helpers that are called in; only the caller's own thread when there are too many crews already.</summary>
    public static Crew Enlist(int workers)
    {
        if (workers <= 1 || Rent() is not Crew crew) return Alone;
        crew.Workers = workers;
        if (crew._next.Length < workers * CounterStride) crew._next = new int[workers * CounterStride];
        crew._dismissed = false;
        crew._joined = 0;
        crew._holders = workers;
        for (int helper = 1; helper < workers; helper++) ThreadPool.UnsafeQueueUserWorkItem(crew, preferLocal: false);
        return crew;
    }

    /// <summary>
    /// Runs the pieces 0 … <paramref name="count"/>−1 and returns when all are done; rethrows the first exception. Only the thread
    /// that enlisted the crew calls it, and no piece calls it again.
    /// </summary>
    public void Run<TWork>(TWork work, int count)
        where TWork : IParallelWork => Run(work, count, Workers);

    /// <summary>As <see cref="Run{TWork}(TWork, int)"/>, on the first <paramref name="workers"/> of the crew only: scratch is taken for no more.</summary>
    public void Run<TWork>(TWork work, int count, int workers)
        where TWork : IParallelWork
    {
        if (_holders > 1 && count > 1 && workers > 1)
        {
            RunTogether(&Piece<TWork>, Unsafe.AsPointer(ref work), count, workers);
            return;
        }

        for (int index = 0; index < count; index++) work.Run(index, 0);
    }

    /// <summary>Lets the helpers go. The crew is not used again by its caller.</summary>
    public void Dismiss()
    {
        if (this == Alone) return;
        lock (_gate)
        {
            _dismissed = true;
            if (_sleeping > 0) Monitor.PulseAll(_gate);
        }

        LetGo();
    }

    /// <summary>A helper's stay.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        int worker = Interlocked.Increment(ref _joined), seen = 0;
        while (Enter(worker, ref seen))
        {
            RunPieces(worker);
            lock (_gate)
            {
                if (--_inside == 0 && _sleeping > 0) Monitor.PulseAll(_gate);
            }
        }

        LetGo();
    }

    // The work stands on the stack of Run, which does not return before every helper has left it.
    private static void Piece<TWork>(void* work, int index, int worker)
        where TWork : IParallelWork => Unsafe.AsRef<TWork>(work).Run(index, worker);

    private static Crew? Rent()
    {
        lock (PoolGate)
        {
            if (s_pool is not Crew crew)
            {
                if (s_created == MostCrews) return null;
                s_created++;
                return new Crew(1);
            }

            s_pool = crew._nextInPool;
            crew._nextInPool = null;
            return crew;
        }
    }

    private void RunTogether(delegate*<void*, int, int, void> piece, void* work, int count, int workers)
    {
        lock (_gate)
        {
            _piece = piece;
            _work = work;
            _count = count;
            _admitted = workers;
            for (int share = 0; share < workers; share++) _next[share * CounterStride] = FirstOf(share);
            _failure = null;
            _open = true;
            _run++;
            if (_sleeping > 0) Monitor.PulseAll(_gate);
        }

        RunPieces(0);
        lock (_gate) _open = false;
        var spin = default(SpinWait);
        while (Volatile.Read(ref _inside) > 0 && spin.Count < SpinsBeforeSleep) spin.SpinOnce(sleep1Threshold: -1);
        lock (_gate)
        {
            while (_inside > 0) Sleep();
        }

        _failure?.Throw();
    }

    private void RunPieces(int worker)
    {
        try
        {
            for (int turn = 0; turn < _admitted; turn++) RunShare((worker + turn) % _admitted, worker);
        }
        catch (Exception exception)
        {
            // Nothing is left to start; what others have begun they finish.
            for (int share = 0; share < _admitted; share++) Volatile.Write(ref _next[share * CounterStride], _count);
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
        }
    }

    private void RunShare(int share, int worker)
    {
        ref int next = ref _next[share * CounterStride];
        int end = FirstOf(share + 1);
        for (int index; (index = Interlocked.Increment(ref next) - 1) < end;) _piece(_work, index, worker);
    }

    /// <summary>The first piece of a share.</summary>
    private int FirstOf(int share) => (int)((long)_count * share / _admitted);

    /// <summary>Waits for a run after <paramref name="seen"/> and takes part in it; false when the crew is dismissed.</summary>
    private bool Enter(int worker, ref int seen)
    {
        while (true)
        {
            var spin = default(SpinWait);
            while (Volatile.Read(ref _run) == seen && !Volatile.Read(ref _dismissed) && spin.Count < SpinsBeforeSleep) spin.SpinOnce(sleep1Threshold: -1);
            lock (_gate)
            {
                while (_run == seen && !_dismissed) Sleep();
                if (_dismissed) return false;
                seen = _run;
                if (!_open || worker >= _admitted) continue;
                _inside++;
                return true;
            }
        }
    }

    private void Sleep()
    {
        _sleeping++;
        Monitor.Wait(_gate);
        _sleeping--;
    }

    private void LetGo()
    {
        if (Interlocked.Decrement(ref _holders) > 0) return;
        lock (PoolGate)
        {
            _nextInPool = s_pool;
            s_pool = this;
        }
    }
}
