using System.Collections.Generic;

namespace FastAttn.Generators.Isa;

/// <summary>AVX-512F: sixteen lanes, thirty-two registers.</summary>
internal sealed class Avx512 : InstructionSet
{
    public override string Name => "avx512";
    public override int Lanes => 16;
    public override int Registers => 32;
    public override string VectorType => "System.Runtime.Intrinsics.Vector512<float>";
    public override string VectorClass => "System.Runtime.Intrinsics.Vector512";
    public override IEnumerable<string> Usings => ["System.Runtime.Intrinsics.X86"];

    public override string MultiplyAdd(string a, string b, string c) => $"Avx512F.FusedMultiplyAdd({a}, {b}, {c})";
    public override string NegatedMultiplyAdd(string a, string b, string c) => $"Avx512F.FusedMultiplyAddNegated({a}, {b}, {c})";

    // The hardware's minimum and maximum return their second operand when either is NaN.
    public override string Max(string bound, string x) => $"Avx512F.Max({bound}, {x})";
    public override string Min(string bound, string x) => $"Avx512F.Min({bound}, {x})";

    public override string ZipLow(string a, string b) =>
        $"Avx512F.PermuteVar16x32x2({a}, Vectors.Create(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), {b})";

    public override string ZipHigh(string a, string b) =>
        $"Avx512F.PermuteVar16x32x2({a}, Vectors.Create(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), {b})";

    public override string? ScaleByPowerOfTwo(string value, string n) => $"Avx512F.Scale({value}, {n})";
    public override string Round(string x) => $"Avx512F.RoundScale({x}, 0)";
}
