using System.Collections.Concurrent;
using System.Reflection;
using FastAttn.Generators.Codelets;
using FastAttn.Generators.Tests.Infrastructure;

namespace FastAttn.Generators.Tests.Codelets;

/// <summary>Runs the codelet generator for one attribute.</summary>
internal static class CodeletGenerator
{
    private static readonly ConcurrentDictionary<(string, string), Lazy<GeneratorOutput>> Runs = new();

    public static string Source(string instructionSet, string arguments) => $$"""
        namespace Sample;

        [FastAttn.Generators.FftCodelets("{{instructionSet}}", {{arguments}})]
        public readonly unsafe partial struct Kernels
        {
        }
        """;

    /// <summary>Generates and compiles without a complaint; the same request again gives the same output object.</summary>
    public static GeneratorOutput Run(string instructionSet, string arguments) =>
        Runs.GetOrAdd((instructionSet, arguments), _ => new Lazy<GeneratorOutput>(() => RunAgain(instructionSet, arguments))).Value;

    /// <summary>As <see cref="Run"/>, from the beginning.</summary>
    public static GeneratorOutput RunAgain(string instructionSet, string arguments)
    {
        GeneratorOutput output = GeneratorHarness.Run(new FftCodeletGenerator(), Source(instructionSet, arguments));
        Assert.Empty(output.Diagnostics);
        Assert.Empty(output.CompilerDiagnostics);
        return output;
    }

    public static string HintName(string file) => $"Sample.Kernels.{file}.g.cs";

    /// <summary>Real operations of every method of one emitted file, by parsing it.</summary>
    public static IReadOnlyDictionary<string, int> Operations(GeneratorOutput output, string file) =>
        output.CountOperations(HintName(file)).ToDictionary(method => method.Key, method => method.Value.Real);

    /// <summary>The emitted struct, compiled and loaded.</summary>
    public static Type Load(GeneratorOutput output)
    {
        using var image = new MemoryStream();
        Assert.True(output.Compilation.Emit(image).Success);
        return Assembly.Load(image.ToArray()).GetType("Sample.Kernels", throwOnError: true)!;
    }
}
