using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace FastAttn.Generators.Isa;

/// <summary>
/// How one instruction set spells the operations that kernels are written in. A subclass is one file of spellings;
/// writing one is all it takes to add an instruction set, because <see cref="All"/> finds it.
/// </summary>
/// <remarks>
/// Addition, subtraction and multiplication are C# operators everywhere. Loads and stores dereference a pointer:
/// the JIT compiles that faster than a call, and a freestanding ARM64 build understands nothing else.
/// </remarks>
internal abstract class InstructionSet
{
    /// <summary>The word users write: <c>avx512</c>, <c>avx2</c>, <c>neon</c>, <c>portable</c>.</summary>
    public abstract string Name { get; }

    /// <summary>How many float32 lanes a register holds.</summary>
    public abstract int Lanes { get; }

    /// <summary>How many vector registers a kernel may keep live before it spills.</summary>
    public abstract int Registers { get; }

    /// <summary>Registers that a multiply-add needs beside its operands: one where it is a product and a sum.</summary>
    public virtual int MultiplyAddTemporaries => 0;

    /// <summary>True where a multiply-add is one instruction.</summary>
    public bool HasFusedMultiplyAdd => MultiplyAddTemporaries == 0;

    /// <summary>The vector type, fully qualified; emitted files alias it as <c>Vec</c>.</summary>
    public abstract string VectorType { get; }

    /// <summary>The vector of int32 as wide as <see cref="VectorType"/>; emitted files alias it as <c>Ints</c>.</summary>
    public string IntegerVectorType => VectorType.Replace("<float>", "<int>");

    /// <summary>The static class that creates vectors, fully qualified; emitted files alias it as <c>Vectors</c>.</summary>
    public abstract string VectorClass { get; }

    /// <summary>Further <c>using</c> directives that the spellings need.</summary>
    public virtual IEnumerable<string> Usings => [];

    public virtual string Zero => "Vec.Zero";

    public virtual string Load(string pointer) => $"*(Vec*)({pointer})";

    public virtual string Store(string pointer, string value) => $"*(Vec*)({pointer}) = {value};";

    /// <summary>A scalar expression copied to every lane.</summary>
    public virtual string Broadcast(string scalar) => $"Vectors.Create({scalar})";

    public string Constant(double value) => Broadcast(Literal(value));

    /// <summary>a·b + c.</summary>
    public abstract string MultiplyAdd(string a, string b, string c);

    /// <summary>c − a·b.</summary>
    public abstract string NegatedMultiplyAdd(string a, string b, string c);

    /// <summary>The larger of a bound and x, lane by lane; NaN in x passes.</summary>
    public abstract string Max(string bound, string x);

    /// <summary>A condition: some lane of a is greater than that of b.</summary>
    public virtual string AnyGreater(string a, string b) => $"Vectors.GreaterThanAny({a}, {b})";

    /// <summary>The smaller of a bound and x, lane by lane; NaN in x passes.</summary>
    public abstract string Min(string bound, string x);

    /// <summary>a[0], b[0], a[1], b[1] …: the lower halves of a and b, interleaved.</summary>
    public abstract string ZipLow(string a, string b);

    /// <summary>The upper halves of a and b, interleaved.</summary>
    public abstract string ZipHigh(string a, string b);

    /// <summary>value · 2ⁿ with one rounding, n a whole number in −151…129; null where it takes integer arithmetic.</summary>
    public virtual string? ScaleByPowerOfTwo(string value, string n) => null;

    /// <summary>x rounded to the nearest whole number, ties to even.</summary>
    public abstract string Round(string x);

    /// <summary>|x|.</summary>
    public virtual string Absolute(string x) => $"Vectors.Abs({x})";

    /// <summary>The size of one and the sign of another.</summary>
    public virtual string CopySign(string size, string sign) => $"Vectors.CopySign({size}, {sign})";

    /// <summary>All bits set in lanes where a is greater than b, none elsewhere.</summary>
    public virtual string Greater(string a, string b) => $"Vectors.GreaterThan({a}, {b})";

    /// <summary>Lanes of one where the mask is set, of another elsewhere.</summary>
    public virtual string Select(string mask, string set, string clear) => $"Vectors.ConditionalSelect({mask}, {set}, {clear})";

    /// <summary>The bits of a local vector as int32.</summary>
    public virtual string AsIntegers(string local) => $"Vectors.AsInt32({local})";

    /// <summary>The bits of a local vector of int32 as float32.</summary>
    public virtual string AsFloats(string local) => $"Vectors.AsSingle({local})";

    /// <summary>Int32 lanes shifted left.</summary>
    public virtual string ShiftLeft(string integers, int bits) => $"{integers} << {bits}";

    /// <summary>An int32 copied to every lane.</summary>
    public virtual string IntegerConstant(int value) => $"Vectors.Create({value.ToString(CultureInfo.InvariantCulture)})";

    /// <summary>A float32 literal that reads back to exactly the nearest float32.</summary>
    public static string Literal(double value) =>
        double.IsNegativeInfinity(value) ? "float.NegativeInfinity" : ((float)value).ToString("R", CultureInfo.InvariantCulture) + "f";

    /// <summary>Every instruction set in this assembly, by name.</summary>
    public static IReadOnlyDictionary<string, InstructionSet> All { get; } =
        typeof(InstructionSet).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(InstructionSet)) && !type.IsAbstract)
            .Select(type => (InstructionSet)Activator.CreateInstance(type))
            .OrderBy(set => set.Name, StringComparer.Ordinal)
            .ToDictionary(set => set.Name);
}
