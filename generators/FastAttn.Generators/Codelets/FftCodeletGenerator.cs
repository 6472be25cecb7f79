using System.Text;
using FastAttn.Generators.Models;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// Turns <c>[FftCodelets]</c> attributes into Fourier codelets. The passes, one a file: <see cref="CodeletRequest"/> →
/// <see cref="FourierTransform"/> → <see cref="Simplifier"/> → <see cref="FmaContraction"/> → <see cref="Scheduler"/> →
/// <see cref="LocalAllocation"/> → <see cref="CodeletPrinter"/>.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class FftCodeletGenerator : IIncrementalGenerator
{
    internal const string ReadStep = "ReadCodeletRequest";
    internal const string PrintStep = "PrintCodelets";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        context.RegisterPostInitializationOutput(output =>
            output.AddSource("FftCodeletsAttribute.g.cs", SourceText.From(FftCodeletsAttribute.Source, Encoding.UTF8)));

        IncrementalValuesProvider<GeneratorResult<CodeletRequest>> results = context.SyntaxProvider
            .ForAttributeWithMetadataName(FftCodeletsAttribute.FullName, (_, _) => true, (attribute, _) => CodeletRequest.Read(attribute))
            .WithTrackingName(ReadStep);

        KernelOutput.Register(context, results, FftCodelets.Emit, PrintStep);
    }
}
