using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace FastAttn.Threading;

/// <summary>
/// The calling thread and helpers that share run after run of pieces, such as the stages of one head. Helpers
/// stay until the crew is dismissed and spin for the next run, because waking a thread takes as long as a small head's stages
/// do. Each has a share of the pieces that lie together, the same one in run after run, so that rows stay in the cache of one core;
/// who is done with its own takes from the others'. One that comes late finds less to do, one that never comes nothing. Which
/// thread does which piece changes nothing but time. Crews are pooled and a run allocates nothing.
/// </summary>
/// <remarks>
/// A run works on memory that is the caller's only while the call lasts: arrays that are pinned, a rented workspace, the stack. So whatever
/// ends it early, an exception of a piece, a cancellation or an interruption of the calling thread, it returns only when no helper is inside any more.
/// </remarks>
internal sealed unsafe class Crew
{
    /// <summary>Between the counters of two shares: what a core fetches at a time, so that each thread has its own to itself.</summary>
    private const int CounterStride = 32;

    /// <summary>Parts of <see cref="_state"/>: how many helpers are inside the run, whether it takes more, and above them its number.</summary>
    private const long InsideMask = (1L << 31) - 1, Open = 1L << 31;

    private const int RunShift = 32;

    private static SpinGate s_gate;
    private static Crew? s_pool;

    private readonly Sleeper _owner = new();
    private Crew? _nextInPool;
    private Helper[] _helpers = [];
    private int _joined;
    private int _holders;
    private bool _dismissed;
    private CallWatch? _watch;

    private delegate*<void*, int, int, void> _piece;
    private void* _work;
    private int _count;
    private int _admitted;
    private int[] _next = [];
    private Exception? _failure;
    private uint _run;
    private long _state;

    private Crew(int workers) => Workers = workers;

    /// <summary>The calling thread by itself.</summary>
    public static Crew Alone { get; } = new(1);

    /// <summary>At most as many threads work at a time.</summary>
    public int Workers { get; private set; }

    /// <summary>Helpers that it was promised and that have not come yet; the pool's, as is <see cref="NextWanting"/>.</summary>
    public int Wanted { get; set; }

    /// <summary>The next crew that wants helpers.</summary>
    public Crew? NextWanting { get; set; }

    /// <summary>A crew of the calling thread and no helper, which takes as much scratch memory as one of <paramref name="workers"/> threads.</summary>
    public static Crew Measuring(int workers) => new(workers);

    /// <summary>The calling thread and helpers that are called in.</summary>
    public static Crew Enlist(int workers)
    {
        if (workers <= 1) return Alone;
        Crew crew = Rent() ?? new Crew(workers);
        crew.Workers = workers;
        crew._watch = CallWatch.Current;
        if (crew._helpers.Length < workers - 1)
        {
            crew._next = new int[workers * CounterStride];
            crew._helpers = new Helper[workers - 1];
        }

        crew._dismissed = false;
        crew._joined = 0;
        crew._holders = 1;
        crew.Wanted = workers - 1;
        HelperPool.Call(crew);
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
        if (_holders > 0 && count > 1 && workers > 1)
        {
            RunTogether(&Piece<TWork>, Unsafe.AsPointer(ref work), count, workers);
            return;
        }

        for (int index = 0; index < count; index++)
        {
            CallWatch.Look();
            work.Run(index, 0);
        }
    }

    /// <summary>Lets the helpers go. The crew is not used again by its caller.</summary>
    public void Dismiss()
    {
        if (this == Alone) return;
        HelperPool.Withdraw(this);
        Volatile.Write(ref _dismissed, true);
        WakeHelpers();
        LetGo();
    }

    /// <summary>The pool gives the crew a helper that it wants.</summary>
    public void Admit(Helper helper)
    {
        Wanted--;
        Interlocked.Increment(ref _holders);
        _helpers[_joined] = helper;
        helper.Worker = _joined + 1;
        Volatile.Write(ref _joined, helper.Worker);
    }

    /// <summary>A helper's stay, from when it was admitted until the crew is dismissed.</summary>
    public void Serve(Helper helper)
    {
        CallWatch.Current = _watch;
        int worker = helper.Worker;
        uint seen = 0;
        while (Enter(worker, helper.Sleeper, ref seen))
        {
            RunPieces(worker);
            if ((Interlocked.Decrement(ref _state) & (InsideMask | Open)) == 0) _owner.Wake();
        }

        CallWatch.Current = null;
        HelperPool.Searches();
        LetGo();
    }

    // The work stands on the stack of Run, which does not return before every helper has left it.
    private static void Piece<TWork>(void* work, int index, int worker)
        where TWork : IParallelWork => Unsafe.AsRef<TWork>(work).Run(index, worker);

    private static Crew? Rent()
    {
        s_gate.Enter();
        Crew? crew = s_pool;
        s_pool = crew?._nextInPool;
        s_gate.Exit();
        return crew;
    }

    private void RunTogether(delegate*<void*, int, int, void> piece, void* work, int count, int workers)
    {
        _piece = piece;
        _work = work;
        _count = count;
        _admitted = workers;
        for (int share = 0; share < workers; share++) _next[share * CounterStride] = FirstOf(share);
        Interlocked.Exchange(ref _state, ((long)++_run << RunShift) | Open);
        WakeHelpers();
        RunPieces(0);
        Interlocked.And(ref _state, ~Open);
        AwaitHelpers();
        if (Interlocked.Exchange(ref _failure, null) is Exception failure) ExceptionDispatchInfo.Throw(failure);
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
            Interlocked.CompareExchange(ref _failure, exception, null);
        }
    }

    private void RunShare(int share, int worker)
    {
        ref int next = ref _next[share * CounterStride];
        int end = FirstOf(share + 1);
        for (int index; (index = Interlocked.Increment(ref next) - 1) < end;)
        {
            CallWatch.Look();
            _piece(_work, index, worker);
        }
    }

    /// <summary>The first piece of a share.</summary>
    private int FirstOf(int share) => (int)((long)_count * share / _admitted);

    /// <summary>Returns when no helper is inside the run, which takes no more of them. Nothing ends this wait early: an interruption is kept for the caller's next wait.</summary>
    private void AwaitHelpers()
    {
        var spin = default(SpinWait);
        bool interrupted = false;
        while (AnyInside && spin.Count < HelperPool.SpinsBeforeSleep) SpinGate.Pause(ref spin, ref interrupted);
        while (AnyInside)
        {
            _owner.Announce();
            if (!AnyInside) break;
            try
            {
                if (!_owner.Sleep(_watch?.Milliseconds ?? Timeout.Infinite)) Ask();
            }
            catch (ThreadInterruptedException)
            {
                interrupted = true;
            }
            catch (Exception)
            {
                // No memory to sleep with: it looks again and again.
                Thread.Yield();
            }
        }

        if (interrupted) Thread.CurrentThread.Interrupt();
    }

    /// <summary>Asks whether the call shall end early while only helpers work in it; they notice.</summary>
    private void Ask()
    {
        try
        {
            _watch!.Ends();
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, exception, null);
        }
    }

    private bool AnyInside => (Volatile.Read(ref _state) & InsideMask) != 0;

    /// <summary>Waits for a run after <paramref name="seen"/> and takes part in it; false when the crew is dismissed.</summary>
    private bool Enter(int worker, Sleeper sleeper, ref uint seen)
    {
        while (true)
        {
            var spin = default(SpinWait);
            while (HasNothingFor(seen) && spin.Count < HelperPool.SpinsBeforeSleep) spin.SpinOnce(sleep1Threshold: -1);
            while (HasNothingFor(seen))
            {
                sleeper.Announce();
                if (HasNothingFor(seen)) sleeper.Sleep();
            }

            if (Volatile.Read(ref _dismissed)) return false;
            long state = Volatile.Read(ref _state);
            if ((state & Open) == 0 || worker >= _admitted) seen = (uint)(state >> RunShift);
            else if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
            {
                seen = (uint)(state >> RunShift);
                return true;
            }
        }
    }

    private bool HasNothingFor(uint seen) => (uint)(Volatile.Read(ref _state) >> RunShift) == seen && !Volatile.Read(ref _dismissed);

    private void WakeHelpers()
    {
        Interlocked.MemoryBarrier();
        int joined = Volatile.Read(ref _joined);
        for (int helper = 0; helper < joined; helper++) _helpers[helper].Sleeper.Wake();
    }

    private void LetGo()
    {
        if (Interlocked.Decrement(ref _holders) > 0) return;
        s_gate.Enter();
        _nextInPool = s_pool;
        s_pool = this;
        s_gate.Exit();
    }
}
