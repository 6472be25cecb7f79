using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace FastAttn.Kernels;

/// <summary>
/// The processor as it names itself, with family and model where the name alone is shared by several: what a measured cost
/// table belongs to.
/// </summary>
internal static class ProcessorIdentity
{
    /// <summary>Such as <c>AMD EPYC, family 25 model 17</c>, or the architecture where the processor cannot be asked.</summary>
    public static string Current { get; } = X86Base.IsSupported ? Ask() : RuntimeInformation.ProcessArchitecture.ToString();

    private static string Ask()
    {
        var name = new StringBuilder(48);
        for (int leaf = unchecked((int)0x80000002); leaf <= unchecked((int)0x80000004); leaf++)
        {
            (int a, int b, int c, int d) = X86Base.CpuId(leaf, 0);
            foreach (int register in (ReadOnlySpan<int>)[a, b, c, d])
            {
                for (int shift = 0; shift < 32; shift += 8)
                {
                    char letter = (char)((register >> shift) & 0x7f);
                    if (letter >= ' ') name.Append(letter);
                }
            }
        }

        int signature = X86Base.CpuId(1, 0).Eax;
        int family = (signature >> 8) & 15, model = (signature >> 4) & 15;
        if (family is 6 or 15) model += ((signature >> 16) & 15) << 4;
        if (family == 15) family += (signature >> 20) & 255;
        string words = string.Join(' ', name.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return Invariant($"{words}, family {family} model {model}");
    }
}
