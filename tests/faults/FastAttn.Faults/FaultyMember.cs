using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace FastAttn.Faults;

/// <summary>The body of the member a fault stands in, as it is and as the fault has it.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Span">Where the body as it is stands in its file.</param>
/// <param name="Right">The statements as they are.</param>
/// <param name="Wrong">The statements with the fault.</param>
/// <param name="Form">What a block of statements in the body's place looks like: <c>{0}</c> stands for the block.</param>
internal sealed record FaultyMember(Fault Fault, TextSpan Span, string Right, string Wrong, string Form)
{
    /// <summary>Null for a fault outside of bodies: in a constant, an initializer, a signature.</summary>
    public static FaultyMember? Find(Fault fault, string text)
    {
        int place = fault.Place(text), longer = fault.Wrong.Length - fault.Right.Length;
        SyntaxNode? body = CSharpSyntaxTree.ParseText(text).GetRoot().FindToken(place).Parent!.AncestorsAndSelf().FirstOrDefault(IsBody);
        if (body is null || body.Span.Start > place || body.Span.End < place + fault.Right.Length) return null;

        string planted = fault.Plant(text);
        string wrong = planted[body.Span.Start..(body.Span.End + longer)], right = body.ToString();
        if (body is BlockSyntax) return new FaultyMember(fault, body.Span, right, wrong, "{0}");

        // "=> x;" becomes "{ return x; }", or "{ x; }" where nothing is returned.
        string verb = ReturnsNothing(body.Parent!) ? "" : "return ";
        string Statement(string arrow) => $"{{ {verb}{arrow["=>".Length..]}; }}";
        return new FaultyMember(
            fault, TextSpan.FromBounds(body.Span.Start, body.Parent!.Span.End), Statement(right), Statement(wrong),
            body.Parent is BasePropertyDeclarationSyntax ? "{{ get {0} }}" : "{0}");
    }

    private static bool IsBody(SyntaxNode node) => node switch
    {
        BlockSyntax or ArrowExpressionClauseSyntax => node.Parent is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or BasePropertyDeclarationSyntax,
        _ => false,
    };

    private static bool ReturnsNothing(SyntaxNode member) => member switch
    {
        MethodDeclarationSyntax { ReturnType: PredefinedTypeSyntax type } => type.Keyword.IsKind(SyntaxKind.VoidKeyword),
        ConstructorDeclarationSyntax or DestructorDeclarationSyntax => true,
        AccessorDeclarationSyntax accessor => !accessor.IsKind(SyntaxKind.GetAccessorDeclaration),
        _ => false,
    };
}
