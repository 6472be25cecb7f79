using System.Collections.Generic;
using System.Linq;
using FastAttn.Generators.Diagnostics;
using FastAttn.Generators.Models;
using Microsoft.CodeAnalysis;

namespace FastAttn.Generators.Tiles;

/// <summary>First pass: what a <c>[TileKernels]</c> attribute asks for, checked.</summary>
internal sealed record TileRequest(
    KernelTarget Target, string InstructionSet, EquatableArray<int> ValueDimensions, EquatableArray<int> HeadDimensions)
{
    public const int LargestDimension = 512;

    public static GeneratorResult<TileRequest> Read(GeneratorAttributeSyntaxContext context)
    {
        AttributeData attribute = context.Attributes[0];
        Location location = context.TargetNode.GetLocation();
        var wrong = new List<DiagnosticRecord>();

        (KernelTarget? target, string name) = KernelRequest.ReadTargetAndInstructionSet(context, wrong);
        EquatableArray<int> values = Dimensions(TileKernelsAttribute.ValueDimensions);
        EquatableArray<int> heads = Dimensions(TileKernelsAttribute.HeadDimensions);
        return new GeneratorResult<TileRequest>(
            wrong.Count == 0 ? new TileRequest(target!, name, values, heads) : null, new EquatableArray<DiagnosticRecord>(wrong));

        EquatableArray<int> Dimensions(string property)
        {
            TypedConstant given = attribute.NamedArguments.FirstOrDefault(argument => argument.Key == property).Value;
            int[] dimensions = given.Kind == TypedConstantKind.Array && !given.IsNull
                ? given.Values.Select(value => value.Value as int? ?? 0).Distinct().OrderBy(dimension => dimension).ToArray()
                : [];
            foreach (int dimension in dimensions.Where(dimension => dimension is < 1 or > LargestDimension))
            {
                wrong.Add(DiagnosticRecord.At(
                    KernelDiagnostics.DimensionOutOfRange, location, dimension.ToString(), property, "1", LargestDimension.ToString()));
            }

            return new EquatableArray<int>(dimensions);
        }
    }
}
