using System.Collections.Generic;
using FastAttn.Generators.Exponentials;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>The elementwise kernels and reductions, one entry each.</summary>
internal static class RowKernelCatalog
{
    private const string LowestPadding = "float.NegativeInfinity";

    /// <summary>Partial results of a light reduction; a heavy one hides the latency of its adds behind its own work.</summary>
    private const int LightWays = 4;

    public static IReadOnlyList<RowKernel> All { get; } =
    [
        new("float Max(float* x, int count)", [new("x", Padding: LowestPadding)], [], Reduction.Max, LightWays,
            (body, _, best) => body.Assign(Operation.Max, best, "xValue", best)),

        new("bool AllFinite(float* x, int count)", [new("x")], [], Reduction.IsZero, LightWays,
            (body, _, sum) => body.Assign(Operation.MultiplyAdd, sum, "xValue", body.Constant(0), sum)),

        new("void ExpShifted(float* x, int count, float shift)", [new("x", Written: true)], ["shift"], Reduction.None, 1, ExpShifted),

        new("void EluPlusOne(float* x, int count)", [new("x", Written: true)], [], Reduction.None, 1, EluPlusOne),

        new("void ReluPlus(float* x, int count, float floor)", [new("x", Written: true)], ["floor"], Reduction.None, 1,
            (body, isa, _) =>
            {
                string positive = body.Declare(Operation.Max, "positive", isa.Zero, "xValue");
                body.Store("xAt", body.Declare(Operation.Add, "result", positive, "floorVector"));
            }),

        new("void Scale(float* x, float* y, int count, float factor)", [new("x"), new("y", Read: false, Written: true)], ["factor"],
            Reduction.None, 1, (body, _, _) => body.Store("yAt", body.Declare(Operation.Multiply, "result", "xValue", "factorVector"))),

        new("float Dot(float* x, float* y, int count)", [new("x"), new("y")], [], Reduction.Sum, LightWays,
            (body, _, sum) => body.Assign(Operation.MultiplyAdd, sum, "xValue", "yValue", sum)),

        new("void AccumulateSquares(float* x, int count, float a, float b, float* first, float* second)",
            [new("x"), new("first", Written: true), new("second", Written: true)], ["a", "b"], Reduction.None, 1,
            (body, _, _) =>
            {
                string square = body.Declare(Operation.Multiply, "square", "xValue", "xValue");
                body.Store("firstAt", body.Declare(Operation.MultiplyAdd, "firstResult", square, "aVector", "firstValue"));
                body.Store("secondAt", body.Declare(Operation.MultiplyAdd, "secondResult", square, "bVector", "secondValue"));
            }),

        new("float SumExpOfSum(float* x, float* y, int count, float shift)",
            [new("x", Padding: LowestPadding), new("y")], ["shift"], Reduction.Sum, 1,
            (body, _, total) =>
            {
                string sum = body.Declare(Operation.Add, "sum", "xValue", "yValue");
                string argument = body.Declare(Operation.Subtract, "argument", sum, "shiftVector");
                body.Assign(Operation.Add, total, total, Exponential.Emit(body, argument, "power"));
            }),

        new("float MaxOfSum(float* x, float* y, int count)", [new("x", Padding: LowestPadding), new("y")], [], Reduction.Max, LightWays,
            (body, _, best) =>
            {
                string sum = body.Declare(Operation.Add, "sum", "xValue", "yValue");
                body.Assign(Operation.Max, best, sum, best);
            }),

        new("void AddScaled(float* x, float* y, int count, float a)", [new("x"), new("y", Written: true)], ["a"], Reduction.None, 1,
            (body, _, _) => body.Store("yAt", body.Declare(Operation.MultiplyAdd, "result", "xValue", "aVector", "yValue"))),
    ];

    private static void ExpShifted(Body body, InstructionSet isa, string unused)
    {
        string argument = body.Declare(Operation.Subtract, "argument", "xValue", "shiftVector");
        body.Store("xAt", Exponential.Emit(body, argument, "power"));
    }

    /// <summary>max(x, 0) + exp(min(x, 0)): one of the two is exact, 0 or 1, so no lane has to choose.</summary>
    private static void EluPlusOne(Body body, InstructionSet isa, string unused)
    {
        string positive = body.Declare(Operation.Max, "positive", isa.Zero, "xValue");
        string negative = body.Declare(Operation.Min, "negative", isa.Zero, "xValue");
        string power = Exponential.Emit(body, negative, "power");
        body.Store("xAt", body.Declare(Operation.Add, "result", positive, power));
    }
}
