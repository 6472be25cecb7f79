using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Diagnostics;
using FastAttn.Generators.Isa;
using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Models;

/// <summary>What every kernel attribute says: the type it stands on and, as its first argument, an instruction set.</summary>
internal static class KernelRequest
{
    public static (KernelTarget? Target, string InstructionSet) ReadTargetAndInstructionSet(
        GeneratorAttributeSyntaxContext context, ICollection<DiagnosticRecord> wrong)
    {
        Location location = context.TargetNode.GetLocation();
        KernelTarget? target = KernelTarget.Read(context);
        if (target is null)
            wrong.Add(DiagnosticRecord.At(KernelDiagnostics.TypeCannotBeExtended, location, context.TargetSymbol.Name));

        string name = context.Attributes[0].ConstructorArguments.FirstOrDefault().Value as string ?? "";
        if (!InstructionSet.All.ContainsKey(name))
        {
            wrong.Add(DiagnosticRecord.At(
                KernelDiagnostics.UnknownInstructionSet, location, name, string.Join(", ", InstructionSet.All.Keys)));
        }

        return (target, name);
    }
}
