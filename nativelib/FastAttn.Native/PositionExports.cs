using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary><c>fastattn.h</c>, "Positions".</summary>
internal static unsafe class PositionExports
{
    private const int DefaultMaxDistance = 128;

    public static readonly HandleTable<RelativePosition> Table = new(kind: 4, "position");

    [UnmanagedCallersOnly(EntryPoint = "fa_position_dense", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Dense(NativeTensor* bias, long queryLength, long keyLength, ulong* position) => Create(position, () =>
    {
        Tensor given = new(bias, 1, 2, "bias");
        int queries = Arguments.Size(queryLength, "query_length"), keys = Arguments.Size(keyLength, "key_length");
        if (queries > 0 && keys > 0 && given.Extent(0) != (long)queries + keys - 1)
            throw new ShapeException($"bias is {given.Shape}; expected [{(long)queries + keys - 1}] or [H, {(long)queries + keys - 1}] for {queries} queries and {keys} keys", "bias");
        return RelativePosition.Dense(given.Gather(), queries, keys, given.Extent(1));
    });

    [UnmanagedCallersOnly(EntryPoint = "fa_position_clipped", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Clipped(NativeTensor* bias, ulong* position) => Create(position, () =>
    {
        Tensor given = new(bias, 1, 2, "bias");
        return RelativePosition.Clipped(given.Gather(), given.Extent(1));
    });

    [UnmanagedCallersOnly(EntryPoint = "fa_position_t5", CallConvs = [typeof(CallConvCdecl)])]
    public static Status T5(NativeTensor* bias, int bidirectional, long maxDistance, ulong* position) =>
        Create(position, () => T5(bias, bidirectional, maxDistance, T5Rounding.Exact));

    [UnmanagedCallersOnly(EntryPoint = "fa_position_t5_rounded", CallConvs = [typeof(CallConvCdecl)])]
    public static Status T5Rounded(NativeTensor* bias, int bidirectional, long maxDistance, byte* rounding, ulong* position) =>
        Create(position, () => T5(bias, bidirectional, maxDistance, Arguments.Word(rounding, T5Rounding.Exact, "rounding")));

    [UnmanagedCallersOnly(EntryPoint = "fa_position_alibi", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Alibi(NativeTensor* slopes, ulong* position) => Create(position, () => RelativePosition.Alibi(OnePerHead(slopes, "slopes")));

    [UnmanagedCallersOnly(EntryPoint = "fa_position_exponentials", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Exponentials(NativeTensor* weights, NativeTensor* rates, ulong* position) => Create(position, () =>
    {
        Tensor factors = new(weights, 1, 2, "weights"), decays = new(rates, 1, 2, "rates");
        if ((factors.Extent(0), factors.Extent(1)) != (decays.Extent(0), decays.Extent(1)))
            throw new ShapeException($"rates is {decays.Shape}; expected {factors.Shape}, the shape of weights", "rates");
        return RelativePosition.Exponentials(factors.Gather(), decays.Gather(), factors.Extent(1));
    });

    [UnmanagedCallersOnly(EntryPoint = "fa_position_kerple_log", CallConvs = [typeof(CallConvCdecl)])]
    public static Status KerpleLog(NativeTensor* r1, NativeTensor* r2, ulong* position) =>
        Create(position, () => RelativePosition.KerpleLog(OnePerHead(r1, "r1"), OnePerHead(r2, "r2")));

    [UnmanagedCallersOnly(EntryPoint = "fa_position_kerple_power", CallConvs = [typeof(CallConvCdecl)])]
    public static Status KerplePower(NativeTensor* a, NativeTensor* p, ulong* position) =>
        Create(position, () => RelativePosition.KerplePower(OnePerHead(a, "a"), OnePerHead(p, "p")));

    [UnmanagedCallersOnly(EntryPoint = "fa_position_grid", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Grid(NativeTensor* bias, long height, long width, ulong* position) => Create(position, () =>
    {
        var given = new Tensor(bias, 2, 3, "bias");
        int rows = Arguments.Size(height, "height"), columns = Arguments.Size(width, "width");
        CheckTable(given, rows, columns);
        return RelativePosition.Grid(given.Gather(), rows, columns, given.Extent(2));
    });

    [UnmanagedCallersOnly(EntryPoint = "fa_position_grid_special", CallConvs = [typeof(CallConvCdecl)])]
    public static Status GridSpecial(
        NativeTensor* bias, long height, long width, long prefix, long suffix,
        NativeTensor* specialToGrid, NativeTensor* gridToSpecial, NativeTensor* specialToSpecial, ulong* position) => Create(position, () =>
    {
        var given = new Tensor(bias, 2, 3, "bias");
        int rows = Arguments.Size(height, "height"), columns = Arguments.Size(width, "width");
        CheckTable(given, rows, columns);
        int before = Arguments.Size(prefix, "prefix"), after = Arguments.Size(suffix, "suffix"), heads = given.Extent(2);
        var special = new SpecialTokens
        {
            Prefix = before,
            Suffix = after,
            SpecialToGrid = Special(specialToGrid, 1, heads, (long)before + after, "special_to_grid"),
            GridToSpecial = Special(gridToSpecial, 1, heads, (long)before + after, "grid_to_special"),
            SpecialToSpecial = Special(specialToSpecial, 2, heads, (long)before + after, "special_to_special"),
        };
        return RelativePosition.Grid(given.Gather(), rows, columns, special, heads);
    });

    [UnmanagedCallersOnly(EntryPoint = "fa_position_destroy", CallConvs = [typeof(CallConvCdecl)])]
    public static Status Destroy(ulong position)
    {
        try
        {
            Table.Remove(position);
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    private static Status Create(ulong* position, Func<RelativePosition> make)
    {
        try
        {
            Arguments.NotNull(position, "position");
            CallerInterrupt.Take();
            *position = Table.Add(make());
            return Status.Ok;
        }
        catch (Exception exception)
        {
            return Failure.Record(exception);
        }
    }

    private static T5Position T5(NativeTensor* bias, int bidirectional, long maxDistance, T5Rounding rounding)
    {
        Tensor given = new(bias, 1, 2, "bias");
        return RelativePosition.T5(
            given.Gather(), given.Extent(1), Arguments.YesOrNo(bidirectional, "bidirectional"),
            Arguments.OptionalSize(maxDistance, "max_distance") ?? DefaultMaxDistance, rounding);
    }

    private static void CheckTable(Tensor bias, int rows, int columns)
    {
        if (rows > 0 && columns > 0 && (bias.Extent(1) != (2L * rows) - 1 || bias.Extent(0) != (2L * columns) - 1))
            throw new ShapeException($"bias is {bias.Shape}; expected [{(2L * rows) - 1}, {(2L * columns) - 1}] or [H, {(2L * rows) - 1}, {(2L * columns) - 1}]", "bias");
    }

    /// <summary>Biases of special tokens, one for each or for each pair, for all heads or with one part a head; null for zeros.</summary>
    private static float[]? Special(NativeTensor* biases, int axes, int heads, long count, string name)
    {
        if (biases is null) return null;
        var given = new Tensor(biases, axes, axes + 1, name);
        bool fits = given.Extent(0) == count && (axes == 1 || given.Extent(1) == count) && (given.Dimensions == axes || given.Extent(axes) == 1 || given.Extent(axes) == heads);
        string each = axes == 1 ? $"{count}" : $"{count}, {count}";
        return fits ? given.Gather() : throw new ShapeException($"{name} is {given.Shape}; expected [{each}] or [{heads}, {each}], for prefix + suffix special tokens", name);
    }

    private static float[] OnePerHead(NativeTensor* values, string name) => new Tensor(values, 1, 1, name).Gather();
}
