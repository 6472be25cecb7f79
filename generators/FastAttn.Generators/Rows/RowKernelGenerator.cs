using System.Text;
using FastAttn.Generators.Models;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace FastAttn.Generators.Rows;

/// <summary>Turns <c>[RowKernels]</c> attributes into elementwise kernels, reductions and the scaled transpose.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class RowKernelGenerator : IIncrementalGenerator
{
    internal const string ReadStep = "ReadRowRequest";
    internal const string PrintStep = "PrintRows";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        context.RegisterPostInitializationOutput(output =>
            output.AddSource("RowKernelsAttribute.g.cs", SourceText.From(RowKernelsAttribute.Source, Encoding.UTF8)));

        IncrementalValuesProvider<GeneratorResult<RowRequest>> results = context.SyntaxProvider
            .ForAttributeWithMetadataName(RowKernelsAttribute.FullName, (_, _) => true, (attribute, _) => RowRequest.Read(attribute))
            .WithTrackingName(ReadStep);

        KernelOutput.Register(context, results, request => [(request.Target.HintName("Rows"), RowPrinter.Print(request))], PrintStep);
    }
}
