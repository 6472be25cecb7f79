using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Attention": what all systems share once they are made.</summary>
internal static unsafe class AttentionExports
{
    public static readonly HandleTable<AttentionSystem> Table = new(kind: 2, "attention");

    /// <summary>Makes a system and hands out its handle.</summary>
    public static Status Create(ulong* attention, Func<AttentionSystem> make)
    {
        try
        {
            Arguments.NotNull(attention, "attention");
            CallerInterrupt.Take();
            *attention = Table.Add(make());
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
        try
        {
            using HandleTable<AttentionSystem>.Lease lease = Table.Acquire(attention);
            if (report is not null) Arguments.StructSize(report->StructSize, sizeof(NativeReport), "report");
            AttentionShape shape = lease.Value.Shape;
            AttentionArguments.Selection(selection, shape.Batch, shape.KeyLength, out ReadOnlySpan<bool> keyMask, out ReadOnlySpan<int> lengths);

            CallerInterrupt.Take();
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
        try
        {
            Table.Remove(attention);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    private static void WriteReport(ForwardReport done, NativeReport* report)
    {
        report->Method = StaticWords<Method>.Of(done.Method);
        report->Tier = StaticWords<InstructionTier>.Of(done.Tier);
        report->RepairedRows = done.RepairedRows;
        report->FallbackHeads = done.FallbackHeads;
    }
}
