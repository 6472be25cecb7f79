using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// Joins all lanes of a vector: each step folds the upper half onto the lower and leaves every result twice, so that at the end
/// every lane holds the result. A maximum of scalars would be a chain of branches, each of them mispredicted half the time.
/// </summary>
internal static class LaneFold
{
    /// <summary>The statements that leave the result in every lane of <paramref name="local"/>; lane i meets lane i + half, always.</summary>
    public static Body Of(InstructionSet isa, Operation fold, string local)
    {
        var body = new Body();
        for (int half = isa.Lanes / 2; half >= 1; half /= 2)
        {
            string low = body.Declare(Operation.ZipLow, $"{local}Low{half}", local, local);
            string high = body.Declare(Operation.ZipHigh, $"{local}High{half}", local, local);
            body.Assign(fold, local, low, high);
        }

        return body;
    }
}
