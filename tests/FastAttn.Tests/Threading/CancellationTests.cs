namespace FastAttn.Tests.Threading;

/// <summary>A call that is told to end ends at its next look, and what it was called on computes the same as before.</summary>
public sealed class CancellationTests : IDisposable
{
    public void Dispose() => InterruptCheck.Set(null);

    [Theory]
    [MemberData(nameof(CallKinds.All), MemberType = typeof(CallKinds))]
    public void ACallEndsWhereverItsCheckSaysSo(string kind)
    {
        foreach (int threads in (int[])[1, 3])
        {
            (Action<float[], CancellationToken> call, int size) = CallKinds.Make(kind, threads);
            var expected = new float[size];
            int asked = 0;
            InterruptCheck.Set(() => ++asked < 0, milliseconds: 0);
            call(expected, default);

            // How often several threads ask depends on who does which piece; that one thread asks at every look makes it the same again.
            int looks = threads == 1 ? asked : 2;
            Assert.True(looks > 1, $"{kind} looked {looks} times");
            foreach (int last in (int[])[1, 2, looks / 2, looks])
            {
                asked = 0;
                InterruptCheck.Set(() => ++asked >= last, milliseconds: 0);
                Exception? failure = Record.Exception(() => call(new float[size], default));
                Assert.True(failure is OperationCanceledException || threads > 1, $"{kind} went on after look {last} of {looks}");
                Assert.True(failure is null or OperationCanceledException, $"{failure}");
                InterruptCheck.Set(null);
                var result = new float[size];
                call(result, default);
                Assert.Equal(expected, result);
            }
        }
    }

    [Theory]
    [MemberData(nameof(CallKinds.All), MemberType = typeof(CallKinds))]
    public void ATokenEndsACall(string kind)
    {
        foreach (int threads in (int[])[1, 3])
        {
            (Action<float[], CancellationToken> call, int size) = CallKinds.Make(kind, threads);
            using var source = new CancellationTokenSource();
            InterruptCheck.Set(
                () =>
                {
                    source.Cancel();
                    return false;
                },
                milliseconds: 0);
            var failure = Assert.Throws<OperationCanceledException>(() => call(new float[size], source.Token));
            Assert.Equal(source.Token, failure.CancellationToken);

            // Cancelled before it begins: nothing is written.
            var untouched = new float[size];
            Assert.Throws<OperationCanceledException>(() => call(untouched, source.Token));
            Assert.All(untouched, number => Assert.Equal(0, number));
            InterruptCheck.Set(null);
        }
    }

    [Theory]
    [InlineData(Method.Multipole)]
    [InlineData(Method.Decay)]
    [InlineData(Method.Auto)]
    public void PreparingEndsWhereverItsCheckSaysSo(Method method)
    {
        // A position of its own every time: what is prepared is kept with it.
        int asked = 0;
        void Prepare(RelativePosition position) =>
            new KernelizedAttention(new AttentionShape(1, 3000, 8), new KernelizedAttentionOptions { Method = method }, position).Dispose();
        InterruptCheck.Set(() => ++asked < 0, milliseconds: 0);
        Prepare(RelativePosition.Alibi([0.01f]));
        int looks = asked;
        Assert.True(looks > 1);
        foreach (int last in (int[])[1, looks / 2, looks])
        {
            RelativePosition position = RelativePosition.Alibi([0.01f]);
            asked = 0;
            InterruptCheck.Set(() => ++asked >= last, milliseconds: 0);
            Assert.Throws<OperationCanceledException>(() => Prepare(position));
            InterruptCheck.Set(null);
            Prepare(position);
        }
    }

    [Fact]
    public void DrawingAProjectionEndsWhenItsCheckSaysSo()
    {
        InterruptCheck.Set(() => true, milliseconds: 0);
        Assert.Throws<OperationCanceledException>(() => RandomProjection.Create(8, 8));
    }

    [Fact]
    public void WhatACheckThrowsComesOut()
    {
        (Action<float[], CancellationToken> call, int size) = CallKinds.Make("direct", threads: 3);
        InterruptCheck.Set(() => throw new InvalidOperationException(), milliseconds: 0);
        Assert.Throws<InvalidOperationException>(() => call(new float[size], default));
        Assert.Throws<ArgumentOutOfRangeException>(() => InterruptCheck.Set(null, -1));
    }

    [Fact]
    public void ACheckIsAskedOnItsOwnThreadOnly()
    {
        int thread = Environment.CurrentManagedThreadId;
        (Action<float[], CancellationToken> call, int size) = CallKinds.Make("heads", threads: 3);
        InterruptCheck.Set(() => thread != Environment.CurrentManagedThreadId, milliseconds: 0);
        call(new float[size], default);
        var other = new Thread(() => Assert.Null(InterruptCheck.Current));
        other.Start();
        other.Join();
    }
}
