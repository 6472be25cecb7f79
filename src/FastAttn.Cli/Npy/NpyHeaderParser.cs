using System.Globalization;

namespace FastAttn.Cli.Npy;

/// <summary>Reads the Python dictionary of a <c>.npy</c> header: exactly the keys descr, fortran_order and shape, in any order.</summary>
internal ref struct NpyHeaderParser
{
    private readonly ReadOnlySpan<char> _text;
    private int _position;

    private NpyHeaderParser(ReadOnlySpan<char> text) => _text = text;

    /// <summary>Parses the text of a header.</summary>
    /// <exception cref="NpyFormatException">The text is anything else.</exception>
    public static NpyHeader Parse(string text) => new NpyHeaderParser(text).ReadDictionary();

    private NpyHeader ReadDictionary()
    {
        string? descr = null;
        bool? fortranOrder = null;
        int[]? shape = null;

        Expect('{');
        while (!TryTake('}'))
        {
            string key = ReadString();
            Expect(':');
            switch (key)
            {
                case "descr" when descr is null: descr = ReadDescr(); break;
                case "fortran_order" when fortranOrder is null: fortranOrder = ReadBoolean(); break;
                case "shape" when shape is null: shape = ReadShape(); break;
                default: throw Malformed($"key '{key}'", "descr, fortran_order and shape, once each");
            }

            if (TryTake(',')) continue;
            Expect('}');
            break;
        }

        SkipSpaces();
        if (_position < _text.Length) throw Malformed(Here(), "the end");

        return descr is not null && fortranOrder is not null && shape is not null
            ? new NpyHeader(descr, fortranOrder.Value, shape)
            : throw Malformed("the end", "descr, fortran_order and shape, once each");
    }

    // A structured type is a list; its text is kept for the error that will name it.
    private string ReadDescr()
    {
        SkipSpaces();
        if (_position >= _text.Length || _text[_position] != '[') return ReadString();

        int start = _position;
        int depth = 0;
        do
        {
            if (_position >= _text.Length) throw Malformed("the end", "]");
            depth += _text[_position] switch { '[' => 1, ']' => -1, _ => 0 };
            _position++;
        }
        while (depth > 0);

        return _text[start.._position].ToString();
    }

    private string ReadString()
    {
        SkipSpaces();
        char quote = _position < _text.Length ? _text[_position] : '\0';
        if (quote is not ('\'' or '"')) throw Malformed(Here(), "a string");

        int length = _text[(_position + 1)..].IndexOf(quote);
        if (length < 0) throw Malformed("the end", $"{quote}");

        string value = _text.Slice(_position + 1, length).ToString();
        _position += length + 2;
        return value;
    }

    private bool ReadBoolean() => TryTakeWord("True") || (TryTakeWord("False") ? false : throw Malformed(Here(), "True or False"));

    private int[] ReadShape()
    {
        List<int> extents = [];
        Expect('(');
        while (!TryTake(')'))
        {
            extents.Add(ReadExtent());
            if (TryTake(',')) continue;
            Expect(')');
            break;
        }

        return [.. extents];
    }

    private int ReadExtent()
    {
        SkipSpaces();
        int length = _text[_position..].IndexOfAnyExceptInRange('0', '9');
        ReadOnlySpan<char> digits = length < 0 ? _text[_position..] : _text.Slice(_position, length);
        if (digits.IsEmpty) throw Malformed(Here(), "an extent");
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int extent))
        {
            throw new NpyFormatException($"has an extent of {digits}, expected at most {int.MaxValue}");
        }

        _position += digits.Length;
        return extent;
    }

    private void Expect(char symbol)
    {
        if (!TryTake(symbol)) throw Malformed(Here(), $"{symbol}");
    }

    private bool TryTake(char symbol)
    {
        SkipSpaces();
        if (_position >= _text.Length || _text[_position] != symbol) return false;
        _position++;
        return true;
    }

    private bool TryTakeWord(string word)
    {
        SkipSpaces();
        if (!_text[_position..].StartsWith(word)) return false;
        _position += word.Length;
        return true;
    }

    private void SkipSpaces()
    {
        while (_position < _text.Length && _text[_position] is ' ' or '\n') _position++;
    }

    private readonly string Here() => _position < _text.Length ? $"'{Printable(_text[_position])}'" : "the end";

    private static char Printable(char symbol) => char.IsControl(symbol) ? '?' : symbol;

    private readonly NpyFormatException Malformed(string came, string expected) =>
        new($"has a malformed .npy header: {came} at character {_position}, expected {expected}");
}
