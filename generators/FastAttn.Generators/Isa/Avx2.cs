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
    public override string MultiplySubtract(string a, string b, string c) => $"Fma.MultiplySubtract({a}, {b}, {c})";
    public override string NegatedMultiplyAdd(string a, string b, string c) => $"Fma.MultiplyAddNegated({a}, {b}, {c})";
}
