using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Isa;

namespace FastAttn.Generators.Codelets;

/// <summary>All files of one request: a codelet each, and one that finds them by length.</summary>
internal static class FftCodelets
{
    public static bool IsSupported(int length)
    {
        if (length is < 2 or > SplitCodelet.MaximumLength) return false;
        while (length % 2 == 0) length /= 2;
        return length is 1 or 3 or 5;
    }

    public static IEnumerable<(string HintName, string Text)> Emit(CodeletRequest request)
    {
        var isa = InstructionSet.All[request.InstructionSet];
        var printer = new CodeletPrinter(isa, request.Target);
        var sorted = request.Lengths.ToArray();
        var inRegisters = sorted.Where(length => length <= ConvolveCodelet.MaximumLength).ToArray();
        var unrolled = sorted.Except(inRegisters).ToArray();
        var radices = request.ColumnRadices.ToArray();
        var files = inRegisters.Select(length => ConvolveCodelet.Create(length, isa.Lanes))
            .Concat(radices.Select(radix => ColumnsCodelet.Create(radix, isa.Lanes)))
            .Concat(unrolled.Select(length => SplitCodelet.CreateUnrolled(length, isa.Lanes)))
            .Append(SplitCodelet.CreateLoop(isa.Lanes))
            .ToArray();
        foreach (var file in files) yield return (request.Target.HintName(file.Name), printer.Print(file));
        yield return (request.Target.HintName("FftCodelets"), printer.PrintDispatch(
            [
                $"Recipe: finds a codelet by its length: in registers {List(inRegisters)}; unrolled steps {List(unrolled)};",
                $"columns of radix {List(radices)}.",
            ],
            Dispatch(inRegisters, unrolled, radices, isa.Lanes)));
    }

    private static IReadOnlyList<string> Dispatch(int[] inRegisters, int[] unrolled, int[] radices, int lanes)
    {
        var writer = new SourceWriter();
        writer.Line("/// <summary>True when Convolve of this length exists.</summary>");
        writer.Line($"public static bool HasConvolve(int length) => {Any("length", inRegisters)};").Line();
        writer.Line("/// <summary>True when column transforms of this radix exist.</summary>");
        writer.Line($"public static bool HasColumns(int radix) => {Any("radix", radices)};").Line();
        writer.Line("/// <summary>True when the split-radix step of this length is unrolled.</summary>");
        writer.Line($"public static bool HasUnrolledSplit(int length) => {Any("length", unrolled)};").Line();
        writer.Line("/// <summary>Floats of a vector in the codelets.</summary>");
        writer.Line($"public static int FftLanes => {lanes};").Line();

        Switch("Convolve", "int length, float* points, float* spectrum", "length", inRegisters, "points, spectrum", "");
        foreach (var step in new[] { "Split", "Merge" })
            Switch(step, "int length, float* points, float* roots", "length", unrolled, "points", $"{step}Loop(length, points, roots);");
        foreach (var (name, parameters) in ColumnsCodelet.Signatures)
        {
            var arguments = string.Join(", ", parameters.Split(',').Select(parameter => parameter.Split(' ').Last()));
            Switch(name, "int radix, " + parameters, "radix", radices, arguments, "");
        }

        return writer.ToString().TrimEnd('\n').Split('\n');

        void Switch(string name, string parameters, string key, int[] lengths, string arguments, string otherwise)
        {
            writer.Line($"/// <summary>The codelet of this {key}; see IFftCodelets.</summary>");
            writer.Open($"public static void {name}({parameters})");
            if (lengths.Length > 0)
            {
                writer.Open($"switch ({key})");
                foreach (var length in lengths) writer.Line($"case {length}: {name}{length}({arguments}); return;");
                writer.Close();
            }

            if (otherwise.Length > 0) writer.Line(otherwise);
            writer.Close().Line();
        }
    }

    private static string List(int[] lengths) => lengths.Length == 0 ? "none" : string.Join(", ", lengths);

    private static string Any(string key, int[] lengths) =>
        lengths.Length == 0 ? "false" : $"{key} is " + string.Join(" or ", lengths);
}
