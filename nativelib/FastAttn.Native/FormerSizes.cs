namespace FastAttn.Native;

// Sizes that structures had before they grew. Programs that were compiled then keep working: their struct_size says so, and fields beyond
// it are not read. A structure that grows gets its size of before here.

internal partial struct NativeAttentionOptions
{
    /// <summary>What its size was before it had <see cref="Position"/>, <see cref="Nu"/> and <see cref="FeatureEpsilon"/>.</summary>
    public const int SizeWithoutPosition = 80, SizeWithoutNu = 88, SizeWithoutEpsilon = 96;
}

internal partial struct NativeSchoenbatOptions
{
    /// <summary>What its size was before it had <see cref="DenominatorFloor"/>.</summary>
    public const int SizeWithoutFloor = 96;
}

internal partial struct NativeSoftmaxOptions
{
    /// <summary>What its size was before it had <see cref="QueryOffsets"/>.</summary>
    public const int SizeWithoutQueryOffsets = 40;
}

internal partial struct NativeGaussianOptions
{
    /// <summary>What its size was before it had <see cref="QueryOffsets"/>.</summary>
    public const int SizeWithoutQueryOffsets = 40;
}
