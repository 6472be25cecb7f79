using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Exponentials;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Tiles;

/// <summary>
/// Fourth pass, from scores to softmax weights: 2 to the power of score minus reference. A row's reference is a score that was its
/// largest once; it is raised to the largest so far only when a weight would exceed 2^<see cref="Threshold"/>, which after the
/// first block is rare, so that what was summed before seldom has to follow.
/// </summary>
internal sealed class ScoreWeights(InstructionSet isa, TileShape shape)
{
    public const string Method = "WeighScores";

    /// <summary>Binary logarithm of the largest weight. Sums leave room for it; weights lose nothing, being floating-point numbers.</summary>
    private const int Threshold = 8;

    private const string RaiseMethod = "RaiseReference";

    private int Vectors { get; } = TileShape.KeyTile / isa.Lanes;

    /// <summary>Exponentials that advance in step, so that none waits for its own multiply-adds.</summary>
    private int Ways => shape.Vectors;

    public void Print(SourceWriter writer)
    {
        PrintWeigh(writer);
        PrintRaise(writer);
    }

    private static string At(string pointer, int distance) => distance == 0 ? pointer : $"{pointer} + {distance}";

    private static string Way(string name, int way) => $"{name}{way}";

    private void PrintWeigh(SourceWriter writer)
    {
        Body first = Weigh(0);
        writer.Line($"// One row: {Vectors} exponentials. One: {OperationCount.Describe(first)}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"private static void {Method}(int rows, int valueDimension, float* weights, float headroom, float* references, float* rowSums, float* numerators, nint numeratorStride)");
        writer.Line($"Vec magic = {isa.Broadcast($"{PowerOfTwo.RoundingMagic} - headroom")};");
        writer.Line($"Vec lowest = {isa.Broadcast($"headroom + {PowerOfTwo.Lowest}")};");
        PrintConstants(writer, first);
        writer.Line($"float* lanes = stackalloc float[{isa.Lanes}];");
        writer.Open("for (int row = 0; row < rows; row++)");
        writer.Print(isa, Largest());
        writer.Open($"if ({isa.AnyGreater("largest0", isa.Broadcast($"*references + {Threshold}f"))})");
        writer.Line(isa.Store("lanes", "largest0"));
        writer.Line($"{RaiseMethod}(valueDimension, lanes, references, rowSums, numerators);");
        writer.Close();
        writer.Line($"Vec reference = {isa.Broadcast("*references")};");
        writer.Print(isa, [new Statement(Operation.Zero, "sum", true)]);
        for (int vector = 0; vector < Vectors; vector += Ways)
        {
            writer.Open();
            writer.Print(isa, Body.InStep(Enumerable.Range(vector, Ways).Select(Weigh)));
            writer.Print(isa, AddWays());
            writer.Close();
        }

        var total = new Body();
        total.Load("total", "rowSums");
        total.Assign(Operation.Add, "total", "total", "sum");
        total.Store("rowSums", "total");
        writer.Print(isa, total);
        writer.Line($"weights += {TileShape.KeyTile};");
        writer.Line("references++;");
        writer.Line($"rowSums += {isa.Lanes};");
        writer.Line("numerators += numeratorStride;");
        writer.Close().Close().Line();
    }

    private void PrintRaise(SourceWriter writer)
    {
        var body = new Body();
        string argument = body.Broadcast("argument", "*reference - largest");
        string factor = PowerOfTwo.Emit(body, argument, "magic", "lowest", "factor");
        var sum = new Body();
        sum.Load("before", "rowSum");
        sum.Store("rowSum", sum.Declare(Operation.Multiply, "after", "before", factor));
        var numerators = new Body();
        numerators.Load("numerator", "numerators + column");
        numerators.Store("numerators + column", numerators.Declare(Operation.Multiply, "raised", "numerator", factor));

        writer.Line("// The largest lane becomes the reference; what was summed relative to the one before follows.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"private static void {RaiseMethod}(int valueDimension, float* lanes, float* reference, float* rowSum, float* numerators)");
        writer.Line("float largest = lanes[0];");
        writer.Open($"for (int lane = 1; lane < {isa.Lanes}; lane++)");
        writer.Line("largest = lanes[lane] > largest ? lanes[lane] : largest;");
        writer.Close();
        writer.Line($"Vec magic = {isa.Broadcast(PowerOfTwo.RoundingMagic)};");
        writer.Line($"Vec lowest = {isa.Broadcast(PowerOfTwo.Lowest)};");
        PrintConstants(writer, body);
        writer.Print(isa, body);
        writer.Line("*reference = largest;");
        writer.Print(isa, sum);
        writer.Open($"for (int column = 0; column < valueDimension; column += {isa.Lanes})");
        writer.Print(isa, numerators);
        writer.Close().Close().Line();
    }

    private void PrintConstants(SourceWriter writer, Body body)
    {
        foreach (KeyValuePair<double, string> constant in body.Constants) writer.Line($"Vec {constant.Value} = {isa.Constant(constant.Key)};");
    }

    /// <summary>The largest score of each lane, in several chains that are joined at the end.</summary>
    private Body Largest()
    {
        var body = new Body();
        for (int vector = 0; vector < Vectors; vector++)
        {
            string score = body.Load($"score{vector}", At("weights", vector * isa.Lanes));
            string chain = Way("largest", vector % Ways);
            if (vector < Ways) body.Declare(Operation.Copy, chain, score);
            else body.Assign(Operation.Max, chain, score, chain);
        }

        for (int half = Ways / 2; half >= 1; half /= 2)
        {
            for (int way = 0; way < half; way++) body.Assign(Operation.Max, Way("largest", way), Way("largest", way + half), Way("largest", way));
        }

        return body;
    }

    private Body Weigh(int vector)
    {
        var body = new Body();
        int way = vector % Ways;
        string pointer = At("weights", vector * isa.Lanes);
        string score = body.Load(Way("power", way) + "Score", pointer);
        string argument = body.Declare(Operation.Subtract, Way("power", way) + "Argument", score, "reference");
        body.Store(pointer, PowerOfTwo.Emit(body, argument, "magic", "lowest", Way("power", way)));
        return body;
    }

    private Body AddWays()
    {
        var body = new Body();
        for (int half = Ways / 2; half >= 1; half /= 2)
        {
            for (int way = 0; way < half; way++) body.Assign(Operation.Add, Way("power", way), Way("power", way), Way("power", way + half));
        }

        body.Assign(Operation.Add, "sum", "sum", Way("power", 0));
        return body;
    }
}
