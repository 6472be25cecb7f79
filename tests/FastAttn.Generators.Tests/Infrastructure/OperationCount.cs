using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace FastAttn.Generators.Tests.Infrastructure;

/// <summary>
/// Vector operations that stand in the text of one method, counted by parsing the C#: each expression of a vector type counts
/// once, however often a loop runs it. Address arithmetic is not of a vector type and does not count.
/// </summary>
/// <param name="Additions">Additions and subtractions.</param>
/// <param name="Multiplications">Products.</param>
/// <param name="Fused">Fused multiply-adds of any sign.</param>
/// <param name="Negations">Changes of sign on their own.</param>
/// <param name="Loads">Vectors read through pointers.</param>
/// <param name="Stores">Vectors written through pointers.</param>
/// <param name="Calls">Names of the other methods called, in order, vector intrinsics left out.</param>
internal sealed record OperationCount(
    int Additions, int Multiplications, int Fused, int Negations, int Loads, int Stores, IReadOnlyList<string> Calls)
{
    /// <summary>Real operations when a fused one counts as the product and the sum it stands for.</summary>
    public int Real => Additions + Multiplications + (2 * Fused);

    /// <summary>Counts C# text that stands on its own.</summary>
    public static IReadOnlyDictionary<string, OperationCount> Of(string source)
    {
        CSharpCompilation compilation = GeneratorHarness.Compile(source);
        return Of(compilation, compilation.SyntaxTrees[0]);
    }

    /// <summary>Counts every method of one file of a compilation, by method name.</summary>
    public static IReadOnlyDictionary<string, OperationCount> Of(CSharpCompilation compilation, SyntaxTree tree)
    {
        SemanticModel model = compilation.GetSemanticModel(tree);
        return tree.GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>()
            .ToDictionary(method => method.Identifier.Text, method => Of(method, model));
    }

    private static OperationCount Of(MethodDeclarationSyntax method, SemanticModel model)
    {
        int additions = 0, multiplications = 0, fused = 0, negations = 0, loads = 0, stores = 0;
        var calls = new List<string>();
        foreach (ExpressionSyntax expression in method.DescendantNodes().OfType<ExpressionSyntax>())
        {
            bool isVector = IsVector(model.GetTypeInfo(expression).Type);
            switch (expression)
            {
                case AssignmentExpressionSyntax assignment when isVector:
                    if (assignment.IsKind(SyntaxKind.AddAssignmentExpression) || assignment.IsKind(SyntaxKind.SubtractAssignmentExpression)) additions++;
                    if (assignment.IsKind(SyntaxKind.MultiplyAssignmentExpression)) multiplications++;
                    break;
                case BinaryExpressionSyntax when isVector && expression.Kind() is (SyntaxKind.AddExpression or SyntaxKind.SubtractExpression):
                    additions++;
                    break;
                case BinaryExpressionSyntax when isVector && expression.IsKind(SyntaxKind.MultiplyExpression):
                    multiplications++;
                    break;
                case PrefixUnaryExpressionSyntax when isVector && expression.IsKind(SyntaxKind.UnaryMinusExpression):
                    negations++;
                    break;
                case PrefixUnaryExpressionSyntax when isVector && expression.IsKind(SyntaxKind.PointerIndirectionExpression):
                case ElementAccessExpressionSyntax when isVector:
                    bool isTarget = expression.Parent is AssignmentExpressionSyntax parent && parent.Left == expression;
                    if (isTarget) stores++;
                    if (!isTarget || !expression.Parent.IsKind(SyntaxKind.SimpleAssignmentExpression)) loads++;
                    break;
                case InvocationExpressionSyntax invocation:
                    CountCall(invocation, isVector);
                    break;
            }
        }

        return new OperationCount(additions, multiplications, fused, negations, loads, stores, calls);

        void CountCall(InvocationExpressionSyntax invocation, bool isVector)
        {
            string name = invocation.Expression switch
            {
                MemberAccessExpressionSyntax member => member.Name.Identifier.Text,
                SimpleNameSyntax simple => simple.Identifier.Text,
                _ => invocation.Expression.ToString(),
            };
            bool isIntrinsic = model.GetSymbolInfo(invocation).Symbol?.ContainingNamespace?.ToDisplayString()
                .StartsWith("System.Runtime.Intrinsics", StringComparison.Ordinal) == true;
            if (!isIntrinsic) calls.Add(name);
            else if (!isVector) return;
            else if (name.Contains("MultiplyAdd") || name.Contains("MultiplySubtract")) fused++;
            else if (name is "Add" or "Subtract") additions++;
            else if (name is "Multiply") multiplications++;
            else if (name is "Negate") negations++;
        }
    }

    private static bool IsVector(ITypeSymbol? type) =>
        type is INamedTypeSymbol { Name: "Vector64" or "Vector128" or "Vector256" or "Vector512", IsGenericType: true };
}
