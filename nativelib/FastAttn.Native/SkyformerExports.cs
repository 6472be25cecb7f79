using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Skyformer".</summary>
internal static unsafe class SkyformerExports
{
    [UnmanagedCallersOnly(EntryPoint = "fa_skyformer_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Create(NativeAttentionShape* shape, NativeSkyformerOptions* options, ulong* attention) =>
        AttentionExports.Create(attention, () => new SkyformerAttention(AttentionArguments.Shape(shape), Options(options)));

    private static SkyformerOptions Options(NativeSkyformerOptions* options)
    {
        SkyformerOptions defaults = new();
        if (options is null) return defaults;
        Arguments.StructSize(options->StructSize, sizeof(NativeSkyformerOptions), "options");
        Arguments.Reserved(options->Reserved, "reserved");
        ReadOnlySpan<long> indices = Arguments.Span<long>(options->LandmarkIndices, options->LandmarkIndicesCount, "landmark_indices");
        int[]? rows = indices.IsEmpty ? null : new int[indices.Length];
        for (int place = 0; place < indices.Length; place++) rows![place] = Arguments.Size(indices[place], $"landmark_indices[{place}]");
        return new SkyformerOptions
        {
            Landmarks = Arguments.OptionalSize(options->Landmarks, "landmarks") ?? defaults.Landmarks,
            LandmarkIndices = rows,
            Gamma = Arguments.YesOrNo(options->HasGamma, "has_gamma") ? options->Gamma : defaults.Gamma,
            Inverse = Arguments.Word(options->Inverse, defaults.Inverse, "inverse"),
            Sampling = Arguments.Word(options->Sampling, defaults.Sampling, "sampling"),
            Seed = options->Seed,
            Threads = Arguments.Threads(options->Threads),
        };
    }
}
