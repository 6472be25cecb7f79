using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// Pass: contraction of products into the additions and subtractions that use them, balanced over execution units.
/// </summary>
/// <remarks>
/// A product with a single use is always contracted. A product that several additions use is either computed once or
/// contracted into all of them: fewer instructions, more of them multiplying. Some cores do a multiply-add or an addition
/// in any of their vector units and want few instructions; others (Zen) add in units of their own and want as many additions
/// as multiply-adds. The choice has the smallest sum of what the two kinds of core take. (Additions spelled a·1 + b, where
/// they are still in the majority, were tried on Zen 4 and lost: longer latencies and more copies of registers.)
/// </remarks>
internal sealed class FmaContraction
{
    private readonly Dictionary<Expression, List<Expression>> _users = [];
    private readonly Dictionary<Expression, int> _uses = [];
    private readonly Dictionary<Expression, Expression> _contracted = [];
    private readonly HashSet<Expression> _shared;

    private FmaContraction(Block block, IEnumerable<Expression> shared)
    {
        _shared = [.. shared];
        foreach (var output in Values(block)) CountUse(output, null);
    }

    public static Block Run(Block block, bool hasFusedMultiplyAdd)
    {
        if (!hasFusedMultiplyAdd) return new FmaContraction(block, []).Contract(block);
        var candidates = new FmaContraction(block, []).SharedProducts();
        return Enumerable.Range(0, candidates.Length + 1)
            .Select(count => new FmaContraction(block, Spread(candidates, count)).Contract(block))
            .OrderBy(contracted => UnitUse.Of(contracted).Cost)
            .First();
    }

    /// <summary>Values of all outputs of a block.</summary>
    public static IEnumerable<Expression> Values(Block block) =>
        block.Sections.SelectMany(section => section.Outputs).Select(output => output.Value);

    /// <summary>Some of the items, evenly.</summary>
    private static IEnumerable<Expression> Spread(Expression[] items, int count) =>
        items.Where((_, index) => (index + 1) * count / items.Length > index * count / items.Length);

    private Block Contract(Block block) => new(block.Sections
        .Select(section => Section.Of(
            section.Title, section.Outputs.Select(output => output with { Value = Contract(output.Value) })))
        .ToArray());

    private void CountUse(Expression node, Expression? user)
    {
        _uses.TryGetValue(node, out var uses);
        _uses[node] = uses + 1;
        if (!_users.TryGetValue(node, out var users)) _users.Add(node, users = []);
        if (user is not null) users.Add(user);
        if (uses > 0) return;
        foreach (var operand in node.Operands) CountUse(operand, node);
    }

    /// <summary>
    /// Products that could vanish into two or more sums: every use is one, and its other operand is no such product. Nothing is
    /// subtracted from them, because a·b − c is not one instruction everywhere.
    /// </summary>
    private Expression[] SharedProducts()
    {
        bool IsCandidate(Expression node) => node.Operation == Operation.Multiply && _uses[node] > 1 && _uses[node] == _users[node].Count
            && _users[node].All(user => user.Operation == Operation.Add || (user.Operation == Operation.Subtract && !ReferenceEquals(user.Left, node)));
        return _uses.Keys
            .Where(node => IsCandidate(node) && _users[node].All(user => user.Operands.All(
                other => ReferenceEquals(other, node) || !(IsSingleProduct(other) || IsCandidate(other)))))
            .OrderBy(node => node.Id)
            .ToArray();
    }

    private Expression Contract(Expression node)
    {
        if (_contracted.TryGetValue(node, out var result)) return result;
        result = node switch
        {
            { Operation: Operation.Add } when IsContracted(node.Right) =>
                Fuse(Operation.MultiplyAdd, node.Right, node.Left, node),
            { Operation: Operation.Add } when IsContracted(node.Left) =>
                Fuse(Operation.MultiplyAdd, node.Left, node.Right, node),

            // Not a·b − c: some instruction sets have no such instruction.
            { Operation: Operation.Subtract } when IsContracted(node.Right) =>
                Fuse(Operation.NegatedMultiplyAdd, node.Right, node.Left, node),
            { Operands.Count: 0 } => node,
            _ => new Expression(node.Operation, node.Operands.Select(Contract).ToArray(), node.Value, node.Text, node.Id),
        };
        _contracted.Add(node, result);
        return result;
    }

    private bool IsContracted(Expression node) => IsSingleProduct(node) || _shared.Contains(node);

    private bool IsSingleProduct(Expression node) => node.Operation == Operation.Multiply && _uses[node] == 1;

    private Expression Fuse(Operation operation, Expression product, Expression addend, Expression node) =>
        new(operation, [Contract(product.Left), Contract(product.Right), Contract(addend)], 0, "", node.Id);
}
