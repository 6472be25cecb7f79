using System.Text.RegularExpressions;

namespace FastAttn.NeonCases;

/// <summary>The table of tolerances by name of method; the first pattern that fits a whole name counts.</summary>
internal static class Tolerances
{
    private static readonly (string Pattern, Tolerance Tolerance)[] Table =
    [
        ("Has.*|Lanes|FftLanes|RowTile|AllFinite", new(0, UnitOf.Element, "yes, no or a size")),
        ("Max|MaxRows|Scale|ReluPlus|ReluRows|CopyRows|ScaleRows|TransposeScaled", new(0, UnitOf.Element, "one rounding, the same in both")),
        ("SegmentedProduct", new(0, UnitOf.Element, "the same roundings, one a factor")),
        ("MaxOfSum", new(0, UnitOf.Element, "one sum and no product")),
        ("ExpShifted|ExpRelative|Exp2Relative|EluPlusOne", new(2, UnitOf.Element, "an argument reduced in fused steps, a polynomial of degree 6")),
        ("SineCosine", new(4, UnitOf.Element, "polynomials of up to eight roundings in each")),
        ("SumExpOfSum", new(2, UnitOf.Element, "exponentials, then a sum of positive terms")),
        ("Dot", new(2, UnitOf.Element, "a sum of up to 300 positive products")),
        ("AddScaled|AccumulateSquares", new(2, UnitOf.Loudest, "one or two fused steps")),
        ("MultiplyAdd|Multiply|MultiplyScaled", new(12, UnitOf.Loudest, "sums of up to 300 products of both signs")),
        ("AttentionTile", new(8, UnitOf.Loudest, "a product of sums of up to 128 products with sums of 64")),
        ("SoftmaxTile", new(16, UnitOf.Loudest, "exponents that are sums of up to 64 products, then sums of 64 products of both signs")),
        ("(Split|Merge)(Loop|[0-9]*)", new(2, UnitOf.Loudest, "one rotation after two sums")),
        ("Convolve[0-9]*", new(4, UnitOf.Loudest, "two transforms of up to 16 points and a product")),
        ("(Forward|Inverse)[A-Za-z]*[0-9]*", new(6, UnitOf.Loudest, "one transform of up to 16 points, a rotation, a twist")),
    ];

    public static Tolerance Of(string method)
    {
        foreach ((string pattern, Tolerance tolerance) in Table)
        {
            if (Regex.IsMatch(method, $"^({pattern})$")) return tolerance;
        }

        throw new InvalidOperationException($"no tolerance is stated for {method}");
    }
}
