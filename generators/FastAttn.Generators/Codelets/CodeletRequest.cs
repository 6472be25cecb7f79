using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Diagnostics;
using FastAttn.Generators.Models;
using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Codelets;

/// <summary>First pass: what an <c>[FftCodelets]</c> attribute asks for, checked; lengths in order, each once.</summary>
internal sealed record CodeletRequest(
    KernelTarget Target, string InstructionSet, EquatableArray<int> Lengths, EquatableArray<int> ColumnRadices)
{
    public static GeneratorResult<CodeletRequest> Read(GeneratorAttributeSyntaxContext context)
    {
        AttributeData attribute = context.Attributes[0];
        Location location = context.TargetNode.GetLocation();
        var wrong = new List<DiagnosticRecord>();
        (KernelTarget? target, string name) = KernelRequest.ReadTargetAndInstructionSet(context, wrong);

        var lengths = Lengths(attribute.ConstructorArguments.Skip(1).FirstOrDefault(), SplitCodelet.MaximumLength);
        var radices = Lengths(
            attribute.NamedArguments.FirstOrDefault(argument => argument.Key == FftCodeletsAttribute.ColumnRadices).Value,
            ConvolveCodelet.MaximumLength);
        if (lengths.Length == 0) wrong.Add(DiagnosticRecord.At(KernelDiagnostics.NoLengths, location, context.TargetSymbol.Name));
        return new(wrong.Count == 0 ? new(target!, name, new(lengths), new(radices)) : null, new(wrong));

        int[] Lengths(TypedConstant given, int most)
        {
            int[] asked = given is { Kind: TypedConstantKind.Array, IsNull: false }
                ? given.Values.Select(value => value.Value as int? ?? 0).Distinct().OrderBy(length => length).ToArray()
                : [];
            foreach (int length in asked.Where(length => length > most || !FftCodelets.IsSupported(length)))
                wrong.Add(DiagnosticRecord.At(KernelDiagnostics.UnsupportedLength, location, length.ToString(), "2", most.ToString()));
            return asked;
        }
    }
}
