using System.Globalization;
using System.Text.RegularExpressions;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.NeonCases;

/// <summary>Seeded calls of every public kernel, chosen so that every private one runs too.</summary>
internal static class KernelCases
{
    private const int Lanes = 4, KeyTile = 64;

    private static readonly int[] Counts = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 67, 300];

    public static IEnumerable<KernelCase> All(EmittedKernels kernels)
    {
        var numbers = new Numbers(2024);
        foreach (EmittedMethod method in kernels.Methods.Where(method => method.IsPublic))
        {
            foreach (object[] arguments in Arguments(method, numbers)) yield return new KernelCase(method.Name, arguments);
        }
    }

    private static IEnumerable<object[]> Arguments(EmittedMethod method, Numbers numbers)
    {
        if (method.IsProperty) return [[]];
        if (method.Name.StartsWith("Has", StringComparison.Ordinal)) return Enumerable.Range(0, 140).Select(length => new object[] { length });
        Match named = Regex.Match(method.Name, "^(?<family>[A-Za-z]+?)(?<length>[0-9]+)$");
        int[] lengths = named.Success ? [int.Parse(named.Groups["length"].Value, CultureInfo.InvariantCulture)] : [];
        string family = named.Success ? named.Groups["family"].Value : method.Name;
        return family switch
        {
            "MultiplyAdd" or "Multiply" => Products(numbers),
            "MultiplyScaled" => Products(numbers).Select(product => (object[])[.. product[..7], Normal(numbers, (int)product[0]), .. product[7..]]),
            "SegmentedProduct" => SegmentedProducts(numbers),
            "CopyRows" => RowCopies(numbers),
            "ScaleRows" => ScaledRowCopies(numbers),
            "ExpRelative" or "Exp2Relative" or "MaxRows" => RelativeExponentials(numbers),
            "ReluRows" => RelativeExponentials(numbers).Select(rows => (object[])[.. rows[..4], (float)numbers.Normal(), rows[4]]),
            "SineCosine" => SinesAndCosines(numbers),
            "AttentionTile" => AttentionTiles(numbers),
            "SoftmaxTile" => SoftmaxTiles(numbers),
            "TransposeScaled" => Transposes(numbers),
            "Convolve" => Lengths(lengths, [2, 3, 4, 5, 6, 8, 10, 12, 16]).Select(n => Prefixed(lengths, n, [Normal(numbers, 2 * Lanes * n), Normal(numbers, 2 * n)])),
            "Split" or "Merge" => Lengths(lengths, [4, 8, 20, 24, 32, 36, 40, 48, 64, 128]).Select(n =>
                lengths.Length > 0 ? [Normal(numbers, 2 * Lanes * n)] : new object[] { n, Normal(numbers, 2 * Lanes * n), Roots(numbers, n / 4) }),
            "SplitLoop" or "MergeLoop" => new[] { 4, 12, 20, 64, 128 }.Select(n => new object[] { n, Normal(numbers, 2 * Lanes * n), Roots(numbers, n / 4) }),
            _ when Regex.IsMatch(family, "^(Forward|Inverse)(Outer|Contract|Pair|PairTwisted|Points)$") =>
                from radix in Lengths(lengths, [2, 3, 4, 5, 6, 8, 10, 12, 16])
                from columns in new[] { 1, 2, 5 }
                select Prefixed(lengths, radix, Columns(method, numbers, radix, columns)),
            _ => Rows(method, numbers),
        };
    }

    private static int[] Lengths(int[] own, int[] all) => own.Length > 0 ? own : all;

    private static object[] Prefixed(int[] own, int length, object[] arguments) => own.Length > 0 ? arguments : [length, .. arguments];

    /// <summary>Arguments of a column codelet, told by the names of its parameters.</summary>
    private static object[] Columns(EmittedMethod method, Numbers numbers, int radix, int columns)
    {
        int rowStride = (2 * Lanes * columns) + 4, tokenStride = 2 * Lanes * 3, legStride = (tokenStride * columns) + Lanes;
        return
        [
            .. method.Parameters.Where(parameter => parameter.Name != "radix").Select(parameter => parameter.Name switch
            {
                "columns" => columns,
                "roots" => Roots(numbers, (radix - 1) * columns),
                "points" => Normal(numbers, ((radix - 1) * rowStride) + (2 * Lanes * columns)),
                "rowStride" => (nint)rowStride,
                "vectors" or "accumulators" => Normal(numbers, radix * columns * Lanes),
                "factorsRe" or "factorsIm" => Normal(numbers, radix * columns),
                "rows" => Normal(numbers, ((radix - 1) * legStride) + ((columns - 1) * tokenStride) + (2 * Lanes)),
                "tokenStride" => (nint)tokenStride,
                "legStride" => (nint)legStride,
                "twist" => (object)Roots(numbers, radix * columns),
                _ => throw new InvalidOperationException($"parameter {parameter.Name} of {method.Name} is not known here"),
            }),
        ];
    }

    /// <summary>Arguments of an elementwise kernel, told by the names and types of its parameters.</summary>
    private static IEnumerable<object[]> Rows(EmittedMethod method, Numbers numbers)
    {
        bool needsPositive = method.Name == "Dot";
        foreach (int count in Counts)
        {
            foreach (float spread in new[] { 1f, 30f })
            {
                yield return [.. method.Parameters.Select(parameter => parameter switch
                {
                    ("int", "count") => count,
                    ("float", _) => (float)numbers.Normal(),
                    ("float*", _) => (object)(needsPositive ? Positive(numbers, count) : new Buffer(numbers.Normals(count, spread))),
                    _ => throw new InvalidOperationException($"parameter {parameter.Name} of {method.Name} is not known here"),
                })];
            }
        }

        if (method.Name != "AllFinite") yield break;
        foreach (float notFinite in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            for (int place = 0; place < 35; place++)
            {
                Buffer row = Normal(numbers, 35);
                row.Data[place] = notFinite;
                yield return [row, 35];
            }
        }
    }

    private static IEnumerable<object[]> Products(Numbers numbers)
    {
        foreach (int depth in new[] { 1, 7, 16, 32, 64, 80, 96, 128, 300 })
        {
            for (int vectors = 1; vectors <= 9; vectors++)
            {
                foreach (int rows in new[] { 1, 8, 11, 12 })
                {
                    int columns = vectors * Lanes;
                    nint aStride = depth + 3, bStride = columns + 5, cStride = columns + 1;
                    yield return
                    [
                        rows, depth, columns, Matrix(numbers, rows, depth, aStride), aStride, Matrix(numbers, depth, columns, bStride), bStride,
                        Matrix(numbers, rows, columns, cStride), cStride,
                    ];
                }
            }
        }
    }

    private static IEnumerable<object[]> AttentionTiles(Numbers numbers)
    {
        foreach (int valueDimension in new[] { 4, 12, 16, 20, 28, 32, 44, 64, 80, 96, 100, 128 })
        {
            foreach ((int rows, int keyCount, int features) in new[] { (12, KeyTile, 1), (12, KeyTile, 64), (36, KeyTile, 33), (12, KeyTile / 2, 64), (36, KeyTile / 2, 33) })
            {
                nint queryStride = features + 2, valueStride = valueDimension + 4, numeratorStride = valueDimension + 8;
                yield return
                [
                    rows, keyCount, features, valueDimension, Matrix(numbers, rows, features, queryStride), queryStride, Normal(numbers, features * KeyTile),
                    Positive(numbers, rows - 1 + KeyTile) with { Start = rows - 1 }, (nint)(-1), Matrix(numbers, KeyTile, valueDimension, valueStride), valueStride,
                    Matrix(numbers, rows, valueDimension, numeratorStride), numeratorStride, Normal(numbers, rows * Lanes),
                ];
                yield return
                [
                    rows, keyCount, features, valueDimension, Matrix(numbers, rows, features, queryStride), queryStride, Normal(numbers, features * KeyTile),
                    Positive(numbers, rows * KeyTile), (nint)KeyTile, Matrix(numbers, KeyTile, valueDimension, valueStride), valueStride,
                    Matrix(numbers, rows, valueDimension, numeratorStride), numeratorStride, Normal(numbers, rows * Lanes),
                ];
            }
        }
    }

    private static IEnumerable<object[]> RowCopies(Numbers numbers)
    {
        foreach ((int rows, int columns) in new[] { (1, 1), (3, 5), (8, 8), (17, 64) })
        {
            int width = (columns + Lanes - 1) / Lanes * Lanes;
            yield return [Normal(numbers, rows - 1 + width) with { Start = rows - 1 }, (nint)(-1), rows, columns, Matrix(numbers, rows, width, width + 4), (nint)(width + 4)];
        }
    }

    private static IEnumerable<object[]> SegmentedProducts(Numbers numbers)
    {
        foreach (int[] counts in new int[][] { [0], [1], [5], [8, 4], [67, 33, 16, 7, 1, 0] })
        {
            int sum = counts.Sum(), width = (counts[0] + Lanes - 1) / Lanes * Lanes;
            const int Rows = 3;
            yield return
            [
                Normal(numbers, ((Rows - 1) * (sum + 2)) + sum + Lanes - 1), (nint)(sum + 2), Rows, Integers(counts), counts.Length,
                Normal(numbers, Math.Max(Rows * width, 1)), (nint)width, Normal(numbers, Rows),
            ];
        }
    }

    private static IEnumerable<object[]> ScaledRowCopies(Numbers numbers) =>
        RowCopies(numbers).Select(copy => (object[])[.. copy[..4], Normal(numbers, (int)copy[2]), .. copy[4..]]);

    private static IEnumerable<object[]> RelativeExponentials(Numbers numbers)
    {
        foreach ((int rows, int columns) in new[] { (0, 1), (1, 1), (3, 5), (8, 8), (5, 67) })
        {
            int stride = ((columns + Lanes - 1) / Lanes * Lanes) + 4;
            yield return [new Buffer(numbers.Normals(Math.Max(rows, 1) * stride, 30)), (nint)stride, rows, columns, Normal(numbers, rows)];
        }
    }

    private static IEnumerable<object[]> SinesAndCosines(Numbers numbers)
    {
        foreach ((int rows, int columns) in new[] { (0, 1), (1, 1), (3, 5), (8, 8), (5, 67) })
        {
            foreach (double spread in new[] { 1, 1e6 })
            {
                int stride = ((2 * columns) + Lanes - 1) / Lanes * Lanes;
                yield return [new Buffer(numbers.Normals(Math.Max(rows, 1) * stride, spread)), (nint)stride, rows, columns];
            }
        }
    }

    private static IEnumerable<object[]> SoftmaxTiles(Numbers numbers)
    {
        foreach (int valueDimension in new[] { 4, 12, 16, 64, 80, 100 })
        {
            foreach ((int rows, int dimension) in new[] { (12, 1), (12, 64), (36, 33) })
            {
                // References that rise, that rise from nothing, and that stay.
                foreach (float reference in new[] { -20f, float.MinValue, 0f })
                {
                    nint queryStride = dimension + 2, valueStride = valueDimension + 4, numeratorStride = valueDimension + 8;
                    bool fresh = reference == float.MinValue;
                    Buffer numerators = Matrix(numbers, rows, valueDimension, numeratorStride), rowSums = Positive(numbers, rows * Lanes);
                    if (fresh) numerators.Data.AsSpan().Clear();
                    if (fresh) rowSums.Data.AsSpan().Clear();
                    yield return
                    [
                        rows, dimension, valueDimension, Matrix(numbers, rows, dimension, queryStride), queryStride,
                        new Buffer(numbers.Normals((1 + dimension) * KeyTile, 0.1)), Normal(numbers, rows - 1 + KeyTile) with { Start = rows - 1 }, (nint)(-1),
                        Matrix(numbers, KeyTile, valueDimension, valueStride), valueStride, numerators, numeratorStride, fresh ? 40f : 0f,
                        new Buffer([.. Enumerable.Repeat(reference, rows)]), rowSums,
                    ];
                }
            }
        }
    }

    private static IEnumerable<object[]> Transposes(Numbers numbers)
    {
        foreach ((int rows, int columns) in new[] { (1, 1), (3, 5), (4, 4), (16, 17), (33, 64), (70, 6) })
        {
            nint sourceStride = columns + 3, destinationStride = rows + 2;
            yield return
            [
                Matrix(numbers, rows, columns, sourceStride), sourceStride, rows, columns, Normal(numbers, rows),
                Matrix(numbers, columns, rows, destinationStride), destinationStride,
            ];
        }
    }

    private static Buffer Normal(Numbers numbers, int count) => new(numbers.Normals(count));

    /// <summary>Integers as the float32 numbers of the same bits: kernels only read them.</summary>
    private static Buffer Integers(int[] values) => new(Array.ConvertAll(values, BitConverter.Int32BitsToSingle));

    private static Buffer Positive(Numbers numbers, int count) => new([.. Enumerable.Range(0, count).Select(_ => (float)(0.5 + numbers.Uniform()))]);

    private static Buffer Matrix(Numbers numbers, int rows, int columns, nint stride) => Normal(numbers, (int)((rows - 1) * stride) + columns);

    private static Buffer Roots(Numbers numbers, int count) =>
        new([.. Enumerable.Range(0, count).Select(_ => 2 * Math.PI * numbers.Uniform()).SelectMany(angle => new[] { (float)Math.Cos(angle), (float)Math.Sin(angle) })]);
}
