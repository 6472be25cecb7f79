using System.Collections.Generic;
using FastAttn.Generators.Exponentials;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>Last pass: the file that one request turns into.</summary>
internal static class RowPrinter
{
    public static string Print(RowRequest request)
    {
        InstructionSet isa = InstructionSet.All[request.InstructionSet];
        SourceWriter writer = KernelFile.Open(request.Target, isa, Recipe(isa));
        foreach (RowKernel kernel in RowKernelCatalog.All) new RowLoopPrinter(isa, kernel).Print(writer);
        new RowsExponentialPrinter(isa, isBinary: false).Print(writer);
        new RowsExponentialPrinter(isa, isBinary: true).Print(writer);
        new RowsRectifierPrinter(isa).Print(writer);
        new RowsSineCosinePrinter(isa).Print(writer);
        new SegmentedProductPrinter(isa).Print(writer);
        new RowsCopyPrinter(isa).Print(writer);
        new TransposePrinter(isa).Print(writer);
        writer.Close();
        return writer.ToString();
    }

    private static IEnumerable<string> Recipe(InstructionSet isa)
    {
        var exponential = new Body();
        Exponential.Emit(exponential, "x", "power");
        yield return $"Elementwise kernels, reductions, products of segments, the copies of rows and the scaled transpose for {isa.Name}: {isa.Lanes} lanes.";
        yield return "The last vector of a row is copied into a padded buffer and goes through the same statements as the others.";
        yield return $"One exponential of a vector: {OperationCount.Describe(exponential)}.";
    }
}
