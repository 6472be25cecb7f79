using System.Runtime.ExceptionServices;

namespace FastAttn.Threading;

/// <summary>
/// Deals indices 0 … count−1 to the calling thread and to helpers of the thread pool. Which thread does which index changes
/// nothing but time: results must depend on the index alone. Allocates only until its peak concurrency was reached once.
/// </summary>
internal static class WorkTeam
{
    /// <summary>Runs every index on at most <paramref name="threads"/> threads and returns when all are done; rethrows the first exception.</summary>
    public static void Run(IParallelWork work, int count, int threads)
    {
        int helpers = Math.Min(threads, count) - 1;
        if (helpers <= 0 || Job.Rent(work, count, helpers) is not Job job)
        {
            for (int index = 0; index < count; index++) work.Run(index);
            return;
        }

        for (int helper = 0; helper < helpers; helper++) ThreadPool.UnsafeQueueUserWorkItem(job, preferLocal: false);
        job.RunAsCaller();
    }

    /// <summary>A run in flight. It returns to the pool once the caller and every queued helper have let go of it.</summary>
    private sealed class Job : IThreadPoolWorkItem
    {
        /// <summary>
        /// Jobs whose helpers a busy thread pool has not run yet stay queued. Beyond this many the caller works alone: helpers
        /// would come too late anyway, and neither the queue nor memory may grow.
        /// </summary>
        private static readonly int MostJobs = 4 * Environment.ProcessorCount;

        private static readonly Lock PoolGate = new();
        private static int s_created;
        private static Job? s_pool;

        private readonly object _gate = new();
        private Job? _nextInPool;
        private IParallelWork? _work;
        private ExceptionDispatchInfo? _failure;
        private int _count;
        private int _next;
        private int _holders;
        private int _running;
        private bool _closed;

        public static Job? Rent(IParallelWork work, int count, int helpers)
        {
            Job job;
            lock (PoolGate)
            {
                if (s_pool is null && s_created == MostJobs) return null;
                if (s_pool is null) s_created++;
                job = s_pool ?? new Job();
                s_pool = job._nextInPool;
            }

            job._nextInPool = null;
            job._work = work;
            job._failure = null;
            job._count = count;
            job._next = 0;
            job._holders = helpers + 1;
            job._running = 0;
            job._closed = false;
            return job;
        }

        /// <summary>A helper that comes late, after the caller has finished all there was, only lets go.</summary>
        public void Execute()
        {
            bool entered;
            lock (_gate)
            {
                entered = !_closed;
                if (entered) _running++;
            }

            if (entered)
            {
                Work();
                lock (_gate)
                {
                    if (--_running == 0) Monitor.PulseAll(_gate);
                }
            }

            LetGo();
        }

        public void RunAsCaller()
        {
            Work();
            ExceptionDispatchInfo? failure;
            lock (_gate)
            {
                _closed = true;
                while (_running > 0) Monitor.Wait(_gate);
                failure = _failure;
            }

            LetGo();
            failure?.Throw();
        }

        private void Work()
        {
            try
            {
                for (int index; (index = Interlocked.Increment(ref _next) - 1) < _count;) _work!.Run(index);
            }
            catch (Exception exception)
            {
                // Nothing is left to start; what others have begun they finish.
                Volatile.Write(ref _next, _count);
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
            }
        }

        private void LetGo()
        {
            if (Interlocked.Decrement(ref _holders) > 0) return;
            _work = null;
            lock (PoolGate)
            {
                _nextInPool = s_pool;
                s_pool = this;
            }
        }
    }
}
