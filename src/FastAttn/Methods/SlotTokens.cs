using FastAttn.Fft;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>Which token the Fourier method keeps in each slot: tokens of a grid leave the gaps of their line empty. Immutable.</summary>
internal sealed class SlotTokens
{
    private readonly int[]? _tokens;

    public SlotTokens(LaneFft fft, TokenLayout layout)
    {
        Layout = layout;
        if (layout.IsLine) return;
        _tokens = new int[fft.Length];
        for (int place = 0; place < fft.Length; place++)
            _tokens[fft.Slot(place)] = place % layout.Pitch < layout.Width ? (int)layout.TokensBefore(place) : int.MaxValue;
    }

    public TokenLayout Layout { get; }

    /// <summary>The token in slot (column t2, row t1), beyond all tokens where there is none.</summary>
    public int Token(LaneFft fft, int t2, int t1) => _tokens is null ? (t1 * fft.Columns) + t2 : _tokens[(t2 * fft.Rows) + t1];
}
