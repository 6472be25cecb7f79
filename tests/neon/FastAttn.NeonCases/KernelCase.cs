namespace FastAttn.NeonCases;

/// <summary>One call: arguments are <see cref="int"/>, <see cref="nint"/>, <see cref="float"/> or <see cref="Buffer"/>.</summary>
internal sealed record KernelCase(string Method, object[] Arguments);

/// <summary>Memory that a kernel gets a pointer to, from which it reads and to which it writes.</summary>
/// <param name="Data">All of it; nothing lies after its end.</param>
/// <param name="Start">The element that the pointer points at.</param>
internal sealed record Buffer(float[] Data, int Start = 0);

/// <summary>How far NEON may be from portable, which rounds products and sums apart, and what a unit in the last place is taken of.</summary>
/// <param name="Ulps">The limit.</param>
/// <param name="Of">Whose unit.</param>
/// <param name="Reason">Why that much.</param>
internal sealed record Tolerance(double Ulps, UnitOf Of, string Reason);

/// <summary>Whose unit in the last place an error is counted in.</summary>
internal enum UnitOf
{
    /// <summary>The expected number itself.</summary>
    Element = 0,

    /// <summary>The loudest number of the buffer: for sums of both signs, whose terms cancel.</summary>
    Loudest = 1,
}
