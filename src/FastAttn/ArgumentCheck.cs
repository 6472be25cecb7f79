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

    /// <summary>A dense tensor's number of elements.</summary>
    public static void Elements(int length, int batch, int heads, int rows, int columns, string name)
    {
        long expected = (long)batch * heads * rows * columns;
        if (length != expected) throw new ShapeException($"{name} has {length} elements; expected [{batch}, {heads}, {rows}, {columns}] = {expected}", name);
    }

    /// <summary>A relative bias may be −∞ but neither NaN nor +∞.</summary>
    public static void BiasValues(ReadOnlySpan<float> bias, [CallerArgumentExpression(nameof(bias))] string name = "")
    {
        for (int i = 0; i < bias.Length; i++)
        {
            if (float.IsNaN(bias[i]) || float.IsPositiveInfinity(bias[i]))
                throw new ArgumentException($"{name}[{i}] is {bias[i]}; expected finite numbers or −∞", name);
        }
    }
}
