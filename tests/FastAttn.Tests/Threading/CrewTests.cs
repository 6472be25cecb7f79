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
}
