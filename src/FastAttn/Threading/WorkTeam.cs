namespace FastAttn.Threading;

/// <summary>Work that is in one run of pieces, such as the heads of a call, on a crew that is called together for it. All computing of a call is done so.</summary>
internal static class WorkTeam
{
    /// <summary>Runs every index on at most <paramref name="threads"/> threads and returns when all are done; rethrows the first exception.</summary>
    public static void Run<TWork>(TWork work, int count, int threads)
        where TWork : IParallelWork
    {
        using FloatMode mode = FloatMode.Default();
        Crew crew = Crew.Enlist(Math.Min(threads, count));
        try
        {
            crew.Run(work, count);
        }
        finally
        {
            crew.Dismiss();
        }
    }
}
