namespace FastAttn.Memory;

/// <summary>Clears memory of any size; spans end at 2³¹ elements.</summary>
internal static unsafe class Clearing
{
    public static void Clear(float* data, long count)
    {
        const int Piece = 1 << 28;
        for (; count > Piece; count -= Piece, data += Piece) new Span<float>(data, Piece).Clear();
        new Span<float>(data, (int)count).Clear();
    }
}
