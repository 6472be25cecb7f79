using System.Linq;
using FastAttn.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace FastAttn.Generators.Models;

/// <summary>A diagnostic as plain values, so that it can travel through the pipeline and compare by content.</summary>
internal sealed record DiagnosticRecord(
    string Id, string Path, TextSpan Span, LinePositionSpan Lines, EquatableArray<string> Arguments)
{
    public static DiagnosticRecord At(DiagnosticDescriptor descriptor, Location location, params string[] arguments)
    {
        FileLinePositionSpan lines = location.GetLineSpan();
        return new DiagnosticRecord(descriptor.Id, lines.Path, location.SourceSpan, lines.Span, new EquatableArray<string>(arguments));
    }

    public Diagnostic ToDiagnostic() => Diagnostic.Create(
        KernelDiagnostics.All.Single(descriptor => descriptor.Id == Id),
        Location.Create(Path, Span, Lines),
        Arguments.ToArray<object>());
}
