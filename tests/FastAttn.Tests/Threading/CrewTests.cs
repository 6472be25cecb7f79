using FastAttn.Threading;

namespace FastAttn.Tests.Threading;

/// <summary>Every piece of a run is done once, by whichever threads are there.</summary>
public sealed class CrewTests
{
    [Fact]
    public void EveryPieceIsDoneOnceWhateverTheNumberOfThreadsAndPieces()
    {
        // Most of 16 threads come late or never on an ordinary machine: others do their shares.
        foreach (int workers in (int[])[1, 2, 3, 16])
        {
            Crew crew = Crew.Enlist(workers);
            for (int count = 0; count <= 70; count++)
            {
                foreach (int allowed in (int[])[1, (workers + 1) / 2, workers])
                {
                    var times = new int[count];
                    crew.Run(new Counting(times, allowed), count, allowed);
                    Assert.All(times, time => Assert.Equal(1, time));
                }
            }

            crew.Dismiss();
        }
    }

    [Fact]
    public void TheFirstExceptionComesOutAndTheCrewGoesOn()
    {
        Crew crew = Crew.Enlist(3);
        for (int run = 0; run < 50; run++)
        {
            var times = new int[40];
            Assert.Throws<InvalidOperationException>(() => crew.Run(new Failing(run % 40), 40));
            crew.Run(new Counting(times, 3), 40);
            Assert.All(times, time => Assert.Equal(1, time));
        }

        crew.Dismiss();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ACallerThatIsInterruptedOrFailsStaysUntilNoHelperIsInside(bool fails)
    {
        var scene = new Scene(fails);
        bool left = false, doneWhenLeft = false, isKept = false;
        Exception? failure = null;
        var caller = new Thread(() =>
        {
            Crew crew = Crew.Enlist(2);
            failure = Record.Exception(() => crew.Run(new Staying(scene), 2));
            (doneWhenLeft, left) = (scene.HelperIsDone, true);
            crew.Dismiss();
            isKept = Record.Exception(() => Thread.Sleep(60_000)) is ThreadInterruptedException;
        });
        caller.Start();
        Assert.True(scene.HelperIsInside.Wait(60_000));
        SpinWait.SpinUntil(() => left || caller.ThreadState.HasFlag(ThreadState.WaitSleepJoin), 60_000);
        caller.Interrupt();

        // A moment in which it could leave too early.
        SpinWait.SpinUntil(() => left, 50);
        scene.Release.Set();
        Assert.True(caller.Join(60_000));
        Assert.True(doneWhenLeft);
        Assert.True(isKept, "the interruption came to nothing; expected it at the caller's next wait");
        Assert.Equal(fails, failure is InvalidOperationException);
    }

    [Fact]
    public void ACallerThatOnlyWaitsForHelpersAsksItsCheck()
    {
        var scene = new Scene(callerFails: false);
        InterruptCheck.Set(() => scene.HelperIsInside.IsSet, milliseconds: 1);
        using CallWatch watch = CallWatch.Begin(default)!;
        // A caller that never asks would wait for ever: the helper goes by itself then, and the test fails.
        using var end = new Timer(_ => scene.Release.Set(), null, dueTime: 20_000, Timeout.Infinite);
        Crew crew = Crew.Enlist(2);
        Assert.Throws<OperationCanceledException>(() => crew.Run(new Staying(scene), 2));
        crew.Dismiss();
        InterruptCheck.Set(null);
    }

    [Fact]
    public void ThreadsThatComeAndGoGrowNeitherHelpersNorCrews()
    {
        for (int round = 0; round < 50; round++)
        {
            Thread[] callers = [.. Enumerable.Range(0, 8).Select(_ => new Thread(() =>
            {
                Crew crew = Crew.Enlist(4);
                var times = new int[20];
                crew.Run(new Counting(times, 4), 20);
                Assert.All(times, time => Assert.Equal(1, time));
                crew.Dismiss();
            }))];
            foreach (Thread caller in callers) caller.Start();
            foreach (Thread caller in callers) caller.Join();
            Assert.InRange(HelperPool.Threads, 0, HelperPool.MostThreads);
        }
    }

    private readonly struct Counting(int[] times, int workers) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            Assert.InRange(worker, 0, workers - 1);
            Interlocked.Increment(ref times[index]);
        }
    }

    private readonly struct Failing(int at) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            if (index == at) throw new InvalidOperationException();
        }
    }

    /// <summary>One piece stays inside a helper until it is released; the caller's own ends when the helper has begun.</summary>
    private readonly struct Staying(Scene scene) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            if (worker == 0)
            {
                while (!scene.HelperIsInside.IsSet) Thread.SpinWait(20);
                if (scene.CallerFails) throw new InvalidOperationException();
                return;
            }

            scene.HelperIsInside.Set();
            while (!scene.Release.Wait(1)) CallWatch.Look();
            scene.HelperIsDone = true;
        }
    }

    private sealed class Scene(bool callerFails)
    {
        public bool CallerFails => callerFails;

        public ManualResetEventSlim HelperIsInside { get; } = new();

        public ManualResetEventSlim Release { get; } = new();

        public volatile bool HelperIsDone;
    }
}
