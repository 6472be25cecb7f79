using FastAttn.Fft;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// Which token the Fourier method keeps in each slot. A slot is a row t1 of a column of the transform, columns in order; columns
/// that hold no token have none. Immutable.
/// </summary>
/// <remarks>
/// Rows of a grid need at least 2·width − 1 places each. When they take a divisor of the transform's columns, their gaps meet in
/// the same columns, which are then neither stored nor computed.
/// </remarks>
internal sealed class SlotTokens
{
    private readonly int[]? _tokens;
    private readonly int _rows;
    private readonly int _columns;

    /// <param name="fft">The transform.</param>
    /// <param name="layout">Where tokens stand.</param>
    /// <param name="tokens">How many of a grid there are.</param>
    public SlotTokens(LaneFft fft, TokenLayout layout, int tokens)
    {
        Layout = layout;
        _rows = fft.Rows;
        _columns = fft.Columns;
        Runs = ColumnRuns.All(fft);
        if (layout.IsLine) return;
        Pitch = EvenPitch(layout, tokens, fft.Length);
        if (Pitch == 0) Pitch = layout.Pitch;
        else Runs = new ColumnRuns(fft.Columns / Pitch, layout.Width, Pitch);
        _tokens = new int[Slots];
        for (int slot = 0; slot < _tokens.Length; slot++)
        {
            int place = (slot % fft.Rows * fft.Columns) + Runs.Column(slot / fft.Rows);
            _tokens[slot] = place % Pitch < layout.Width ? (place / Pitch * layout.Width) + (place % Pitch) : int.MaxValue;
        }
    }

    public TokenLayout Layout { get; }

    /// <summary>Places between the starts of two rows of a grid, in the transform.</summary>
    public int Pitch { get; }

    /// <summary>Columns that have slots.</summary>
    public ColumnRuns Runs { get; }

    public int Slots => Runs.Columns * _rows;

    /// <summary>The smallest pitch that divides the columns of a transform of this length and leaves room for the tokens; 0 when there is none.</summary>
    public static int EvenPitch(TokenLayout layout, int tokens, int length)
    {
        int gaps = (tokens / layout.Width) - 1, columns = length / FftRecipe.OuterRadix(length);
        for (int pitch = layout.Pitch; pitch <= columns && ((long)gaps * pitch) + layout.Width <= length; pitch++)
        {
            if (columns % pitch == 0) return pitch;
        }

        return 0;
    }

    /// <summary>Where a token stands in the transform.</summary>
    public int Place(int token) => Layout.IsLine ? token : (token / Layout.Width * Pitch) + (token % Layout.Width);

    /// <summary>The slot of a token.</summary>
    public int Slot(int token)
    {
        (int t1, int column) = Math.DivRem(Place(token), _columns);
        return (Runs.Index(column) * _rows) + t1;
    }

    /// <summary>The token in row <paramref name="t1"/> of the column-th column that has slots; beyond all tokens where there is none.</summary>
    public int Token(int column, int t1) => _tokens is null ? (t1 * Runs.Columns) + column : _tokens[(column * _rows) + t1];
}
