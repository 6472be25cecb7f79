using System.Collections.Generic;

namespace FastAttn.Generators.Isa;

/// <summary>ARM64 AdvSimd: four lanes, thirty-two registers. Its fused operations take the addend first.</summary>
internal sealed class Neon : InstructionSet
{
    public override string Name => "neon";
    public override int Lanes => 4;
    public override int Registers => 32;
    public override string VectorType => "System.Runtime.Intrinsics.Vector128<float>";
    public override string VectorClass => "System.Runtime.Intrinsics.Vector128";
    public override IEnumerable<string> Usings => ["System.Runtime.Intrinsics.Arm"];

    public override string MultiplyAdd(string a, string b, string c) => $"AdvSimd.FusedMultiplyAdd({c}, {a}, {b})";
    public override string NegatedMultiplyAdd(string a, string b, string c) => $"AdvSimd.FusedMultiplySubtract({c}, {a}, {b})";

    public override string Max(string bound, string x) => $"AdvSimd.Max({bound}, {x})";
    public override string Min(string bound, string x) => $"AdvSimd.Min({bound}, {x})";
    public override string AnyGreater(string a, string b) => $"AdvSimd.Extract(AdvSimd.Arm64.MaxAcross({a} - {b}), 0) > 0f";
    public override string Absolute(string x) => $"AdvSimd.Abs({x})";
    public override string CopySign(string size, string sign) => $"AdvSimd.BitwiseSelect({Constant(-0.0)}, {sign}, {size})";
    public override string Greater(string a, string b) => $"AdvSimd.CompareGreaterThan({a}, {b})";
    public override string Select(string mask, string set, string clear) => $"AdvSimd.BitwiseSelect({mask}, {set}, {clear})";
    public override string ZipLow(string a, string b) => $"AdvSimd.Arm64.ZipLow({a}, {b})";
    public override string ZipHigh(string a, string b) => $"AdvSimd.Arm64.ZipHigh({a}, {b})";
    public override string Round(string x) => $"AdvSimd.RoundToNearest({x})";

    // A freestanding build has no generic methods, so the bits change type through the local's address.
    public override string AsIntegers(string local) => $"*(Ints*)&{local}";
    public override string AsFloats(string local) => $"*(Vec*)&{local}";
}
