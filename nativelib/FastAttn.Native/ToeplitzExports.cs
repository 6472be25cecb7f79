using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Toeplitz products".</summary>
internal static unsafe class ToeplitzExports
{
    private static readonly HandleTable<Prepared> s_table = new(kind: 3, "toeplitz");

    [UnmanagedCallersOnly(EntryPoint = "fa_toeplitz_create", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Create(NativeTensor* coefficients, long outputLength, long inputLength, ulong* toeplitz)
    {
        try
        {
            Arguments.NotNull(toeplitz, "toeplitz");
            CallerInterrupt.Take();
            int rowsOut = Arguments.Size(outputLength, "output_length");
            int rowsIn = Arguments.Size(inputLength, "input_length");
            Tensor given = new(coefficients, 1, 2, "coefficients");
            long expected = Math.Max((long)rowsOut + rowsIn - 1, 0);
            if (rowsOut >= 0 && rowsIn >= 0 && given.Extent(0) != expected)
            {
                throw new ShapeException($"coefficients is {given.Shape}; expected [{expected}] or [H, {expected}]", "coefficients");
            }

            int heads = given.Extent(1);
            *toeplitz = s_table.Add(new Prepared(new ToeplitzPlan(given.Gather(), rowsOut, rowsIn, heads), rowsOut, rowsIn, heads));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_toeplitz_multiply", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Multiply(ulong toeplitz, NativeTensor* x, NativeTensor* destination, int threads)
    {
        try
        {
            using HandleTable<Prepared>.Lease lease = s_table.Acquire(toeplitz);
            Prepared prepared = lease.Value;
            Tensor source = new(x, 2, 3, "x");
            Tensor target = new(destination, 2, 3, "destination");
            int columns = source.Extent(0);
            int heads = source.Extent(2);
            if (source.Extent(1) != prepared.InputLength || (prepared.Heads > 1 && heads != prepared.Heads))
            {
                string headsExpected = prepared.Heads > 1 ? $"{prepared.Heads}" : "H";
                throw new ShapeException($"x is {source.Shape}; expected [{headsExpected}, {prepared.InputLength}, columns]", "x");
            }

            if (target.Extent(2) != heads || target.Extent(1) != prepared.OutputLength || target.Extent(0) != columns)
            {
                throw new ShapeException($"destination is {target.Shape}; expected [{heads}, {prepared.OutputLength}, {columns}]", "destination");
            }

            CallerInterrupt.Take();
            prepared.Plan.Multiply(source.Dense(), target.Dense(), Arguments.Threads(threads));
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "fa_toeplitz_destroy", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Destroy(ulong toeplitz)
    {
        try
        {
            s_table.Remove(toeplitz);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    /// <summary>A plan with the sizes it was made for, which shapes are checked against.</summary>
    private sealed record Prepared(ToeplitzPlan Plan, int OutputLength, int InputLength, int Heads);
}
