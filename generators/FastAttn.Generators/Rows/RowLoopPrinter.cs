using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>
/// The loop all row kernels share. The lanes past the end are not done by other arithmetic: the last vector is copied into a
/// padded buffer and goes through the same statements, so an element's result does not depend on where in the row it stands.
/// </summary>
internal sealed class RowLoopPrinter(InstructionSet isa, RowKernel kernel)
{
    public void Print(SourceWriter writer)
    {
        int lanes = isa.Lanes;
        writer.Line($"// One vector: {OperationCount.Describe(VectorBody(0, ""))}.");
        writer.Line(KernelFile.MethodAttributes);
        writer.Open($"public static {kernel.Signature}");
        foreach (string scalar in kernel.Scalars) writer.Line($"Vec {scalar}Vector = {isa.Broadcast(scalar)};");
        foreach (KeyValuePair<double, string> constant in VectorBody(0, "").Constants)
            writer.Line($"Vec {constant.Value} = {isa.Constant(constant.Key)};");
        for (int way = 0; way < Partials; way++) writer.Line($"Vec {Partial(way)} = {Neutral};");
        foreach (RowStream stream in kernel.Streams) writer.Line($"float* {stream.Name}Tail = stackalloc float[{lanes}];");
        writer.Line("int i = 0;");
        if (kernel.Ways > 1)
        {
            writer.Open($"for (; i <= count - {kernel.Ways * lanes}; i += {kernel.Ways * lanes})");
            foreach (RowStream stream in kernel.Streams) writer.Line($"float* {stream.Name}At = {stream.Name} + i;");
            for (int way = 0; way < kernel.Ways; way++)
            {
                writer.Open();
                writer.Print(isa, VectorBody(way, way == 0 ? "" : $" + {way * lanes}"));
                writer.Close();
            }

            writer.Close();
        }

        writer.Open($"for (; i < count; i += {lanes})");
        foreach (RowStream stream in kernel.Streams) writer.Line($"float* {stream.Name}At = {stream.Name} + i;");
        writer.Line("int rest = count - i;");
        writer.Open($"if (rest < {lanes})");
        writer.Open($"for (int lane = 0; lane < {lanes}; lane++)");
        foreach (RowStream stream in kernel.Streams.Where(stream => stream.Read))
            writer.Line($"{stream.Name}Tail[lane] = lane < rest ? {stream.Name}At[lane] : {stream.Padding};");
        writer.Close();
        foreach (RowStream stream in kernel.Streams) writer.Line($"{stream.Name}At = {stream.Name}Tail;");
        writer.Close();
        writer.Print(isa, VectorBody(0, ""));
        RowStream[] written = [.. kernel.Streams.Where(stream => stream.Written)];
        if (written.Length > 0)
        {
            writer.Open($"if (rest < {lanes})");
            writer.Open("for (int lane = 0; lane < rest; lane++)");
            foreach (RowStream stream in written) writer.Line($"{stream.Name}[i + lane] = {stream.Name}Tail[lane];");
            writer.Close().Close();
        }

        writer.Close();
        if (kernel.Reduction != Reduction.None) PrintReduction(writer);
        writer.Close().Line();
    }

    private int Partials => kernel.Reduction == Reduction.None ? 0 : kernel.Ways;

    private string Neutral => kernel.Reduction == Reduction.Max ? isa.Constant(double.NegativeInfinity) : isa.Zero;

    private static string Partial(int way) => $"partial{way}";

    private Body VectorBody(int way, string offset)
    {
        var body = new Body();
        foreach (RowStream stream in kernel.Streams.Where(stream => stream.Read)) body.Load($"{stream.Name}Value", $"{stream.Name}At{offset}");
        kernel.Emit(body, isa, Partial(way));
        return body;
    }

    /// <summary>Halves are folded onto each other, first the partial vectors, then the lanes: always in this order.</summary>
    private void PrintReduction(SourceWriter writer)
    {
        Operation fold = kernel.Reduction == Reduction.Max ? Operation.Max : Operation.Add;
        for (int half = kernel.Ways / 2; half >= 1; half /= 2)
        {
            var body = new Body();
            for (int way = 0; way < half; way++) body.Assign(fold, Partial(way), Partial(way), Partial(way + half));
            writer.Print(isa, body);
        }

        writer.Print(isa, LaneFold.Of(isa, fold, Partial(0)));
        writer.Line($"float* lanes = stackalloc float[{isa.Lanes}];");
        writer.Line(isa.Store("lanes", Partial(0)));
        writer.Line(kernel.Reduction == Reduction.IsZero ? "return lanes[0] == 0f;" : "return lanes[0];");
    }
}
