using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Kernelized attention".</summary>
internal static unsafe class AttentionExports
{
    private static readonly HandleTable<KernelizedAttention> s_table = new(kind: 2, "attention");

    [UnmanagedCallersOnly(EntryPoint = "fa_attention_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Create(
        NativeAttentionShape* shape, NativeAttentionOptions* options, NativeTensor* bias, ulong projection, ulong* attention)
    {
        if (ForkGuard.Refuses()) return Failure.RecordFork();
        try
        {
            Arguments.NotNull(attention, "attention");
            AttentionShape sizes = ReadShape(shape);
            KernelizedAttentionOptions choices = ReadOptions(options) with { Projection = ReadProjection(projection) };

            // The extents of the bias follow from sizes and choices, so those are checked first, whatever the bias allows a method.
            RelativePosition? position = ReadPosition(options);
            if (bias is not null && position is not null)
                throw new AbiException(Status.Argument, "bias is given together with options.position; expected one of them", "bias");
            ExecutionPlan.Create(sizes, choices with { Method = Method.Auto });
            *attention = s_table.Add(new KernelizedAttention(sizes, choices, position ?? ReadBias(bias, sizes)));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_attention_forward", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Forward(
        ulong attention, NativeTensor* query, NativeTensor* key, NativeTensor* value, NativeTensor* destination,
        NativeKeySelection* selection, NativeReport* report)
    {
        if (ForkGuard.Refuses()) return Failure.RecordFork();
        try
        {
            using HandleTable<KernelizedAttention>.Lease lease = s_table.Acquire(attention);
            if (report is not null) Arguments.StructSize(report->StructSize, sizeof(NativeReport), "report");
            ReadSelection(selection, out ReadOnlySpan<bool> keyMask, out ReadOnlySpan<int> lengths);

            ForwardReport done = lease.Value.Forward(
                new Tensor(query, 2, 4, "query").Strided(),
                new Tensor(key, 2, 4, "key").Strided(),
                new Tensor(value, 2, 4, "value").Strided(),
                new Tensor(destination, 2, 4, "destination").Strided(),
                keyMask,
                lengths);

            if (report is not null) WriteReport(done, report);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_attention_destroy", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Destroy(ulong attention)
    {
        if (ForkGuard.Refuses()) return Failure.RecordFork();
        try
        {
            s_table.Remove(attention);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    private static AttentionShape ReadShape(NativeAttentionShape* shape)
    {
        Arguments.NotNull(shape, "shape");
        Arguments.StructSize(shape->StructSize, sizeof(NativeAttentionShape), "shape");
        return new AttentionShape(
            Arguments.Size(shape->Heads, "heads"),
            Arguments.Size(shape->QueryLength, "query_length"),
            Arguments.Size(shape->HeadDimension, "head_dimension"))
        {
            Batch = Arguments.Size(shape->Batch, "batch"),
            KeyHeads = Arguments.Size(shape->KeyHeads, "key_heads"),
            KeyLength = Arguments.Size(shape->KeyLength, "key_length"),
            ValueDimension = Arguments.Size(shape->ValueDimension, "value_dimension"),
        };
    }

    private static KernelizedAttentionOptions ReadOptions(NativeAttentionOptions* options)
    {
        KernelizedAttentionOptions defaults = new();
        if (options is null) return defaults;
        Arguments.StructSize(options->StructSize, sizeof(NativeAttentionOptions), "options", NativeAttentionOptions.SizeWithoutPosition, NativeAttentionOptions.SizeWithoutNu);
        return new KernelizedAttentionOptions
        {
            FeatureMap = Arguments.Word(options->FeatureMap, defaults.FeatureMap, "feature_map"),
            ProjectionKind = Arguments.Word(options->ProjectionKind, defaults.ProjectionKind, "projection_kind"),
            Method = Arguments.Word(options->Method, defaults.Method, "method"),
            Seed = options->Seed,
            Features = Arguments.OptionalSize(options->Features, "features"),
            QueryOffset = Arguments.YesOrNo(options->HasQueryOffset, "has_query_offset")
                ? Arguments.Size(options->QueryOffset, "query_offset")
                : null,
            Causal = Arguments.YesOrNo(options->Causal, "causal"),
            Normalize = Arguments.Choice(options->Normalize, "normalize"),
            Threads = Arguments.Threads(options->Threads),
            QkScale = options->QkScale == 0 ? null : options->QkScale,
            Tolerance = options->Tolerance == 0 ? defaults.Tolerance : options->Tolerance,
            Nu = options->StructSize == (ulong)sizeof(NativeAttentionOptions) && options->Nu != 0 ? Arguments.Size(options->Nu, "nu") : defaults.Nu,
        };
    }

    private static RandomProjection? ReadProjection(ulong projection)
    {
        if (projection == 0) return null;
        using HandleTable<RandomProjection>.Lease lease = ProjectionExports.Table.Acquire(projection);
        return lease.Value;
    }

    private static RelativePosition? ReadPosition(NativeAttentionOptions* options)
    {
        if (options is null || options->StructSize == NativeAttentionOptions.SizeWithoutPosition || options->Position == 0) return null;
        using HandleTable<RelativePosition>.Lease lease = PositionExports.Table.Acquire(options->Position);
        return lease.Value;
    }

    private static RelativePosition? ReadBias(NativeTensor* bias, AttentionShape sizes)
    {
        if (bias is null) return null;
        Tensor given = new(bias, 1, 2, "bias");
        long expected = (long)sizes.QueryLength + sizes.KeyLength - 1;
        if (given.Extent(0) != expected || (given.Extent(1) != 1 && given.Extent(1) != sizes.Heads))
        {
            throw new ShapeException($"bias is {given.Shape}; expected [{expected}], [1, {expected}] or [{sizes.Heads}, {expected}]", "bias");
        }

        return RelativePosition.Dense(given.Gather(), sizes.QueryLength, sizes.KeyLength, given.Extent(1));
    }

    private static void ReadSelection(NativeKeySelection* selection, out ReadOnlySpan<bool> keyMask, out ReadOnlySpan<int> lengths)
    {
        keyMask = default;
        lengths = default;
        if (selection is null) return;
        Arguments.StructSize(selection->StructSize, sizeof(NativeKeySelection), "selection");

        ReadOnlySpan<byte> mask = Span<byte>(selection->KeyMask, selection->KeyMaskCount, "key_mask");
        int wrong = mask.IndexOfAnyExceptInRange((byte)0, (byte)1);
        if (wrong >= 0)
        {
            // A C# bool must be 0 or 1, and anything else is most likely a mask of another type.
            throw new ArgumentException($"key_mask[{wrong}] is {mask[wrong]}; expected 0 or 1", "key_mask");
        }

        keyMask = MemoryMarshal.Cast<byte, bool>(mask);
        lengths = Span<int>(selection->Lengths, selection->LengthsCount, "lengths");
    }

    private static ReadOnlySpan<T> Span<T>(T* data, long count, string name)
        where T : unmanaged
    {
        if (data is null && count == 0) return default;
        Arguments.NotNull(data, name);
        if (count is < 1 or > int.MaxValue) throw new ShapeException($"{name}_count is {count}; expected 1 to {int.MaxValue}", name);
        return new ReadOnlySpan<T>(data, (int)count);
    }

    private static void WriteReport(ForwardReport done, NativeReport* report)
    {
        report->Method = StaticWords<Method>.Of(done.Method);
        report->Tier = StaticWords<InstructionTier>.Of(done.Tier);
        report->RepairedRows = done.RepairedRows;
        report->FallbackHeads = done.FallbackHeads;
    }
}
