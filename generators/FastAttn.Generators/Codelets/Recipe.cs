namespace FastAttn.Generators.Codelets;

/// <summary>How a length is transformed, in words, for the first line of an emitted file.</summary>
internal static class Recipe
{
    public static string Of(int length) => length switch
    {
        1 or 2 => "butterfly",
        3 => "three-point step",
        5 => "five-point step",
        _ when length % 3 == 0 => $"prime factors 3 and {length / 3}: {Of(3)}, {Of(length / 3)}",
        _ when length % 5 == 0 => $"prime factors 5 and {length / 5}: {Of(5)}, {Of(length / 5)}",
        _ => $"conjugate-pair split radix into {length / 2}, {length / 4} and {length / 4}",
    };
}
