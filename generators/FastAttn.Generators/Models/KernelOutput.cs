using System;
using System.Collections.Generic;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace FastAttn.Generators.Models;

/// <summary>The end of every pipeline: diagnostics one way, files the other.</summary>
internal static class KernelOutput
{
    public static void Register<TRequest>(
        IncrementalGeneratorInitializationContext context,
        IncrementalValuesProvider<GeneratorResult<TRequest>> results,
        Func<TRequest, IEnumerable<(string HintName, string Text)>> print,
        string stepName)
        where TRequest : class
    {
        context.RegisterSourceOutput(
            results.SelectMany((result, _) => result.Diagnostics),
            (output, diagnostic) => output.ReportDiagnostic(diagnostic.ToDiagnostic()));

        IncrementalValuesProvider<(string HintName, string Text)> files = results
            .Where(result => result.Request is not null)
            .Select((result, _) => result.Request!)
            .SelectMany((request, _) => print(request))
            .WithTrackingName(stepName);

        context.RegisterSourceOutput(files, (output, file) => output.AddSource(file.HintName, SourceText.From(file.Text, Encoding.UTF8)));
    }
}
