using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace FastAttn;

/// <summary>Checks that several doors share; each message names the argument, what came and what was expected.</summary>
internal static class ArgumentCheck
{
    public static void AtLeastOne(int value, [CallerArgumentExpression(nameof(value))] string name = "") => InRange(value, 1, int.MaxValue, name);

    public static void InRange(int value, int least, int most, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (value >= least && value <= most) return;
        string expected = most == int.MaxValue ? Invariant($"at least {least}") : Invariant($"{least}…{most}");
        throw new ArgumentOutOfRangeException(name, Invariant($"{name} is {value}; expected {expected}"));
    }

    public static void Defined<TChoice>(TChoice value, [CallerArgumentExpression(nameof(value))] string name = "")
        where TChoice : struct, Enum
    {
        if (!Enum.IsDefined(value))
            throw new ArgumentOutOfRangeException(name, Invariant($"{name} is {value}; expected one of {string.Join(", ", Words.All<TChoice>())}"));
    }

    /// <summary>A dense tensor's number of elements.</summary>
    public static void Elements(int length, int batch, int heads, int rows, int columns, string name)
    {
        long expected = (long)batch * heads * rows * columns;
        if (length != expected)
            throw new ShapeException(Invariant($"{name} has {length} elements; expected [{batch}, {heads}, {rows}, {columns}] = {expected}"), name);
    }

    /// <summary>Every value is finite.</summary>
    public static void Finite(ReadOnlySpan<float> values, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        if (values.IsEmpty || float.IsFinite(TensorPrimitives.MaxMagnitude(values))) return;
        int index = 0;
        while (float.IsFinite(values[index])) index++;
        throw new ArgumentException(Invariant($"{name}[{index}] is {values[index]}; expected finite numbers"), name);
    }

    /// <summary>A relative bias may be −∞ but neither NaN nor +∞.</summary>
    public static void BiasValues(ReadOnlySpan<float> bias, [CallerArgumentExpression(nameof(bias))] string name = "")
    {
        for (int i = 0; i < bias.Length; i++)
        {
            if (float.IsNaN(bias[i]) || float.IsPositiveInfinity(bias[i]))
                throw new ArgumentException(Invariant($"{name}[{i}] is {bias[i]}; expected finite numbers or −∞"), name);
        }
    }

    /// <summary>Parameters of which every head has one.</summary>
    public static void OnePerHead(ReadOnlySpan<float> values, int heads = 0, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        if (heads == 0 ? values.Length == 0 : values.Length != heads)
            throw new ShapeException(Invariant($"{name} has {values.Length} values; expected one a head, {(heads == 0 ? "at least 1" : heads)}"), name);
    }

    /// <summary>The heads of two parameters, each with one number a head or one for all.</summary>
    public static int HeadsOf(
        ReadOnlySpan<float> first, ReadOnlySpan<float> second,
        [CallerArgumentExpression(nameof(first))] string firstName = "", [CallerArgumentExpression(nameof(second))] string secondName = "")
    {
        OnePerHead(first, name: firstName);
        OnePerHead(second, first.Length == 1 || second.Length == 1 ? 0 : first.Length, secondName);
        return Math.Max(first.Length, second.Length);
    }

    /// <summary>A factor that may be left out is finite and above zero.</summary>
    public static float? Factor(float? value, string name)
    {
        if (value is float factor && !(float.IsFinite(factor) && factor > 0))
            throw new ArgumentOutOfRangeException(name, Invariant($"{name} is {factor}; expected a finite number above zero"));
        return value;
    }

    /// <summary>Every value is above zero and at most <paramref name="most"/>.</summary>
    public static void Positive(ReadOnlySpan<float> values, float most = float.MaxValue, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!(values[i] > 0 && values[i] <= most))
                throw new ArgumentOutOfRangeException(
                    name, Invariant($"{name}[{i}] is {values[i]}; expected a finite number above 0{(most == float.MaxValue ? "" : Invariant($", at most {most}"))}"));
        }
    }

    /// <summary>Every value is finite and at least zero.</summary>
    public static void NotNegative(ReadOnlySpan<float> values, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!(float.IsFinite(values[i]) && values[i] >= 0))
                throw new ArgumentOutOfRangeException(name, Invariant($"{name}[{i}] is {values[i]}; expected a finite number, at least 0"));
        }
    }
}
