using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Kernelized attention".</summary>
internal static unsafe class KernelizedExports
{
    [UnmanagedCallersOnly(EntryPoint = "fa_attention_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Create(
        NativeAttentionShape* shape, NativeAttentionOptions* options, NativeTensor* bias, ulong projection, ulong* attention) =>
        AttentionExports.Create(attention, () =>
        {
            AttentionShape sizes = AttentionArguments.Shape(shape);
            KernelizedAttentionOptions choices = Options(options, sizes) with { Projection = Projection(projection) };

            // The extents of the bias follow from sizes and choices, so those are checked first, whatever the bias allows a method.
            ExecutionPlan.Create(sizes, choices with { Method = Method.Auto });
            return new KernelizedAttention(sizes, choices, AttentionArguments.Position(PositionHandle(options), bias, sizes));
        });

    public static KernelizedAttentionOptions Options(NativeAttentionOptions* options, AttentionShape sizes)
    {
        KernelizedAttentionOptions defaults = new();
        if (options is null) return defaults;
        Arguments.StructSize(
            options->StructSize, sizeof(NativeAttentionOptions), "options",
            NativeAttentionOptions.SizeWithoutPosition, NativeAttentionOptions.SizeWithoutNu, NativeAttentionOptions.SizeWithoutEpsilon);
        bool hasNu = options->StructSize > NativeAttentionOptions.SizeWithoutNu, hasEpsilon = options->StructSize > NativeAttentionOptions.SizeWithoutEpsilon;
        return new KernelizedAttentionOptions
        {
            FeatureMap = Arguments.Word(options->FeatureMap, defaults.FeatureMap, "feature_map"),
            ProjectionKind = Arguments.Word(options->ProjectionKind, defaults.ProjectionKind, "projection_kind"),
            Method = Arguments.Word(options->Method, defaults.Method, "method"),
            Seed = options->Seed,
            Features = Arguments.OptionalSize(options->Features, "features"),
            QueryOffset = AttentionArguments.QueryOffset(options->HasQueryOffset, options->QueryOffset),
            QueryOffsets = AttentionArguments.QueryOffsets(!hasEpsilon, options->QueryOffsets, options->QueryOffsetsCount, sizes.Batch),
            SignedFeatures = hasEpsilon && Arguments.YesOrNo(options->SignedFeatures, "signed_features"),
            Causal = Arguments.YesOrNo(options->Causal, "causal"),
            Normalize = Arguments.Choice(options->Normalize, "normalize"),
            Threads = Arguments.Threads(options->Threads),
            QkScale = options->QkScale == 0 ? null : options->QkScale,
            Tolerance = options->Tolerance == 0 ? defaults.Tolerance : options->Tolerance,
            Nu = hasNu && options->Nu != 0 ? Arguments.Size(options->Nu, "nu") : defaults.Nu,
            FeatureEpsilon = hasEpsilon && options->FeatureEpsilon != 0 ? options->FeatureEpsilon : null,
        };
    }

    public static RandomProjection? Projection(ulong projection)
    {
        if (projection == 0) return null;
        using HandleTable<RandomProjection>.Lease lease = ProjectionExports.Table.Acquire(projection);
        return lease.Value;
    }

    private static ulong PositionHandle(NativeAttentionOptions* options) =>
        options is null || options->StructSize == NativeAttentionOptions.SizeWithoutPosition ? 0 : options->Position;
}
