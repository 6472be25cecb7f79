using System.Collections.Generic;
using FastAttn.Generators.Diagnostics;
using FastAttn.Generators.Models;
using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Rows;

/// <summary>First pass: what a <c>[RowKernels]</c> attribute asks for, checked.</summary>
internal sealed record RowRequest(KernelTarget Target, string InstructionSet)
{
    public static GeneratorResult<RowRequest> Read(GeneratorAttributeSyntaxContext context)
    {
        var wrong = new List<DiagnosticRecord>();
        (KernelTarget? target, string name) = KernelRequest.ReadTargetAndInstructionSet(context, wrong);
        return new GeneratorResult<RowRequest>(
            wrong.Count == 0 ? new RowRequest(target!, name) : null, new EquatableArray<DiagnosticRecord>(wrong));
    }
}
