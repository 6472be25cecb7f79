using FastAttn.Fft;
using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>
/// Moves rows between the callers' token order and the slot order of <see cref="LaneFft"/>, t = t1·Columns + t2 in slot
/// t2·Rows + t1.
/// </summary>
internal static unsafe class SlotOrder
{
    private const int ColumnsAtOnce = 8;

    /// <summary>One vector of every value row, a few columns t2 at a time so that both sides stay in cache; zeros beyond the last row.</summary>
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

    /// <summary>Rows <paramref name="first"/> … <paramref name="end"/>−1 back in token order, one vector from each group of slots.</summary>
    public static void StoreRows<TKernels>(SlotTokens tokens, float* slots, int groups, int first, int end, float* rows, int rowStride)
        where TKernels : struct, IKernels
    {
        long groupFloats = (long)tokens.Slots * TKernels.Lanes;
        for (int token = first; token < end; token++)
        {
            float* source = slots + ((long)tokens.Slot(token) * TKernels.Lanes), row = rows + ((long)token * rowStride);
            for (int group = 0; group < groups; group++, source += groupFloats, row += TKernels.Lanes)
                new ReadOnlySpan<float>(source, TKernels.Lanes).CopyTo(new Span<float>(row, TKernels.Lanes));
        }
    }
}
