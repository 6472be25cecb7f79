using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Models;

/// <summary>What reading one attribute gave: a request when it is good, and what was wrong with it. The two travel apart.</summary>
internal sealed record GeneratorResult<TRequest>(TRequest? Request, EquatableArray<DiagnosticRecord> Diagnostics)
    where TRequest : class;
