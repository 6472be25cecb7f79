using FastAttn.Cli.Demo;

namespace FastAttn.Cli.Tests.Demo;

public class DemoShapeTests
{
    [Fact]
    public void Lengths_double_up_to_the_limit()
    {
        Assert.Equal([512, 1024, 2048, 4096, 8192, 16384], DemoShape.Lengths(16384));
        Assert.Equal([512], DemoShape.Lengths(1023));
    }

    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    public void Every_row_of_a_short_sequence_is_checked(int length) =>
        Assert.Equal(Enumerable.Range(0, length), DemoShape.RowsToCheck(length));

    [Theory]
    [InlineData(8192)]
    [InlineData(16384)]
    public void A_thousand_rows_of_a_long_sequence_are_checked_and_both_ends(int length)
    {
        int[] rows = DemoShape.RowsToCheck(length);

        Assert.True(rows.Length >= 1000);
        Assert.Equal(rows.Length, rows.Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 32), rows[..32]);
        Assert.Equal(Enumerable.Range(length - 32, 32), rows[^32..]);
        int[] gaps = [.. rows.Zip(rows.Skip(1), (row, next) => next - row)];
        Assert.InRange(gaps.Min(), 1, 1);
        Assert.True(gaps.Max() <= length / 900);
    }
}
