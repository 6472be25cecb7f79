namespace FastAttn.Cli.Npy;

/// <summary>Types of numbers that are written. <c>.npy</c> has no name for bfloat16.</summary>
internal enum NpyType
{
    /// <summary>Word: <c>float32</c>.</summary>
    Float32,

    /// <summary>Rounded to nearest, ties to even; 65,520 and more become infinity. Word: <c>float16</c>.</summary>
    Float16,
}
