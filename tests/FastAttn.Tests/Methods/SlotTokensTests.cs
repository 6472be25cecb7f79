using FastAttn.Fft;
using FastAttn.Methods;
using FastAttn.Positions;

namespace FastAttn.Tests.Methods;

/// <summary>Tokens and their slots, either way.</summary>
public sealed class SlotTokensTests
{
    [Fact]
    public void ALinesTokensAndSlotsNameEachOther()
    {
        foreach (int length in (int[])[8, 12, 20, 64, 96, 160, 512, 640])
            AssertSlots(LaneFft.Get(length, 8), TokenLayout.Line, length);
    }

    [Fact]
    public void AGridsTokensAndSlotsNameEachOther()
    {
        for (int height = 2; height <= 20; height++)
        {
            for (int width = 2; width <= 20; width++)
            {
                TokenLayout layout = TokenLayout.Grid(height, width);
                AssertSlots(LaneFft.Get(LaneFft.NextLength(layout.Place((height * width) - 1) + 1), 8), layout, height * width);
            }
        }
    }

    private static void AssertSlots(LaneFft fft, TokenLayout layout, int count)
    {
        var tokens = new SlotTokens(fft, layout, count);
        for (int token = 0; token < count; token++)
        {
            (int column, int row) = Math.DivRem(tokens.Slot(token), fft.Rows);
            Assert.InRange(column, 0, tokens.Runs.Columns - 1);
            Assert.Equal(token, tokens.Token(column, row));
        }
    }
}
