using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Maclaurin features".</summary>
internal static unsafe class MaclaurinExports
{
    public static readonly HandleTable<MaclaurinFeatures> Table = new(kind: 5, "draw");

    [UnmanagedCallersOnly(EntryPoint = "fa_maclaurin_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Create(long features, long dimension, byte* kernel, ulong seed, int exactDegrees, int literal, ulong* draw) =>
        Make(draw, () => MaclaurinFeatures.Create(
            Arguments.Size(features, "features"), Arguments.Size(dimension, "dimension"), Arguments.Word(kernel, SchoenbatKernel.Exp, "kernel"),
            seed, exactDegrees, Arguments.YesOrNo(literal, "literal")));

    [UnmanagedCallersOnly(EntryPoint = "fa_maclaurin_from_values", CallConvs = [typeof(CallConvCdecl)])]
    public static Status FromValues(
        int* degrees, long degreesCount, sbyte* signs, long signsCount, long dimension, byte* kernel, int exactDegrees, int literal, ulong* draw) =>
        Make(draw, () => MaclaurinFeatures.FromValues(
            Arguments.Span(degrees, degreesCount, "degrees"), signsCount == 0 ? default : Arguments.Span(signs, signsCount, "signs"), Arguments.Size(dimension, "dimension"),
            Arguments.Word(kernel, SchoenbatKernel.Exp, "kernel"), exactDegrees, Arguments.YesOrNo(literal, "literal")));

    [UnmanagedCallersOnly(EntryPoint = "fa_maclaurin_shape", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Shape(ulong draw, long* shape) => Read(draw, features =>
    {
        Arguments.NotNull(shape, "shape");
        shape[0] = features.Features;
        shape[1] = features.Dimension;
        shape[2] = features.Degrees.Length;
        shape[3] = features.Signs.Length / features.Dimension;
    });

    [UnmanagedCallersOnly(EntryPoint = "fa_maclaurin_degrees", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Degrees(ulong draw, int* degrees, long count) => Read(draw, features => Copy(features.Degrees, degrees, count, "degrees"));

    [UnmanagedCallersOnly(EntryPoint = "fa_maclaurin_signs", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Signs(ulong draw, sbyte* signs, long count) => Read(draw, features => Copy(features.Signs, signs, count, "signs"));

    [UnmanagedCallersOnly(EntryPoint = "fa_maclaurin_destroy", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Destroy(ulong draw)
    {
        try
        {
            Table.Remove(draw);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    private static void Copy<T>(ReadOnlySpan<T> values, T* target, long count, string name)
        where T : unmanaged
    {
        if (values.Length > 0) Arguments.NotNull(target, name);
        if (count != values.Length) throw new ShapeException($"{name} has room for {count} values; expected {values.Length}", name);
        values.CopyTo(new Span<T>(target, values.Length));
    }

    private static Status Make(ulong* draw, Func<MaclaurinFeatures> make)
    {
        try
        {
            Arguments.NotNull(draw, "draw");
            *draw = Table.Add(make());
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    private static Status Read(ulong draw, Action<MaclaurinFeatures> read)
    {
        try
        {
            using HandleTable<MaclaurinFeatures>.Lease lease = Table.Acquire(draw);
            read(lease.Value);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }
}
