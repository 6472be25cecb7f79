using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Attention": what a prepared attention is going to do, and the memory it keeps between calls.</summary>
internal static unsafe class PlanExports
{
    [UnmanagedCallersOnly(EntryPoint = "fa_attention_plan", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Plan(ulong attention, NativePlan* plan)
    {
        try
        {
            Arguments.NotNull(plan, "plan");
            Arguments.StructSize(plan->StructSize, sizeof(NativePlan), "plan");
            using HandleTable<AttentionSystem>.Lease lease = AttentionExports.Table.Acquire(attention);
            ExecutionPlan? planned = Planned(lease.Value);
            plan->Method = StaticWords<Method>.Of(MethodOf(lease.Value));
            plan->Tier = StaticWords<InstructionTier>.Of(FastAttnInfo.Tier);
            plan->Features = planned?.Features ?? 0;
            plan->FourierLength = planned?.FftLength ?? 0;
            plan->WorkspaceBytes = lease.Value.WorkspaceBytes;
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_attention_explain", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Explain(ulong attention, byte* text, long capacity, long* length)
    {
        try
        {
            Arguments.NotNull(length, "length");
            if (capacity < 0) throw new AbiException(Status.Argument, $"capacity is {capacity}; expected at least 0", "capacity");
            if (capacity > 0) Arguments.NotNull(text, "text");
            using HandleTable<AttentionSystem>.Lease lease = AttentionExports.Table.Acquire(attention);
            string explained = Planned(lease.Value)?.Explain() ?? Describe(lease.Value);
            *length = Encoding.UTF8.GetByteCount(explained) + 1L;
            if (capacity > 0) Utf8Text.Store(explained, text, (int)Math.Min(capacity, int.MaxValue));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_attention_trim", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Trim(ulong attention)
    {
        try
        {
            using HandleTable<AttentionSystem>.Lease lease = AttentionExports.Table.Acquire(attention);
            lease.Value.Trim();
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    private static ExecutionPlan? Planned(AttentionSystem system) => system switch
    {
        KernelizedAttention kernelized => kernelized.Plan,
        SchoenbatAttention schoenbat => schoenbat.Plan,
        _ => null,
    };

    private static Method MethodOf(AttentionSystem system) => system switch
    {
        SoftmaxAttention or GaussianAttention => Method.Direct,
        SkyformerAttention => Method.Linear,
        _ => Planned(system)?.Method ?? throw new UnreachableException($"{system.GetType().Name} has no method"),
    };

    /// <summary>The one method of a system that has no others to compare it with.</summary>
    private static string Describe(AttentionSystem system) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{Words.Of(MethodOf(system))} on {Words.Of(FastAttnInfo.Tier)}: the only method of this attention, {system.WorkspaceBytes / 1048576.0:0.0} MiB of working memory a head");
}
