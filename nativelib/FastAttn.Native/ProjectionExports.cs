using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Random projections".</summary>
internal static unsafe class ProjectionExports
{
    public static readonly HandleTable<RandomProjection> Table = new(kind: 1, "projection");

    [UnmanagedCallersOnly(EntryPoint = "fa_projection_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Create(long features, long dimension, byte* kind, ulong seed, ulong* projection)
    {
        try
        {
            Arguments.NotNull(projection, "projection");
            CallerInterrupt.Take();
            *projection = Table.Add(RandomProjection.Create(
                Arguments.Size(features, "features"),
                Arguments.Size(dimension, "dimension"),
                Arguments.Word(kind, ProjectionKind.Orthogonal, "kind"),
                seed));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_projection_from_values", CallConvs = [typeof(CallConvCdecl)])]
    public static Status FromValues(NativeTensor* values, ulong* projection)
    {
        try
        {
            Arguments.NotNull(projection, "projection");
            CallerInterrupt.Take();
            Tensor given = new(values, 2, 3, "values");
            *projection = Table.Add(RandomProjection.FromValues(given.Gather(), given.Extent(1), given.Extent(0), given.Extent(2)));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_projection_shape", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Shape(ulong projection, long* shape)
    {
        try
        {
            Arguments.NotNull(shape, "shape");
            using HandleTable<RandomProjection>.Lease lease = Table.Acquire(projection);
            shape[0] = lease.Value.Heads;
            shape[1] = lease.Value.Features;
            shape[2] = lease.Value.Dimension;
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_projection_values", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Values(ulong projection, NativeTensor* values)
    {
        try
        {
            using HandleTable<RandomProjection>.Lease lease = Table.Acquire(projection);
            RandomProjection source = lease.Value;
            Tensor target = new(values, 2, 3, "values");
            if (target.Extent(2) != source.Heads || target.Extent(1) != source.Features || target.Extent(0) != source.Dimension)
            {
                throw new ShapeException($"values is {target.Shape}; expected [{source.Heads}, {source.Features}, {source.Dimension}]", "values");
            }

            source.Values.CopyTo(target.Span());
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_projection_destroy", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Destroy(ulong projection)
    {
        try
        {
            Table.Remove(projection);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }
}
