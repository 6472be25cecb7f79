namespace FastAttn.Generators.Isa;

/// <summary>
/// Four lanes on any machine .NET runs on. Products and sums are rounded apart, so that every machine gives the same bits.
/// </summary>
internal sealed class Portable : InstructionSet
{
    public override string Name => "portable";
    public override int Lanes => 4;
    public override int Registers => 16;
    public override int MultiplyAddTemporaries => 1;
    public override string VectorType => "System.Runtime.Intrinsics.Vector128<float>";
    public override string VectorClass => "System.Runtime.Intrinsics.Vector128";

    public override string MultiplyAdd(string a, string b, string c) => $"({a} * {b}) + {c}";
    public override string NegatedMultiplyAdd(string a, string b, string c) => $"{c} - ({a} * {b})";

    // A comparison with NaN is false, so both selections pass it on.
    public override string Max(string bound, string x) => $"Vectors.ConditionalSelect(Vectors.LessThan({x}, {bound}), {bound}, {x})";
    public override string Min(string bound, string x) => $"Vectors.ConditionalSelect(Vectors.GreaterThan({x}, {bound}), {bound}, {x})";

    public override string Round(string x) => $"Vectors.Round({x})";

    // Pairs of lanes move as doubles: halves of a 128-bit vector have no registers of their own on x86.
    public override string ZipLow(string a, string b) =>
        Interleave($"Vectors.ToScalar(Vectors.AsDouble({a}))", $"Vectors.ToScalar(Vectors.AsDouble({b}))");

    public override string ZipHigh(string a, string b) =>
        Interleave($"Vectors.GetElement(Vectors.AsDouble({a}), 1)", $"Vectors.GetElement(Vectors.AsDouble({b}), 1)");

    private static string Interleave(string first, string second) =>
        $"Vectors.Shuffle(Vectors.AsSingle(Vectors.Create({first}, {second})), Vectors.Create(0, 2, 1, 3))";
}
