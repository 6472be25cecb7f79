using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace FastAttn.Generators.Models;

/// <summary>The partial type that receives emitted members, as plain text so that it compares by content.</summary>
/// <param name="Namespace">Its namespace, empty for the global one.</param>
/// <param name="Keyword"><c>struct</c>, <c>class</c>, <c>record</c> or <c>record struct</c>.</param>
/// <param name="Name">Its simple name.</param>
internal sealed record KernelTarget(string Namespace, string Keyword, string Name)
{
    /// <summary>A stable file name for what is emitted into this type.</summary>
    public string HintName(string family) => (Namespace.Length > 0 ? Namespace + "." : "") + $"{Name}.{family}.g.cs";

    /// <summary>Reads the type an attribute stands on; null unless it is partial, not nested and not generic.</summary>
    public static KernelTarget? Read(GeneratorAttributeSyntaxContext context)
    {
        if (context.TargetNode is not TypeDeclarationSyntax declaration || context.TargetSymbol is not INamedTypeSymbol type) return null;
        bool partial = declaration.Modifiers.Any(modifier => modifier.ValueText == "partial");
        if (!partial || type.ContainingType is not null || type.IsGenericType) return null;
        string space = type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString();
        string keyword = (type.IsRecord, type.IsValueType) switch
        {
            (true, true) => "record struct",
            (true, false) => "record",
            (false, true) => "struct",
            _ => "class",
        };
        return new KernelTarget(space, keyword, type.Name);
    }
}
