namespace FastAttn.Threading;

/// <summary>
/// Brings crews that want helpers and helpers that are free together. Helpers are started when they are first wanted, at most one a
/// core, and end when they have been idle for a while. Where no further thread can be had, crews do with those there are.
/// </summary>
internal static class HelperPool
{
    /// <summary>Looks before a thread goes to sleep: some tens of microseconds, the stretch between the stages of a small head.</summary>
    public const int SpinsBeforeSleep = 60;

    private const int IdleMilliseconds = 20_000;

    /// <summary>After the system refused a thread it is not asked again for so long: a refusal costs more than a small call.</summary>
    private const int RefusedMilliseconds = 1000;

    private static SpinGate s_gate;
    private static Crew? s_first;
    private static Crew? s_last;
    private static Helper? s_idle;
    private static int s_wanted;
    private static int s_searching;
    private static int s_threads;
    private static long s_refusedUntil = long.MinValue;

    /// <summary>Helpers at a time: more threads than cores work no faster.</summary>
    public static int MostThreads { get; } = Environment.ProcessorCount;

    /// <summary>Helpers that live now.</summary>
    public static int Threads => Volatile.Read(ref s_threads);

    /// <summary>Calls in as many helpers as the crew wants; those that are busy come later, or never.</summary>
    public static void Call(Crew crew)
    {
        s_gate.Enter();
        crew.NextWanting = null;
        if (s_last is null) s_first = crew;
        else s_last.NextWanting = crew;
        s_last = crew;
        s_wanted += crew.Wanted;
        s_gate.Exit();

        while (MissesOne(out Helper? idle))
        {
            if (idle is not null) idle.Sleeper.Wake();
            else if (!Helper.TryStart()) Refused();
        }
    }

    /// <summary>No helper that the crew still wants comes any more.</summary>
    public static void Withdraw(Crew crew)
    {
        s_gate.Enter();
        if (crew.Wanted > 0)
        {
            s_wanted -= crew.Wanted;
            crew.Wanted = 0;
            Remove(crew);
        }

        s_gate.Exit();
    }

    /// <summary>Waits for a crew that wants <paramref name="helper"/>, which is among its helpers from then on; null when none came for long.</summary>
    public static Crew? Find(Helper helper)
    {
        while (true)
        {
            var spin = default(SpinWait);
            while (Volatile.Read(ref s_first) is null && spin.Count < SpinsBeforeSleep) spin.SpinOnce(sleep1Threshold: -1);
            if (Take(helper) is Crew crew) return crew;
            while (helper.IsIdle)
            {
                helper.Sleeper.Announce();
                if (helper.IsIdle && !helper.Sleeper.Sleep(IdleMilliseconds) && Retires(helper)) return null;
            }
        }
    }

    /// <summary>A helper that is done with a crew searches for the next one.</summary>
    public static void Searches()
    {
        s_gate.Enter();
        s_searching++;
        s_gate.Exit();
    }

    /// <summary>Gives the helper to the first crew that wants one, or puts it among the idle ones.</summary>
    private static Crew? Take(Helper helper)
    {
        s_gate.Enter();
        s_searching--;
        Crew? crew = s_first;
        if (crew is null)
        {
            helper.Next = s_idle;
            helper.IsIdle = true;
            s_idle = helper;
        }
        else
        {
            s_wanted--;
            crew.Admit(helper);
            if (crew.Wanted == 0) Remove(crew);
        }

        s_gate.Exit();
        return crew;
    }

    /// <summary>Whether more helpers are wanted than search for a crew, and one can be had: the <paramref name="idle"/> one to wake, or null for one to start.</summary>
    private static bool MissesOne(out Helper? idle)
    {
        s_gate.Enter();
        idle = s_idle;
        bool starts = idle is null && s_threads < MostThreads && Environment.TickCount64 >= s_refusedUntil;
        bool misses = s_wanted > s_searching && (idle is not null || starts);
        if (misses)
        {
            s_searching++;
            if (starts) s_threads++;
            else TakeOut(idle!);
        }

        s_gate.Exit();
        return misses;
    }

    /// <summary>The helper that was missing could not be started.</summary>
    private static void Refused()
    {
        s_gate.Enter();
        s_threads--;
        s_searching--;
        s_refusedUntil = Environment.TickCount64 + RefusedMilliseconds;
        s_gate.Exit();
    }

    private static void Remove(Crew crew)
    {
        Crew? before = null;
        for (Crew? other = s_first; other != crew; other = other!.NextWanting) before = other;
        if (before is null) s_first = crew.NextWanting;
        else before.NextWanting = crew.NextWanting;
        if (s_last == crew) s_last = before;
        crew.NextWanting = null;
    }

    /// <summary>Ends an idle helper; false when it was called in meanwhile.</summary>
    private static bool Retires(Helper helper)
    {
        s_gate.Enter();
        bool retires = helper.IsIdle;
        if (retires)
        {
            TakeOut(helper);
            s_threads--;
        }

        s_gate.Exit();
        return retires;
    }

    private static void TakeOut(Helper helper)
    {
        Helper? before = null;
        for (Helper? other = s_idle; other != helper; other = other!.Next) before = other;
        if (before is null) s_idle = helper.Next;
        else before.Next = helper.Next;
        helper.IsIdle = false;
    }
}
