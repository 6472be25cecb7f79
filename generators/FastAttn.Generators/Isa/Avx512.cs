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
    public override string MultiplySubtract(string a, string b, string c) => $"Avx512F.FusedMultiplySubtract({a}, {b}, {c})";
    public override string NegatedMultiplyAdd(string a, string b, string c) => $"Avx512F.FusedMultiplyAddNegated({a}, {b}, {c})";
}
