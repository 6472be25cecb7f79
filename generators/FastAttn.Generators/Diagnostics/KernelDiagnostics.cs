using System.Collections.Generic;
using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Diagnostics;

/// <summary>What can be wrong with a request for kernels.</summary>
internal static class KernelDiagnostics
{
    public static readonly DiagnosticDescriptor UnknownInstructionSet = Error(
        "FASTATTN101", "Unknown instruction set", "Unknown instruction set '{0}'; expected one of {1}");

    public static readonly DiagnosticDescriptor DimensionOutOfRange = Error(
        "FASTATTN102", "Dimension out of range", "Dimension {0} in {1} is outside {2}…{3}");

    public static readonly DiagnosticDescriptor TypeCannotBeExtended = Error(
        "FASTATTN103", "Type cannot receive kernels", "Type '{0}' must be partial, not generic and not nested to receive kernels");

    public static readonly DiagnosticDescriptor UnsupportedLength = Error(
        "FASTATTN104", "Unsupported codelet length", "No Fourier codelet of length {0}: expected 2^a, 3·2^a or 5·2^a between {1} and {2}");

    public static readonly DiagnosticDescriptor NoLengths = Error(
        "FASTATTN105", "No codelet lengths", "The request for '{0}' names no length of a Fourier codelet");

    public static IReadOnlyList<DiagnosticDescriptor> All { get; } =
        [UnknownInstructionSet, DimensionOutOfRange, TypeCannotBeExtended, UnsupportedLength, NoLengths];

    private static DiagnosticDescriptor Error(string id, string title, string message) =>
        new(id, title, message, "FastAttn", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
