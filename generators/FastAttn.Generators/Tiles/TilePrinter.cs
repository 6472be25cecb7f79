using System;
using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Tiles;

/// <summary>Last pass: the file that one request turns into, entry points first and then the panels they call.</summary>
internal static class TilePrinter
{
    /// <summary>Depth of a partial sum: the block of B that it needs stays in L2, and rounding errors add up in two levels.</summary>
    private const int DepthBlock = 256;

    /// <summary>Keys of a block that an attention tile takes: all, or half of them.</summary>
    private static readonly int[] s_keys = [TileShape.KeyTile, TileShape.HalfTile];

    /// <summary>Rows of the tiles that take what fills no whole one.</summary>
    private static readonly int[] s_fewRows = [2, 1];

    private const string Operands = "float* a, nint aStride, float* b, nint bStride", Result = "float* c, nint cStride";
    private const string Parameters = $"{Operands}, float* rowFactors, {Result}";

    private static string Arguments(string factors) => $"a, aStride, b, bStride, {factors}, c, cStride";

    /// <summary>The arguments for the rows past the first <c>rows</c>.</summary>
    private static string PastRows(string factors) =>
        $"a + (rows * aStride), aStride, b, bStride, {factors} == null ? null : {factors} + rows, c + (rows * cStride), cStride";

    public static string Print(TileRequest request)
    {
        InstructionSet isa = InstructionSet.All[request.InstructionSet];
        TileShape shape = TileShape.For(isa);
        int[] depths = request.HeadDimensions.Append(TileShape.KeyTile).Append(TileShape.HalfTile).Distinct().OrderBy(depth => depth).ToArray();
        (int Columns, int[] Chunks)[] values = request.ValueDimensions
            .Select(dimension => (dimension + isa.Lanes - 1) / isa.Lanes * isa.Lanes).Distinct()
            .Select(columns => (columns, ColumnChunks.Of(columns / isa.Lanes, shape).ToArray())).ToArray();

        SourceWriter writer = KernelFile.Open(request.Target, isa, Recipe(request, isa, shape, values));
        PrintConstants(writer, request, isa, shape);
        PrintProducts(writer, shape, request.HeadDimensions);
        PrintAttentionTile(writer, isa, shape);
        foreach (int keys in s_keys) new CoefficientPanel(isa, shape, keys).Print(writer);
        PrintSoftmaxTile(writer, isa, shape);
        new BiasPanel(isa, shape).Print(writer);
        new ScoreWeights(isa, shape).Print(writer);
        PrintMultiplyValues(writer, isa, values);
        foreach (int? depth in depths.Select(depth => (int?)depth).Append(null))
        {
            PrintColumnLoop(writer, isa, shape, depth, null);
            for (int vectors = shape.Vectors; vectors >= 1; vectors--) new ProductPanel(isa, shape.Rows, vectors, depth, ProductPanel.Name(vectors, depth, null)).Print(writer);
        }

        foreach (int rows in s_fewRows)
        {
            PrintColumnLoop(writer, isa, shape, null, rows);
            for (int vectors = shape.Vectors; vectors >= 1; vectors--) new ProductPanel(isa, rows, vectors, null, ProductPanel.Name(vectors, null, rows)).Print(writer);
        }

        writer.Close();
        return writer.ToString();
    }

    private static IEnumerable<string> Recipe(
        TileRequest request, InstructionSet isa, TileShape shape, (int Columns, int[] Chunks)[] values)
    {
        yield return $"Register-tiled products for {isa.Name}: {isa.Lanes} lanes, {isa.Registers} registers, tiles of {shape.Rows} rows × {shape.Vectors} vectors.";
        yield return $"Depths with their own code: {string.Join(", ", request.HeadDimensions)}. Value dimensions with their own code:";
        foreach ((int columns, int[] chunks) in values) yield return $"  {columns} columns = {string.Join(" + ", chunks)} vectors";
        yield return $"One step of depth of a full tile: {OperationCount.Describe(new ProductPanel(isa, shape.Rows, shape.Vectors, null, "").Step())}.";
        int cost = 2 * shape.Rows * TileShape.KeyTile;
        yield return $"One attention tile of {shape.Rows} rows: {cost}·(features + valueDimension) floating-point operations in multiply-adds.";
    }

    private static void PrintConstants(SourceWriter writer, TileRequest request, InstructionSet isa, TileShape shape)
    {
        writer.Line($"public static int Lanes => {isa.Lanes};").Line();
        writer.Line($"public static int RowTile => {shape.Rows};").Line();
        writer.Line($"public static bool HasValueDimension(int dimension) => {OneOf(request.ValueDimensions)};").Line();
        writer.Line($"public static bool HasHeadDimension(int dimension) => {OneOf(request.HeadDimensions)};").Line();

        static string OneOf(IReadOnlyCollection<int> dimensions) =>
            dimensions.Count == 0 ? "false" : $"dimension is {string.Join(" or ", dimensions)}";
    }

    private static void PrintProducts(SourceWriter writer, TileShape shape, IEnumerable<int> depths)
    {
        foreach ((string name, string adds, string factors, string factorsArgument) in new[]
        {
            ("MultiplyAdd", "true", "", "null"), ("Multiply", "false", "", "null"), ("MultiplyScaled", "false", "float* rowFactors, ", "rowFactors"),
        })
        {
            writer.Line($"public static void {name}(int rows, int depth, int columns, {Operands}, {factors}{Result}) =>");
            writer.Line($"    Product({adds}, rows, depth, columns, a, aStride, b, bStride, {factorsArgument}, c, cStride);").Line();
        }

        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"private static void Product(bool adds, int rows, int depth, int columns, {Parameters})");
        writer.Line($"int few = rows % {shape.Rows};");
        writer.Line("rows -= few;");
        writer.Line($"if (few > 0) MultiplyFewRows(adds, few, depth, columns, {PastRows("rowFactors")});");
        writer.Open("switch (depth)");
        foreach (int depth in depths) writer.Line($"case {depth}: {ColumnLoopName(depth, null)}(adds, rows, columns, {Arguments("rowFactors")}); return;");
        writer.Close();
        PrintDepthBlocks(writer, () => writer.Line($"{ColumnLoopName(null, null)}(adds, rows, block, columns, {Arguments("factors")});"));
        writer.Close().Line();

        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"private static void MultiplyFewRows(bool adds, int rows, int depth, int columns, {Parameters})");
        writer.Line($"int last = rows % {s_fewRows[0]};");
        writer.Line("rows -= last;");
        PrintDepthBlocks(writer, () =>
        {
            writer.Line($"if (rows > 0) {ColumnLoopName(null, s_fewRows[0])}(adds, rows, block, columns, {Arguments("factors")});");
            writer.Line($"if (last > 0) {ColumnLoopName(null, s_fewRows[1])}(adds, last, block, columns, {PastRows("factors")});");
        });
        writer.Close().Line();
    }

    /// <summary>The loop over depths that are summed by themselves.</summary>
    private static void PrintDepthBlocks(SourceWriter writer, Action printBody)
    {
        writer.Open("while (depth > 0)");
        writer.Line($"int block = depth < {DepthBlock} ? depth : {DepthBlock};");
        writer.Line("float* factors = depth > block ? null : rowFactors;");
        printBody();
        writer.Line("adds = true;");
        writer.Line("a += block;");
        writer.Line("b += block * bStride;");
        writer.Line("depth -= block;");
        writer.Close();
    }

    private static void PrintAttentionTile(SourceWriter writer, InstructionSet isa, TileShape shape)
    {
        writer.Line(KernelFile.MethodAttributes);
        writer.Line("public static void AttentionTile(");
        writer.Line("    int rows, int keyCount, int features, int valueDimension, float* query, nint queryStride, float* keys, float* coefficients, nint coefficientStride,");
        writer.Line("    float* values, nint valueStride, float* numerators, nint numeratorStride, float* rowSums)");
        writer.Open();
        PrintRowsInFlight(writer, isa, shape, () =>
        {
            foreach (int keys in s_keys)
            {
                writer.Open($"{(keys == TileShape.KeyTile ? "" : "else ")}if (keyCount == {keys})");
                writer.Line($"{CoefficientPanel.Method(keys)}(count, features, query, queryStride, keys, coefficients, coefficientStride, weights, rowSums);");
                writer.Line(keys == TileShape.KeyTile
                    ? "MultiplyValues(count, valueDimension, weights, values, valueStride, numerators, numeratorStride);"
                    : $"{ColumnLoopName(keys, null)}(true, count, valueDimension, weights, {TileShape.KeyTile}, values, valueStride, null, numerators, numeratorStride);");
                writer.Close();
            }

            writer.Line("query += count * queryStride;");
            writer.Line("coefficients += count * coefficientStride;");
            writer.Line("numerators += count * numeratorStride;");
            writer.Line($"rowSums += count * {isa.Lanes};");
        });
        writer.Close().Line();
    }

    private static void PrintSoftmaxTile(SourceWriter writer, InstructionSet isa, TileShape shape)
    {
        writer.Line(KernelFile.MethodAttributes);
        writer.Line("public static void SoftmaxTile(");
        writer.Line("    int rows, int dimension, int valueDimension, float* query, nint queryStride, float* keys, float* biases, nint biasStride,");
        writer.Line("    float* values, nint valueStride, float* numerators, nint numeratorStride, float headroom, float* references, float* rowSums)");
        writer.Open();
        PrintRowsInFlight(writer, isa, shape, () =>
        {
            writer.Line($"{BiasPanel.Method}(count, dimension, query, queryStride, keys, biases, biasStride, weights);");
            writer.Line($"{ScoreWeights.Method}(count, valueDimension, weights, headroom, references, rowSums, numerators, numeratorStride);");
            writer.Line("MultiplyValues(count, valueDimension, weights, values, valueStride, numerators, numeratorStride);");
            writer.Line("query += count * queryStride;");
            writer.Line("biases += count * biasStride;");
            writer.Line("numerators += count * numeratorStride;");
            writer.Line("references += count;");
            writer.Line($"rowSums += count * {isa.Lanes};");
        });
        writer.Close().Line();
    }

    /// <summary>The loop over as many rows as have their weights in L1 at once; the weights stand on the stack.</summary>
    private static void PrintRowsInFlight(SourceWriter writer, InstructionSet isa, TileShape shape, Action printBody)
    {
        int weights = shape.RowsInFlight * TileShape.KeyTile, alignment = 4 * isa.Lanes;
        writer.Line($"float* buffer = stackalloc float[{weights + isa.Lanes}];");
        writer.Line($"float* weights = (float*)(((nint)buffer + {alignment - 1}) & -{alignment});");
        writer.Open($"for (int row = 0; row < rows; row += {shape.RowsInFlight})");
        writer.Line($"int count = rows - row < {shape.RowsInFlight} ? rows - row : {shape.RowsInFlight};");
        printBody();
        writer.Close();
    }

    /// <summary>Weights times the values of a key block; fixed numbers of columns have their own code.</summary>
    private static void PrintMultiplyValues(SourceWriter writer, InstructionSet isa, (int Columns, int[] Chunks)[] values)
    {
        const string Call = "(true, rows, weights, 64, values, valueStride, null, numerators, numeratorStride)";
        writer.Line(KernelFile.MethodAttributes);
        writer.Line("private static void MultiplyValues(");
        writer.Line("    int rows, int valueDimension, float* weights, float* values, nint valueStride, float* numerators, nint numeratorStride)");
        writer.Open();
        writer.Open("switch (valueDimension)");
        foreach ((int columns, int[] chunks) in values)
        {
            writer.Line($"case {columns}:");
            int vector = 0;
            foreach (int chunk in chunks)
            {
                int column = vector * isa.Lanes;
                string target = ProductPanel.Name(chunk, TileShape.KeyTile, null);
                writer.Line($"    {target}" + (column == 0 ? Call : Call.Replace("values,", $"values + {column},").Replace("numerators,", $"numerators + {column},")) + ";");
                vector += chunk;
            }

            writer.Line("    break;");
        }

        writer.Line("default:");
        writer.Line($"    {ColumnLoopName(TileShape.KeyTile, null)}{Call.Replace("rows,", "rows, valueDimension,")};");
        writer.Line("    break;");
        writer.Close().Close().Line();
    }

    private static string ColumnLoopName(int? depth, int? fewRows) => "MultiplyColumns" + ProductPanel.Suffix(depth, fewRows);

    /// <summary>Any number of vectors of columns: full chunks, then the one that is left.</summary>
    private static void PrintColumnLoop(SourceWriter writer, InstructionSet isa, TileShape shape, int? depth, int? fewRows)
    {
        string depthParameter = depth is null ? "int depth, " : "", depthArgument = depth is null ? "depth, " : "";
        int width = shape.Vectors * isa.Lanes;
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"private static void {ColumnLoopName(depth, fewRows)}(bool adds, int rows, {depthParameter}int columns, {Parameters})");
        writer.Open($"for (; columns >= {width}; columns -= {width})");
        writer.Line(CallPanel(shape.Vectors));
        writer.Line($"b += {width};");
        writer.Line($"c += {width};");
        writer.Close();
        for (int vectors = shape.Vectors - 1; vectors >= 1; vectors--)
            writer.Line($"{(vectors == shape.Vectors - 1 ? "" : "else ")}if (columns == {vectors * isa.Lanes}) {CallPanel(vectors)}");
        writer.Close().Line();

        string CallPanel(int vectors) => $"{ProductPanel.Name(vectors, depth, fewRows)}(adds, rows, {depthArgument}{Arguments("rowFactors")});";
    }
}
