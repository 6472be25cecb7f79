using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "SchoenbAt".</summary>
internal static unsafe class SchoenbatExports
{
    [UnmanagedCallersOnly(EntryPoint = "fa_schoenbat_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Create(NativeAttentionShape* shape, NativeSchoenbatOptions* options, NativeTensor* bias, ulong draw, ulong* attention) =>
        AttentionExports.Create(attention, () =>
        {
            AttentionShape sizes = AttentionArguments.Shape(shape);
            SchoenbatOptions choices = Options(options, sizes) with { Draw = Draw(draw) };
            return new SchoenbatAttention(sizes, choices, AttentionArguments.Position(options is null ? 0 : options->Position, bias, sizes));
        });

    private static SchoenbatOptions Options(NativeSchoenbatOptions* options, AttentionShape sizes)
    {
        SchoenbatOptions defaults = new();
        if (options is null) return defaults;
        Arguments.StructSize(options->StructSize, sizeof(NativeSchoenbatOptions), "options", NativeSchoenbatOptions.SizeWithoutFloor);
        bool hasFloor = options->StructSize > NativeSchoenbatOptions.SizeWithoutFloor;
        if (hasFloor) Arguments.Reserved(options->Reserved, "reserved");
        return new SchoenbatOptions
        {
            Kernel = options->Kernel is null ? null : Arguments.Word(options->Kernel, SchoenbatKernel.Exp, "kernel"),
            Method = Arguments.Word(options->Method, defaults.Method, "method"),
            Seed = options->Seed,
            Features = Arguments.OptionalSize(options->Features, "features"),
            ExactDegrees = Arguments.OptionalSize(options->ExactDegrees, "exact_degrees"),
            Literal = Arguments.Choice(options->Literal, "literal"),
            DenominatorFloor = hasFloor && options->DenominatorFloor != 0 ? options->DenominatorFloor : null,
            QueryOffset = AttentionArguments.QueryOffset(options->HasQueryOffset, options->QueryOffset),
            QueryOffsets = AttentionArguments.QueryOffsets(!hasFloor, options->QueryOffsets, options->QueryOffsetsCount, sizes.Batch),
            Causal = Arguments.YesOrNo(options->Causal, "causal"),
            Threads = Arguments.Threads(options->Threads),
            Tolerance = options->Tolerance == 0 ? defaults.Tolerance : options->Tolerance,
            Gamma = PerColumn(options->Gamma, sizes, "gamma"),
            Beta = PerColumn(options->Beta, sizes, "beta"),
        };
    }

    private static MaclaurinFeatures? Draw(ulong draw)
    {
        if (draw == 0) return null;
        using HandleTable<MaclaurinFeatures>.Lease lease = MaclaurinExports.Table.Acquire(draw);
        return lease.Value;
    }

    /// <summary>One number, one a value column, or one a head and value column.</summary>
    private static float[]? PerColumn(NativeTensor* values, AttentionShape sizes, string name)
    {
        if (values is null) return null;
        Tensor given = new(values, 1, 2, name);
        bool fits = (given.Extent(0) == sizes.ValueDimension && (given.Extent(1) == 1 || given.Extent(1) == sizes.Heads)) || (given.Extent(0) == 1 && given.Extent(1) == 1);
        if (!fits) throw new ShapeException($"{name} is {given.Shape}; expected [1], [{sizes.ValueDimension}] or [{sizes.Heads}, {sizes.ValueDimension}]", name);
        return given.Gather();
    }
}
