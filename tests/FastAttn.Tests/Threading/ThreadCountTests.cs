using FastAttn.Threading;

namespace FastAttn.Tests.Threading;

public class ThreadCountTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(ThreadCount.Most, ThreadCount.Most)]
    [InlineData(int.MaxValue, ThreadCount.Most)]
    public void MoreThreadsThanHelpAreNotTaken(int asked, int taken) => Assert.Equal(taken, ThreadCount.Resolve(asked, "threads"));

    /// <summary>Scratch memory for as many threads as a number can count could not be had.</summary>
    [Fact]
    public void AnyNumberOfThreadsCanBeAskedFor()
    {
        float[] rows = [.. Enumerable.Range(0, 2 * 40 * 8).Select(place => MathF.Sin(place))];
        var shape = new AttentionShape(Heads: 2, QueryLength: 40, HeadDimension: 8);
        Assert.Equal(Computed(1), Computed(int.MaxValue));

        float[] Computed(int threads)
        {
            float[] output = new float[rows.Length];
            using var attention = new SchoenbatAttention(shape, new SchoenbatOptions { Threads = threads });
            attention.Forward(rows, rows, rows, output);
            return output;
        }
    }
}
