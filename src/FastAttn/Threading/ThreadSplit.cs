namespace FastAttn.Threading;

/// <summary>
/// How the threads of a call are split over its heads. Heads are dealt one to a thread, which scales best, as long as they go
/// round; the few that are left then share all threads, several crews at a time where that keeps no thread idle.
/// </summary>
/// <param name="Threads">All threads of the call.</param>
/// <param name="DealtHeads">Heads that each have one thread.</param>
/// <param name="Crews">Crews that share the other heads, one head at a time each; zero when there are none.</param>
/// <param name="Workers">Threads of each of these crews; 1 when there are none.</param>
internal readonly record struct ThreadSplit(int Threads, int DealtHeads, int Crews, int Workers)
{
    public static ThreadSplit Of(int heads, int threads)
    {
        int left = heads % threads;
        var split = new ThreadSplit(threads, heads - left, 0, 1);
        double shortest = double.PositiveInfinity;

        // Time in units of a head on one thread; between equals the smaller crews have less to wait for.
        for (int crews = left; crews >= 1; crews--)
        {
            int workers = threads / crews;
            double time = ((left + crews - 1) / crews) / (double)workers;
            if (time >= shortest) continue;
            shortest = time;
            split = split with { Crews = crews, Workers = workers };
        }

        return split;
    }
}
