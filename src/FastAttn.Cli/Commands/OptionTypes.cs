using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace FastAttn.Cli.Commands;

/// <summary>The kinds of values that options and arguments take; each refuses anything else with what came and what was expected.</summary>
internal static class OptionTypes
{
    /// <summary>A choice by its word, e.g. <c>--method fft</c>, that the user may leave out.</summary>
    public static Option<TChoice?> Word<TChoice>(string name, string description, TChoice defaultChoice)
        where TChoice : struct, Enum
    {
        Option<TChoice?> option = new(name)
        {
            Description = $"{description} Default: {Words.Of(defaultChoice)}.",
            HelpName = string.Join('|', Words.All<TChoice>()),
            CustomParser = result => Parse(result, $"one of {string.Join(", ", Words.All<TChoice>())}", static (string text, out TChoice? choice) =>
            {
                bool known = Words.All<TChoice>().Contains(text);
                choice = known ? Words.Parse<TChoice>(text, nameof(text)) : null;
                return known;
            }),
        };
        option.CompletionSources.Add([.. Words.All<TChoice>()]);
        return option;
    }

    /// <summary>A whole number the user may leave out.</summary>
    public static Option<int?> WholeNumber(string name, string description, string helpName = "N") => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => Parse(result, "a whole number below 2³¹", static (string text, out int? value) =>
        {
            bool parsed = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number);
            value = number;
            return parsed;
        }),
    };

    /// <summary>A number the user may leave out.</summary>
    public static Option<float?> Number(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "X",
        CustomParser = result => Parse(result, "a number", static (string text, out float? value) =>
        {
            bool parsed = float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number);
            value = number;
            return parsed;
        }),
    };

    /// <summary>The seed of a random generator, which the user may leave out.</summary>
    public static Option<ulong?> Seed(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Parse(result, "a whole number from 0 to 2⁶⁴ − 1", static (string text, out ulong? value) =>
        {
            bool parsed = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number);
            value = number;
            return parsed;
        }),
    };

    /// <summary>Whole numbers with commas between them.</summary>
    public static Option<int[]?> WholeNumbers(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N,…",
        CustomParser = result => Parse(result, "whole numbers below 2³¹ with commas between them", static (string text, out int[]? values) =>
        {
            string[] parts = text.Split(',');
            int[] numbers = new int[parts.Length];
            values = numbers;
            for (int i = 0; i < parts.Length; i++)
            {
                if (!int.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[i])) return false;
            }

            return true;
        }),
    };

    /// <summary>An array in a file.</summary>
    public static Option<FileInfo> ArrayFile(string name, string description, params string[] aliases) => File(name, "FILE.npy", description, aliases);

    /// <summary>A file of the kind that its name in the help tells.</summary>
    public static Option<FileInfo> File(string name, string helpName, string description, params string[] aliases) => new(name, aliases)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = ParseFile,
    };

    /// <summary>A file that is an argument, not an option, and that the user may leave out.</summary>
    public static Argument<FileInfo> FileArgument(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = ParseFile,
    };

    /// <summary>The whole number given, or otherwise that; the largest <see cref="int"/> as upper end means none.</summary>
    /// <exception cref="UsageException">It is out of range.</exception>
    public static int InRange(ParseResult parsed, Option<int?> option, int otherwise, int low, int high = int.MaxValue)
    {
        int value = parsed.GetValue(option) ?? otherwise;
        if (value >= low && value <= high) return value;
        throw new UsageException($"{option.Name}: got {value}, expected {(high == int.MaxValue ? $"at least {low}" : $"{low} to {high}")}");
    }

    private static FileInfo? ParseFile(ArgumentResult result) => Parse(result, "the name of a file", static (string text, out FileInfo? file) =>
    {
        file = text.Length > 0 ? new FileInfo(text) : null;
        return file is not null;
    });

    private delegate bool TryParse<T>(string text, out T? value);

    private static T? Parse<T>(ArgumentResult result, string expected, TryParse<T> tryParse)
    {
        string text = result.Tokens[^1].Value;
        if (tryParse(text, out T? value)) return value;

        string name = result.Parent is OptionResult option ? option.Option.Name : result.Argument.Name;
        result.AddError($"{name}: got '{text}', expected {expected}");
        return default;
    }
}
