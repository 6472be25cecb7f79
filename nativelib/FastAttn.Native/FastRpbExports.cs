using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "FastRPB".</summary>
internal static unsafe class FastRpbExports
{
    private static readonly HandleTable<FastRpb> s_table = new(kind: 6, "fast_rpb");

    [UnmanagedCallersOnly(EntryPoint = "fa_fast_rpb_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Create(NativeTensor* weights, NativeFastRpbOptions* options, ulong* rpb)
    {
        try
        {
            Arguments.NotNull(rpb, "fast_rpb");
            CallerInterrupt.Take();
            Tensor given = new(weights, 1, 2, "weights");
            FastRpbOptions choices = ReadOptions(options) with { Heads = given.Extent(1) };
            *rpb = s_table.Add(new FastRpb(given.Gather(), Length(given, choices, "weights"), choices));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_fast_rpb_create_grid", CallConvs = [typeof(CallConvCdecl)])]
    public static Status CreateGrid(NativeTensor* vertical, NativeTensor* horizontal, NativeFastRpbOptions* options, ulong* rpb)
    {
        try
        {
            Arguments.NotNull(rpb, "fast_rpb");
            CallerInterrupt.Take();
            Tensor down = new(vertical, 1, 2, "vertical"), across = horizontal is null ? down : new(horizontal, 1, 2, "horizontal");
            if (across.Extent(1) != down.Extent(1))
                throw new ShapeException($"horizontal is {across.Shape}; expected as many heads as vertical, {down.Shape}", "horizontal");
            FastRpbOptions choices = ReadOptions(options) with { Heads = down.Extent(1) };
            int height = Length(down, choices, "vertical"), width = Length(across, choices, "horizontal");
            *rpb = s_table.Add(FastRpb.Grid(down.Gather(), across.Gather(), height, width, choices));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_fast_rpb_apply", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Apply(ulong rpb, NativeTensor* value, NativeTensor* destination, NativeKeySelection* selection, int add, int threads)
    {
        try
        {
            using HandleTable<FastRpb>.Lease lease = s_table.Acquire(rpb);
            StridedTensor values = new Tensor(value, 2, 4, "value").Strided(), target = new Tensor(destination, 2, 4, "destination").Strided();
            AttentionArguments.Selection(selection, values.Batch, values.Rows, out ReadOnlySpan<bool> keyMask, out ReadOnlySpan<int> lengths);
            CallerInterrupt.Take();
            if (Arguments.YesOrNo(add, "add")) lease.Value.AddTo(values, target, keyMask, lengths, Arguments.Threads(threads));
            else lease.Value.Forward(values, target, keyMask, lengths, Arguments.Threads(threads));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_fast_rpb_destroy", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Destroy(ulong rpb)
    {
        try
        {
            s_table.Remove(rpb);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    private static FastRpbOptions ReadOptions(NativeFastRpbOptions* options)
    {
        if (options is null) return new FastRpbOptions();
        Arguments.StructSize(options->StructSize, sizeof(NativeFastRpbOptions), "options");
        return new FastRpbOptions
        {
            Prefix = Arguments.Size(options->Prefix, "prefix"),
            Suffix = Arguments.Size(options->Suffix, "suffix"),
            Causal = Arguments.YesOrNo(options->Causal, "causal"),
            Symmetric = Arguments.YesOrNo(options->Symmetric, "symmetric"),
        };
    }

    /// <summary>The tokens that so many weights are for.</summary>
    private static int Length(Tensor weights, FastRpbOptions options, string name)
    {
        int count = weights.Extent(0);
        if (options.Symmetric || count == 0) return count;
        return count % 2 == 1 ? (count / 2) + 1 : throw new ShapeException($"{name} is {weights.Shape}; expected an odd number a head, 2 n - 1", name);
    }
}
