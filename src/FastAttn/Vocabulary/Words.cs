namespace FastAttn;

/// <summary>The words for choices, the same in the command line, C#, C and Python.</summary>
public static class Words
{
    /// <summary>The word of a choice: <c>prf</c>, <c>orthogonal</c>, <c>fft</c>, <c>avx512</c>, <c>kerple_log</c> …</summary>
    public static string Of<TChoice>(TChoice choice)
        where TChoice : struct, Enum
    {
        string name = choice.ToString();
        return string.Concat(name.SelectMany(
            (letter, index) => index > 0 && char.IsUpper(letter) ? (char[])['_', char.ToLowerInvariant(letter)] : [char.ToLowerInvariant(letter)]));
    }

    /// <summary>The words of a choice, in order.</summary>
    public static IReadOnlyList<string> All<TChoice>()
        where TChoice : struct, Enum => Array.ConvertAll(Enum.GetValues<TChoice>(), Of);

    /// <summary>Reads a word; an unknown one is an <see cref="ArgumentException"/> that lists the known ones.</summary>
    /// <param name="word">The word.</param>
    /// <param name="parameterName">The argument to name in the error.</param>
    /// <exception cref="ArgumentException">The word is none of <see cref="All"/>.</exception>
    public static TChoice Parse<TChoice>(string word, string parameterName)
        where TChoice : struct, Enum
    {
        foreach (TChoice choice in Enum.GetValues<TChoice>())
        {
            if (Of(choice) == word) return choice;
        }

        throw new ArgumentException(Invariant($"unknown word '{word}'; expected one of {string.Join(", ", All<TChoice>())}"), parameterName);
    }
}
