using System.Text;
using FastAttn.Generators.Models;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace FastAttn.Generators.Tiles;

/// <summary>Turns <c>[TileKernels]</c> attributes into register-tiled matrix kernels.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class TileKernelGenerator : IIncrementalGenerator
{
    internal const string ReadStep = "ReadTileRequest";
    internal const string PrintStep = "PrintTiles";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        context.RegisterPostInitializationOutput(output =>
            output.AddSource("TileKernelsAttribute.g.cs", SourceText.From(TileKernelsAttribute.Source, Encoding.UTF8)));

        IncrementalValuesProvider<GeneratorResult<TileRequest>> results = context.SyntaxProvider
            .ForAttributeWithMetadataName(TileKernelsAttribute.FullName, (_, _) => true, (attribute, _) => TileRequest.Read(attribute))
            .WithTrackingName(ReadStep);

        KernelOutput.Register(
            context, results, request => [(request.Target.HintName("Tiles"), TilePrinter.Print(request))], PrintStep);
    }
}
