using FastAttn.Fft;
using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>
/// Moves rows between the callers' token order and the slot order of <see cref="LaneFft"/>, t = t1·Columns + t2 in slot
/// t2·Rows + t1, a few columns t2 at a time so that both sides stay in cache.
/// </summary>
internal static unsafe class SlotOrder
{
    private const int ColumnsAtOnce = 8;

    /// <summary>One vector of every value row; zeros beyond the last row.</summary>
    public static void LoadValues<TKernels>(LaneFft fft, SlotTokens tokens, ValueSource values, int firstColumn, float* slots)
        where TKernels : struct, IKernels
    {
        for (int first = 0; first < tokens.Runs.Columns; first += ColumnsAtOnce)
        {
            int end = Math.Min(first + ColumnsAtOnce, tokens.Runs.Columns);
            for (int t1 = 0; t1 < fft.Rows; t1++)
            {
                for (int t2 = first; t2 < end; t2++)
                {
                    int token = tokens.Token(t2, t1);
                    float* slot = slots + ((((long)t2 * fft.Rows) + t1) * TKernels.Lanes);
                    if (token < values.Count) values.Copy<TKernels>(token, firstColumn, TKernels.Lanes, slot);
                    else new Span<float>(slot, TKernels.Lanes).Clear();
                }
            }
        }
    }

    /// <summary>One vector of every row, back in token order.</summary>
    public static void StoreRows(LaneFft fft, SlotTokens tokens, float* slots, int lanes, int rowCount, float* rows, int rowStride)
    {
        for (int first = 0; first < tokens.Runs.Columns; first += ColumnsAtOnce)
        {
            int end = Math.Min(first + ColumnsAtOnce, tokens.Runs.Columns);
            for (int t1 = 0; t1 < fft.Rows; t1++)
            {
                for (int t2 = first; t2 < end; t2++)
                {
                    int token = tokens.Token(t2, t1);
                    if (token >= rowCount) continue;
                    new ReadOnlySpan<float>(slots + ((((long)t2 * fft.Rows) + t1) * lanes), lanes)
                        .CopyTo(new Span<float>(rows + ((long)token * rowStride), lanes));
                }
            }
        }
    }
}
