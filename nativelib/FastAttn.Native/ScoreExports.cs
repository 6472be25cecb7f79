using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Softmax and Gaussian attention".</summary>
internal static unsafe class ScoreExports
{
    [UnmanagedCallersOnly(EntryPoint = "fa_softmax_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status CreateSoftmax(NativeAttentionShape* shape, NativeSoftmaxOptions* options, NativeTensor* bias, ulong* attention) =>
        AttentionExports.Create(attention, () =>
        {
            AttentionShape sizes = AttentionArguments.Shape(shape);
            SoftmaxAttentionOptions choices = Options(options, sizes);

            // The extents of the bias follow from sizes and choices, so those are checked first.
            new SoftmaxAttention(sizes, choices).Dispose();
            return new SoftmaxAttention(sizes, choices, AttentionArguments.Position(options is null ? 0 : options->Position, bias, sizes));
        });

    [UnmanagedCallersOnly(EntryPoint = "fa_gaussian_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status CreateGaussian(NativeAttentionShape* shape, NativeGaussianOptions* options, NativeTensor* bias, ulong* attention) =>
        AttentionExports.Create(attention, () =>
        {
            AttentionShape sizes = AttentionArguments.Shape(shape);
            GaussianAttentionOptions choices = Options(options, sizes);
            new GaussianAttention(sizes, choices).Dispose();
            return new GaussianAttention(sizes, choices, AttentionArguments.Position(options is null ? 0 : options->Position, bias, sizes));
        });

    private static SoftmaxAttentionOptions Options(NativeSoftmaxOptions* options, AttentionShape sizes)
    {
        if (options is null) return new SoftmaxAttentionOptions();
        Arguments.StructSize(options->StructSize, sizeof(NativeSoftmaxOptions), "options", NativeSoftmaxOptions.SizeWithoutQueryOffsets);
        bool isFormer = options->StructSize < (ulong)sizeof(NativeSoftmaxOptions);
        return new SoftmaxAttentionOptions
        {
            Scale = options->Scale == 0 ? null : options->Scale,
            QueryOffset = AttentionArguments.QueryOffset(options->HasQueryOffset, options->QueryOffset),
            QueryOffsets = AttentionArguments.QueryOffsets(isFormer, options->QueryOffsets, options->QueryOffsetsCount, sizes.Batch),
            Causal = Arguments.YesOrNo(options->Causal, "causal"),
            Threads = Arguments.Threads(options->Threads),
        };
    }

    private static GaussianAttentionOptions Options(NativeGaussianOptions* options, AttentionShape sizes)
    {
        if (options is null) return new GaussianAttentionOptions();
        Arguments.StructSize(options->StructSize, sizeof(NativeGaussianOptions), "options", NativeGaussianOptions.SizeWithoutQueryOffsets);
        bool isFormer = options->StructSize < (ulong)sizeof(NativeGaussianOptions);
        Arguments.Reserved(options->Reserved, "reserved");
        return new GaussianAttentionOptions
        {
            QueryOffset = AttentionArguments.QueryOffset(options->HasQueryOffset, options->QueryOffset),
            QueryOffsets = AttentionArguments.QueryOffsets(isFormer, options->QueryOffsets, options->QueryOffsetsCount, sizes.Batch),
            Causal = Arguments.YesOrNo(options->Causal, "causal"),
            Threads = Arguments.Threads(options->Threads),
        };
    }
}
