namespace FastAttn.Positions;

/// <summary>
/// Where tokens stand on the line whose offsets name relative positions. Tokens of a sequence stand side by side. Tokens of a grid
/// stand row by row with a gap of width − 1 places after every row, so that an offset Δy·(2·width − 1) + Δx between two tokens
/// belongs to one pair (Δy, Δx) only, and every integer between the extremes is such an offset.
/// </summary>
/// <remarks>
/// Special tokens before and after those of a grid have no place. Their pairs have offsets beyond all that places have: one for each special query
/// and the whole grid, then one for the whole grid and each special key, then one for each pair of special tokens.
/// </remarks>
/// <param name="Width">Tokens in a row of the grid; <see cref="int.MaxValue"/> for a sequence, which is one endless row.</param>
/// <param name="Prefix">Special tokens before the grid.</param>
/// <param name="GridTokens">Tokens of a grid that has special tokens beside it; 0 where nobody asks.</param>
/// <param name="Suffix">Special tokens after the grid.</param>
internal readonly record struct TokenLayout(int Width, int Prefix = 0, int GridTokens = 0, int Suffix = 0)
{
    /// <summary>A sequence.</summary>
    public static TokenLayout Line => new(int.MaxValue);

    /// <summary>A grid of at least one row; one row or one column is a sequence.</summary>
    public static TokenLayout Grid(int height, int width) => height == 1 || width == 1 ? Line : new(width);

    public bool IsLine => Width == int.MaxValue;

    /// <summary>Special tokens.</summary>
    public int Specials => Prefix + Suffix;

    /// <summary>Places between the starts of two rows.</summary>
    public int Pitch => IsLine ? int.MaxValue : (2 * Width) - 1;

    /// <summary>Offsets of pairs that a special token takes part in.</summary>
    public int SpecialOffsets => Specials * (Specials + 2);

    /// <summary>The first of them.</summary>
    public int FirstSpecialOffset => Place(Prefix + GridTokens - 1) + 1;

    /// <summary>The grid without its special tokens.</summary>
    public TokenLayout WithoutSpecials => new(Width);

    /// <summary>Where a token that is not special stands.</summary>
    public int Place(int token) => IsLine ? token : token - Prefix + ((token - Prefix) / Width * (Width - 1));

    /// <summary>The offset at which a query and a key meet.</summary>
    public int Offset(int query, int key)
    {
        if (Specials == 0) return Place(key) - Place(query);
        int special = Special(query), other = Special(key);
        if (special < 0 && other < 0) return Place(key) - Place(query);
        return FirstSpecialOffset + (other < 0 ? special : special < 0 ? Specials + other : ((special + 2) * Specials) + other);
    }

    /// <summary>The offset of a pair that a special token takes part in, when query and key change places.</summary>
    public int TransposedSpecial(int offset)
    {
        int index = offset - FirstSpecialOffset;
        if (index < Specials) return offset + Specials;
        if (index < 2 * Specials) return offset - Specials;
        (int query, int key) = Math.DivRem(index - (2 * Specials), Specials);
        return FirstSpecialOffset + ((key + 2) * Specials) + query;
    }

    /// <summary>Whether a token is special.</summary>
    public bool IsSpecial(int token) => Specials > 0 && (token < Prefix || token >= Prefix + GridTokens);

    /// <summary>How many tokens stand before a place, special ones before the grid among them.</summary>
    public long TokensBefore(long place)
    {
        if (IsLine) return place;
        long before = place <= 0 ? 0 : (place / Pitch * Width) + Math.Min(place % Pitch, Width);
        return Specials == 0 ? before : Prefix + Math.Min(before, GridTokens);
    }

    /// <summary>The first token that does not stand beside this one: of the next row; a special token stands alone.</summary>
    public int RowEnd(int token)
    {
        if (IsLine) return int.MaxValue;
        return IsSpecial(token) ? token + 1 : Prefix + ((((token - Prefix) / Width) + 1) * Width);
    }

    /// <summary>Places from the first to the last of so many consecutive tokens, at most.</summary>
    public long MostPlaces(int tokens) => IsLine ? tokens : tokens + (((tokens / (long)Width) + 1) * (Width - 1));

    /// <summary>The place of a special token among special ones; −1 of others.</summary>
    private int Special(int token) => token < Prefix ? token : token >= Prefix + GridTokens ? token - GridTokens : -1;
}
