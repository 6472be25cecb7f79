using System.Collections.Generic;

namespace FastAttn.Generators.Isa;

/// <summary>AVX2 with FMA: eight lanes, sixteen registers.</summary>
internal sealed class Avx2 : InstructionSet
{
    public override string Name => "avx2";
    public override int Lanes => 8;
    public override int Registers => 16;
    public override string VectorType => "System.Runtime.Intrinsics.Vector256<float>";
    public override string VectorClass => "System.Runtime.Intrinsics.Vector256";
    public override IEnumerable<string> Usings => ["System.Runtime.Intrinsics.X86"];

    public override string MultiplyAdd(string a, string b, string c) => $"Fma.MultiplyAdd({a}, {b}, {c})";
    public override string NegatedMultiplyAdd(string a, string b, string c) => $"Fma.MultiplyAddNegated({a}, {b}, {c})";

    // The hardware's minimum and maximum return their second operand when either is NaN.
    public override string Max(string bound, string x) => $"Avx.Max({bound}, {x})";
    public override string Min(string bound, string x) => $"Avx.Min({bound}, {x})";

    // Unpacking works inside 128-bit halves; the permutation then gathers the two halves of one result.
    public override string ZipLow(string a, string b) =>
        $"Avx.Permute2x128(Avx.UnpackLow({a}, {b}), Avx.UnpackHigh({a}, {b}), 0x20)";

    public override string ZipHigh(string a, string b) =>
        $"Avx.Permute2x128(Avx.UnpackLow({a}, {b}), Avx.UnpackHigh({a}, {b}), 0x31)";

    public override string Round(string x) => $"Avx.RoundToNearestInteger({x})";
}
