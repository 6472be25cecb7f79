using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
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

    /// <summary>
    /// What an emitted file says at its head: real operations of every method before contraction, and instructions that multiply
    /// or only add after it. <see cref="OperationCountsTests.Every_file_begins_with_its_recipe_and_true_counts"/> holds it to the code.
    /// </summary>
    public static IReadOnlyDictionary<string, (int Operations, int Multiplying, int Adding)> Stated(GeneratorOutput output, string file) =>
        Regex.Matches(output.Sources[HintName(file)], @"^//   (\w+) (\d+): (\d+) multiplying, (\d+) adding$", RegexOptions.Multiline).ToDictionary(
            match => match.Groups[1].Value, match => (Number(match, 2), Number(match, 3), Number(match, 4)));

    /// <summary>Real operations of every method of one emitted file, as stated.</summary>
    public static IReadOnlyDictionary<string, int> Operations(GeneratorOutput output, string file) =>
        Stated(output, file).ToDictionary(method => method.Key, method => method.Value.Operations);

    /// <summary>The emitted struct, compiled and loaded.</summary>
    public static Type Load(GeneratorOutput output)
    {
        using var image = new MemoryStream();
        Assert.True(output.Compilation.Emit(image).Success);
        return Assembly.Load(image.ToArray()).GetType("Sample.Kernels", throwOnError: true)!;
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
}
