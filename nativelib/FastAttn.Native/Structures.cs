using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fa_tensor</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeTensor
{
    public const int MaxDimensions = 4;

    public float* Data;
    public int Dimensions;
    public int Reserved;
    public fixed long Shape[MaxDimensions];
    public fixed long Strides[MaxDimensions];
}

/// <summary><c>fa_attention_shape</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeAttentionShape
{
    public ulong StructSize;
    public long Batch;
    public long Heads;
    public long KeyHeads;
    public long QueryLength;
    public long KeyLength;
    public long HeadDimension;
    public long ValueDimension;
}

/// <summary><c>fa_attention_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeAttentionOptions
{
    /// <summary>What its size was before it had <see cref="Position"/>, <see cref="Nu"/> and <see cref="FeatureEpsilon"/>.</summary>
    public const int SizeWithoutPosition = 80, SizeWithoutNu = 88, SizeWithoutEpsilon = 96;

    public ulong StructSize;
    public byte* FeatureMap;
    public byte* ProjectionKind;
    public byte* Method;
    public ulong Seed;
    public long Features;
    public long QueryOffset;
    public int HasQueryOffset;
    public int Causal;
    public int Normalize;
    public int Threads;
    public float QkScale;
    public float Tolerance;
    public ulong Position;
    public long Nu;
    public float FeatureEpsilon;
    public int SignedFeatures;
    public long* QueryOffsets;
    public long QueryOffsetsCount;
}

/// <summary><c>fa_schoenbat_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeSchoenbatOptions
{
    /// <summary>What its size was before it had <see cref="DenominatorFloor"/>.</summary>
    public const int SizeWithoutFloor = 96;

    public ulong StructSize;
    public byte* Kernel;
    public byte* Method;
    public ulong Seed;
    public long Features;
    public long QueryOffset;
    public NativeTensor* Gamma;
    public NativeTensor* Beta;
    public int HasQueryOffset;
    public int Causal;
    public int ExactDegrees;
    public int Literal;
    public int Threads;
    public float Tolerance;
    public ulong Position;
    public float DenominatorFloor;
    public int Reserved;
    public long* QueryOffsets;
    public long QueryOffsetsCount;
}

/// <summary><c>fa_softmax_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeSoftmaxOptions
{
    /// <summary>What its size was before it had <see cref="QueryOffsets"/>.</summary>
    public const int SizeWithoutQueryOffsets = 40;

    public ulong StructSize;
    public long QueryOffset;
    public int HasQueryOffset;
    public int Causal;
    public int Threads;
    public float Scale;
    public ulong Position;
    public long* QueryOffsets;
    public long QueryOffsetsCount;
}

/// <summary><c>fa_gaussian_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeGaussianOptions
{
    /// <summary>What its size was before it had <see cref="QueryOffsets"/>.</summary>
    public const int SizeWithoutQueryOffsets = 40;

    public ulong StructSize;
    public long QueryOffset;
    public int HasQueryOffset;
    public int Causal;
    public int Threads;
    public int Reserved;
    public ulong Position;
    public long* QueryOffsets;
    public long QueryOffsetsCount;
}

/// <summary><c>fa_skyformer_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeSkyformerOptions
{
    public ulong StructSize;
    public byte* Inverse;
    public byte* Sampling;
    public ulong Seed;
    public long Landmarks;
    public long* LandmarkIndices;
    public long LandmarkIndicesCount;
    public float Gamma;
    public int HasGamma;
    public int Threads;
    public int Reserved;
}

/// <summary><c>fa_fast_rpb_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeFastRpbOptions
{
    public ulong StructSize;
    public long Prefix;
    public long Suffix;
    public int Causal;
    public int Symmetric;
}

/// <summary><c>fa_key_selection</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeKeySelection
{
    public ulong StructSize;
    public byte* KeyMask;
    public long KeyMaskCount;
    public int* Lengths;
    public long LengthsCount;
}

/// <summary><c>fa_report</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeReport
{
    public ulong StructSize;
    public byte* Method;
    public byte* Tier;
    public long RepairedRows;
    public long FallbackHeads;
}
