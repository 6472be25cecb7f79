using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// Pass: contraction of a product into the addition or subtraction that uses it. Only a product with a single use is
/// contracted, so the operation count (fused ones counted twice) stays what the algorithm says.
/// </summary>
internal sealed class FmaContraction
{
    private readonly Dictionary<Expression, int> _uses = [];
    private readonly Dictionary<Expression, Expression> _contracted = [];

    private FmaContraction(IEnumerable<Expression> outputs)
    {
        var seen = new HashSet<Expression>();
        foreach (var output in outputs) CountUse(output, seen);
    }

    public static Block Run(Block block)
    {
        var pass = new FmaContraction(block.Sections.SelectMany(section => section.Outputs).Select(output => output.Value));
        return new Block(block.Sections
            .Select(section => Section.Of(
                section.Title, section.Outputs.Select(output => output with { Value = pass.Contract(output.Value) })))
            .ToArray());
    }

    private void CountUse(Expression node, HashSet<Expression> seen)
    {
        _uses.TryGetValue(node, out var uses);
        _uses[node] = uses + 1;
        if (!seen.Add(node)) return;
        foreach (var operand in node.Operands) CountUse(operand, seen);
    }

    private Expression Contract(Expression node)
    {
        if (_contracted.TryGetValue(node, out var result)) return result;
        result = node switch
        {
            { Operation: Operation.Add } when IsSingleProduct(node.Right) =>
                Fuse(Operation.MultiplyAdd, node.Right, node.Left, node),
            { Operation: Operation.Add } when IsSingleProduct(node.Left) =>
                Fuse(Operation.MultiplyAdd, node.Left, node.Right, node),

            // c − a·b before a·b − c: some instruction sets have only the first.
            { Operation: Operation.Subtract } when IsSingleProduct(node.Right) =>
                Fuse(Operation.NegatedMultiplyAdd, node.Right, node.Left, node),
            { Operation: Operation.Subtract } when IsSingleProduct(node.Left) =>
                Fuse(Operation.MultiplySubtract, node.Left, node.Right, node),
            { Operands.Count: 0 } => node,
            _ => new Expression(node.Operation, node.Operands.Select(Contract).ToArray(), node.Value, node.Text, node.Id),
        };
        _contracted.Add(node, result);
        return result;
    }

    private bool IsSingleProduct(Expression node) => node.Operation == Operation.Multiply && _uses[node] == 1;

    private Expression Fuse(Operation operation, Expression product, Expression addend, Expression node) =>
        new(operation, [Contract(product.Left), Contract(product.Right), Contract(addend)], 0, "", node.Id);
}
