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
    public override string MultiplySubtract(string a, string b, string c) => $"({a} * {b}) - {c}";
    public override string NegatedMultiplyAdd(string a, string b, string c) => $"{c} - ({a} * {b})";

    // A comparison with NaN is false, so both selections pass it on.
    public override string Max(string bound, string x) => $"Vectors.ConditionalSelect(Vectors.LessThan({x}, {bound}), {bound}, {x})";
    public override string Min(string bound, string x) => $"Vectors.ConditionalSelect(Vectors.GreaterThan({x}, {bound}), {bound}, {x})";

    public override string ZipLow(string a, string b) =>
        $"Vectors.Shuffle(Vectors.Create(Vectors.GetLower({a}), Vectors.GetLower({b})), Vectors.Create(0, 2, 1, 3))";

    public override string ZipHigh(string a, string b) =>
        $"Vectors.Shuffle(Vectors.Create(Vectors.GetUpper({a}), Vectors.GetUpper({b})), Vectors.Create(0, 2, 1, 3))";
}
