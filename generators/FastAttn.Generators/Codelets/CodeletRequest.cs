using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Diagnostics;
using FastAttn.Generators.Models;
using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Codelets;

/// <summary>First pass: what an <c>[FftCodelets]</c> attribute asks for, checked; lengths in order, each once.</summary>
internal sealed record CodeletRequest(KernelTarget Target, string InstructionSet, EquatableArray<int> Lengths)
{
    public static GeneratorResult<CodeletRequest> Read(GeneratorAttributeSyntaxContext context)
    {
        Location location = context.TargetNode.GetLocation();
        var wrong = new List<DiagnosticRecord>();
        (KernelTarget? target, string name) = KernelRequest.ReadTargetAndInstructionSet(context, wrong);

        var lengths = context.Attributes[0].ConstructorArguments.Skip(1)
            .Where(argument => argument is { Kind: TypedConstantKind.Array, IsNull: false })
            .SelectMany(argument => argument.Values)
            .Select(value => value.Value as int? ?? 0)
            .Distinct().OrderBy(length => length).ToArray();
        if (lengths.Length == 0)
            wrong.Add(DiagnosticRecord.At(KernelDiagnostics.NoLengths, location, context.TargetSymbol.Name));
        foreach (var length in lengths.Where(length => !FftCodelets.IsSupported(length)))
        {
            wrong.Add(DiagnosticRecord.At(
                KernelDiagnostics.UnsupportedLength, location, length.ToString(), "2", SplitCodelet.MaximumLength.ToString()));
        }

        return new(wrong.Count == 0 ? new(target!, name, new(lengths)) : null, new(wrong));
    }
}
