using System.Collections.Generic;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// Pass: simplification. It runs while the graph is built: every node goes through a method below, which folds constants,
/// drops factors 0 and ±1, pushes negations towards the outputs until an addition or subtraction swallows them, and returns
/// the node it made before when the same one is asked for again (common subexpressions).
/// </summary>
internal sealed class Simplifier
{
    private readonly Dictionary<(Operation, int, int, double, string), Expression> _made = [];

    public Expression Zero => Constant(0);

    public Expression Load(string address) => Leaf(Operation.Load, 0, address);

    public Expression Broadcast(string scalar) => Leaf(Operation.Broadcast, 0, scalar);

    public Expression Constant(double value) => Leaf(Operation.Constant, value, "");

    public Expression Negate(Expression a) => a.Operation switch
    {
        Operation.Constant => Constant(-a.Value),
        Operation.Negate => a.Left,
        _ => Make(Operation.Negate, a),
    };

    public Expression Add(Expression a, Expression b)
    {
        if (a.IsConstant && b.IsConstant) return Constant(a.Value + b.Value);
        if (IsConstant(a, 0)) return b;
        if (IsConstant(b, 0)) return a;
        if (b.Operation == Operation.Negate) return Subtract(a, b.Left);
        if (a.Operation == Operation.Negate) return Subtract(b, a.Left);
        return a.Id <= b.Id ? Make(Operation.Add, a, b) : Make(Operation.Add, b, a);
    }

    public Expression Subtract(Expression a, Expression b)
    {
        if (a.IsConstant && b.IsConstant) return Constant(a.Value - b.Value);
        if (ReferenceEquals(a, b)) return Zero;
        if (IsConstant(a, 0)) return Negate(b);
        if (IsConstant(b, 0)) return a;
        if (b.Operation == Operation.Negate) return Add(a, b.Left);
        if (a.Operation == Operation.Negate) return Negate(Add(a.Left, b));

        // b − a may be there already, and its negation costs nothing further on.
        return _made.TryGetValue((Operation.Subtract, b.Id, a.Id, 0, ""), out var opposite)
            ? Negate(opposite)
            : Make(Operation.Subtract, a, b);
    }

    public Expression Multiply(Expression a, Expression b)
    {
        if (a.IsConstant && b.IsConstant) return Constant(a.Value * b.Value);
        if (b.IsConstant) return Multiply(b, a);
        if (IsConstant(a, 0)) return Zero;
        if (IsConstant(a, 1)) return b;
        if (a.IsConstant && a.Value < 0) return Negate(Multiply(Constant(-a.Value), b));
        if (a.Operation == Operation.Negate) return Negate(Multiply(a.Left, b));
        if (b.Operation == Operation.Negate) return Negate(Multiply(a, b.Left));
        return a.IsConstant || a.Id <= b.Id ? Make(Operation.Multiply, a, b) : Make(Operation.Multiply, b, a);
    }

    private static bool IsConstant(Expression a, double value) => a.IsConstant && a.Value == value;

    private Expression Leaf(Operation operation, double value, string text)
    {
        var key = (operation, -1, -1, value, text);
        if (!_made.TryGetValue(key, out var node))
        {
            node = new Expression(operation, [], value, text, _made.Count);
            _made.Add(key, node);
        }

        return node;
    }

    private Expression Make(Operation operation, Expression a, Expression? b = null)
    {
        var key = (operation, a.Id, b?.Id ?? -1, 0.0, "");
        if (!_made.TryGetValue(key, out var node))
        {
            node = new Expression(operation, b is null ? [a] : [a, b], 0, "", _made.Count);
            _made.Add(key, node);
        }

        return node;
    }
}
