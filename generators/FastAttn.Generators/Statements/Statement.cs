namespace FastAttn.Generators.Statements;

/// <summary>What one statement of a kernel body does; the instruction set decides how it is spelled.</summary>
internal enum Operation
{
    Zero,
    Load,
    Store,
    Broadcast,
    Copy,
    Add,
    Subtract,
    Multiply,
    MultiplyAdd,
    NegatedMultiplyAdd,
    Max,
    Min,
    Round,
    Absolute,

    /// <summary>a with the sign of b.</summary>
    CopySign,

    /// <summary>A mask: where a is greater than b.</summary>
    Greater,

    /// <summary>b where the mask a is set, c elsewhere.</summary>
    Select,
    ScaleByPowerOfTwo,

    /// <summary>a times 2ⁿ, n the lowest nine bits of b: added to the exponent, which must stay that of a normal number or become that of zero.</summary>
    AddExponent,
    ZipLow,
    ZipHigh,
}

/// <summary>
/// One statement over local vectors. <see cref="Target"/> is a local (a pointer for <see cref="Operation.Store"/>);
/// operands are locals, or the pointer or scalar that is read.
/// </summary>
/// <param name="Operation">What it does.</param>
/// <param name="Target">The local that receives the result, or the pointer stored to.</param>
/// <param name="Declares">Whether the target is declared here.</param>
internal sealed record Statement(Operation Operation, string Target, bool Declares, string A = "", string B = "", string C = "");
