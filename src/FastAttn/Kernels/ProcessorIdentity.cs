using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace FastAttn.Kernels;

/// <summary>The processor as it names itself.</summary>
internal static class ProcessorIdentity
{
    /// <summary>Such as <c>AMD EPYC</c>; the architecture where the processor cannot be asked.</summary>
    public static string Name { get; } = X86Base.IsSupported ? Brand() : RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>Such as <c>AuthenticAMD</c>; empty where the processor cannot be asked.</summary>
    public static string Vendor { get; } = X86Base.IsSupported ? MakersName() : "";

    /// <summary>Family and model of an x86 processor, as its maker counts; null where it cannot be asked.</summary>
    public static (int Family, int Model)? Design { get; } = X86Base.IsSupported ? Signature() : null;

    /// <summary>
    /// Name with family and model, such as <c>AMD EPYC, family 25 model 17</c>, since the name alone is shared by several: what a
    /// measured cost table belongs to.
    /// </summary>
    public static string Current { get; } = Design is (int family, int model)
        ? Invariant($"{Name}, family {family} model {model}")
        : Name;

    private static string Brand()
    {
        var name = new StringBuilder(48);
        for (int leaf = unchecked((int)0x80000002); leaf <= unchecked((int)0x80000004); leaf++)
        {
            (int a, int b, int c, int d) = X86Base.CpuId(leaf, 0);
            AppendLetters(name, [a, b, c, d]);
        }

        return string.Join(' ', name.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    private static string MakersName()
    {
        var name = new StringBuilder(12);
        (_, int b, int c, int d) = X86Base.CpuId(0, 0);
        AppendLetters(name, [b, d, c]);
        return name.ToString();
    }

    private static (int Family, int Model) Signature()
    {
        int signature = X86Base.CpuId(1, 0).Eax;
        int family = (signature >> 8) & 15, model = (signature >> 4) & 15;
        if (family is 6 or 15) model += ((signature >> 16) & 15) << 4;
        if (family == 15) family += (signature >> 20) & 255;
        return (family, model);
    }

    private static void AppendLetters(StringBuilder name, ReadOnlySpan<int> registers)
    {
        foreach (int register in registers)
        {
            for (int shift = 0; shift < 32; shift += 8)
            {
                char letter = (char)((register >> shift) & 0x7f);
                if (letter >= ' ') name.Append(letter);
            }
        }
    }
}
