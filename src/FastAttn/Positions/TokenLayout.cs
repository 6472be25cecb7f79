namespace FastAttn.Positions;

/// <summary>
/// Where tokens stand on the line whose offsets name relative positions. Tokens of a sequence stand side by side. Tokens of a grid
/// stand row by row with a gap of width − 1 places after every row, so that an offset Δy·(2·width − 1) + Δx between two tokens
/// belongs to one pair (Δy, Δx) only, and every integer between the extremes is such an offset.
/// </summary>
/// <param name="Width">Tokens in a row of the grid; <see cref="int.MaxValue"/> for a sequence, which is one endless row.</param>
internal readonly record struct TokenLayout(int Width)
{
    /// <summary>A sequence.</summary>
    public static TokenLayout Line => new(int.MaxValue);

    /// <summary>A grid of at least one row; one row or one column is a sequence.</summary>
    public static TokenLayout Grid(int height, int width) => height == 1 || width == 1 ? Line : new(width);

    public bool IsLine => Width == int.MaxValue;

    /// <summary>Places between the starts of two rows.</summary>
    public int Pitch => IsLine ? int.MaxValue : (2 * Width) - 1;

    /// <summary>Where a token stands.</summary>
    public int Place(int token) => IsLine ? token : token + (token / Width * (Width - 1));

    /// <summary>How many tokens stand before a place.</summary>
    public long TokensBefore(long place)
    {
        if (IsLine) return place;
        return place <= 0 ? 0 : (place / Pitch * Width) + Math.Min(place % Pitch, Width);
    }

    /// <summary>The first token of the row after this token's.</summary>
    public int RowEnd(int token) => IsLine ? int.MaxValue : ((token / Width) + 1) * Width;

    /// <summary>Places from the first to the last of so many consecutive tokens, at most.</summary>
    public long MostPlaces(int tokens) => IsLine ? tokens : tokens + (((tokens / (long)Width) + 1) * (Width - 1));
}
