// Made by nativelib/declarations.py from fastattn.h.
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fa_tensor</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe partial struct NativeTensor
{
    public float* Data;
    public int Ndim;
    public int ElementType;
    public fixed long Shape[4];
    public fixed long Strides[4];
}

/// <summary><c>fa_attention_shape</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal partial struct NativeAttentionShape
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
internal unsafe partial struct NativeAttentionOptions
{
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

/// <summary><c>fa_key_selection</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe partial struct NativeKeySelection
{
    public ulong StructSize;
    public byte* KeyMask;
    public long KeyMaskCount;
    public int* Lengths;
    public long LengthsCount;
}

/// <summary><c>fa_report</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe partial struct NativeReport
{
    public ulong StructSize;
    public byte* Method;
    public byte* Tier;
    public long RepairedRows;
    public long FallbackHeads;
}

/// <summary><c>fa_plan</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe partial struct NativePlan
{
    public ulong StructSize;
    public byte* Method;
    public byte* Tier;
    public long Features;
    public long FourierLength;
    public long WorkspaceBytes;
}

/// <summary><c>fa_schoenbat_options</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe partial struct NativeSchoenbatOptions
{
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
internal unsafe partial struct NativeSoftmaxOptions
{
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
internal unsafe partial struct NativeGaussianOptions
{
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
internal unsafe partial struct NativeSkyformerOptions
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
internal partial struct NativeFastRpbOptions
{
    public ulong StructSize;
    public long Prefix;
    public long Suffix;
    public int Causal;
    public int Symmetric;
}
