using Xunit;

namespace FastAttn.Tests.Attention;

/// <summary>Working memory that an attention gives back between calls.</summary>
public class TrimTests
{
    private static readonly AttentionShape s_shape = new(4, 300, 16) { Batch = 2 };

    public static TheoryData<AttentionKind> Kinds => [.. Enum.GetValues<AttentionKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task CallsGiveTheSameBitsBeforeAfterAndWhileItIsGivenBack(AttentionKind kind)
    {
        using var attention = AttentionSystem.Create(kind, s_shape, new CommonOptions { Threads = 2 });
        float[] rows = [.. Enumerable.Range(0, 2 * 4 * 300 * 16).Select(entry => MathF.Sin(entry * 0.37f))], expected = new float[rows.Length];
        attention.Trim();
        attention.Forward(rows, rows, rows, expected);
        attention.Trim();
        attention.Trim();
        Task trims = Task.Run(() =>
        {
            for (int round = 0; round < 200; round++) attention.Trim();
        });
        float[] actual = new float[rows.Length];
        for (int round = 0; round < 5 || !trims.IsCompleted; round++)
        {
            Array.Clear(actual);
            attention.Forward(rows, rows, rows, actual);
            Assert.Equal(expected, actual);
        }

        await trims;
    }

    [Fact]
    public void WhatIsGivenBackIsFree()
    {
        using var pool = new FastAttn.Memory.WorkspacePool(1 << 12);
        FastAttn.Memory.AlignedBuffer inUse = pool.Rent(), resting = pool.Rent();
        pool.Return(resting);
        pool.Trim();
        Assert.True(IsFree(resting));
        Assert.False(IsFree(inUse));
        pool.Return(inUse);
        for (int round = 0; round < 3; round++)
        {
            FastAttn.Memory.AlignedBuffer[] all = [.. Enumerable.Range(0, 10).Select(_ => pool.Rent())];
            foreach (FastAttn.Memory.AlignedBuffer buffer in all) pool.Return(buffer);
            pool.Trim();
            Assert.All(all, buffer => Assert.True(IsFree(buffer)));
        }
    }

    [Fact]
    public void ADisposedAttentionIsRefused()
    {
        var attention = AttentionSystem.Create(AttentionKind.Softmax, s_shape);
        attention.Dispose();
        Assert.Throws<ObjectDisposedException>(attention.Trim);
    }

    private static unsafe bool IsFree(FastAttn.Memory.AlignedBuffer buffer) => buffer.Data is null;
}
