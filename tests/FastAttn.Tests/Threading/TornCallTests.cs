namespace FastAttn.Tests.Threading;

/// <summary>
/// A thread that is interrupted inside a call leaves when no helper is inside any more, and everything is whole for the next
/// call. One that left earlier would let helpers write to memory that is somebody else's by then: wrong answers, or the end of the process.
/// </summary>
public sealed class TornCallTests
{
    /// <summary>Calls of each kind that are interrupted somewhere: every tenth of them or so at a wait.</summary>
    private const int Rounds = 200;

    [Theory]
    [MemberData(nameof(CallKinds.All), MemberType = typeof(CallKinds))]
    public void InterruptedCallsLeaveNothingBehind(string kind)
    {
        (Action<float[], CancellationToken> call, int size) = CallKinds.Make(kind, threads: 3);
        float[] expected = new float[size], result = new float[size];
        call(expected, default);
        int finished = 0;
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                Array.Clear(result);
                if (!Finishes(() => call(result, default))) continue;
                finished++;
                Assert.Equal(expected, result);
            }
        }));
        thread.Start();
        var random = new Random(1);
        while (thread.IsAlive)
        {
            Thread.SpinWait(random.Next(20_000));
            thread.Interrupt();
        }

        Assert.Null(failure);
        Assert.True(finished > 0, "no call finished");
        Array.Clear(result);
        call(result, default);
        Assert.Equal(expected, result);
    }

    /// <summary>False when the thread was interrupted while it waited, for a lock of the library, say, before anything had begun.</summary>
    private static bool Finishes(Action call)
    {
        try
        {
            call();
            return true;
        }
        catch (ThreadInterruptedException)
        {
            return false;
        }
    }
}
