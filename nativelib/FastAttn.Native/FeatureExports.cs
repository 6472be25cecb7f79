using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Features".</summary>
internal static unsafe class FeatureExports
{
    [UnmanagedCallersOnly(EntryPoint = "fa_feature_count", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Count(NativeAttentionOptions* options, ulong projection, long dimension, long* count)
    {
        try
        {
            Arguments.NotNull(count, "count");
            *count = Mapper(options, projection, KernelizedExports.Projection(projection)?.Heads ?? 1, Arguments.Size(dimension, "dimension")).Features;
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_map_features", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Map(
        NativeAttentionOptions* options, ulong projection, NativeTensor* rows, NativeTensor* features, double* logScales, long logScalesCount)
    {
        try
        {
            Tensor source = new(rows, 2, 4, "rows"), target = new(features, 2, 4, "features");
            if (logScales is null && logScalesCount != 0) Arguments.NotNull(logScales, "log_scales");
            long expected = (long)source.Extent(3) * source.Extent(2) * source.Extent(1);
            if (logScales is not null && logScalesCount != expected)
                throw new ShapeException($"log_scales_count is {logScalesCount}; expected one a row, {expected}", "log_scales");
            if (expected > int.MaxValue) throw new ShapeException($"rows is {source.Shape}; expected at most {int.MaxValue} rows", "rows");
            CallerInterrupt.Take();
            Mapper(options, projection, source.Extent(2), source.Extent(0)).Map(source.Strided(), target.Strided(), new Span<double>(logScales, (int)logScalesCount));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    private static FeatureMapper Mapper(NativeAttentionOptions* options, ulong projection, int heads, int dimension)
    {
        KernelizedAttentionOptions choices = KernelizedExports.Options(options, new AttentionShape(heads, 0, dimension));
        return new FeatureMapper(heads, dimension, choices with { Projection = KernelizedExports.Projection(projection) });
    }
}
