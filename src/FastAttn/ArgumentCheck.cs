using System.Runtime.CompilerServices;

namespace FastAttn;

/// <summary>Checks that several doors share; each message names the argument, what came and what was expected.</summary>
internal static class ArgumentCheck
{
    public static void AtLeastOne(int value, [CallerArgumentExpression(nameof(value))] string name = "") => InRange(value, 1, int.MaxValue, name);

    public static void InRange(int value, int least, int most, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value >= least && value <= most) return;
        string expected = most == int.MaxValue ? $"at least {least}" : $"{least}…{most}";
        throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; expected {expected}");
    }

    public static void Defined<TChoice>(TChoice value, [CallerArgumentExpression(nameof(value))] string name = "")
        where TChoice : struct, Enum
    {
        if (!Enum.IsDefined(value))
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; expected one of {string.Join(", ", Words.All<TChoice>())}");
    }
}
