namespace FastAttn;

/// <summary>
/// How the numbers of a tensor are stored. Arithmetic is float32 for all: 16-bit inputs become float32 exactly as they are read, and a 16-bit
/// output is a float32 result that is rounded once, to the nearest number and to the even one of two that are as near.
/// </summary>
public enum ElementType
{
    /// <summary>IEEE 754 binary32, <see cref="float"/>. Word: <c>float32</c>.</summary>
    Float32,

    /// <summary>IEEE 754 binary16, <see cref="Half"/>. Outputs of 65,520 and more become infinity. Word: <c>float16</c>.</summary>
    Float16,

    /// <summary>The upper half of a float32: its range with 8 bits of precision. Word: <c>bfloat16</c>.</summary>
    Bfloat16,
}
