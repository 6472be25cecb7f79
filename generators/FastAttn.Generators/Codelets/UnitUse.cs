using System;
using System.Collections.Generic;

namespace FastAttn.Generators.Codelets;

/// <summary>How many instructions of straight-line code multiply (fused or not), and how many only add.</summary>
internal readonly record struct UnitUse(int Multiplying, int Adding)
{
    /// <summary>Cycles where two units do anything, plus cycles where one multiplies and another adds.</summary>
    public double Cost => ((Multiplying + Adding) / 2.0) + Math.Max(Multiplying, Adding);

    public static UnitUse operator +(UnitUse a, UnitUse b) => new(a.Multiplying + b.Multiplying, a.Adding + b.Adding);

    /// <summary>Of one node.</summary>
    public static UnitUse Of(Expression node) => node.Operation switch
    {
        Operation.Add or Operation.Subtract => new(0, 1),
        Operation.Multiply or Operation.MultiplyAdd or Operation.NegatedMultiplyAdd => new(1, 0),
        _ => default,
    };

    /// <summary>Of everything that a block's outputs depend on, each node once.</summary>
    public static UnitUse Of(Block block)
    {
        var seen = new HashSet<Expression>();
        UnitUse sum = default;
        foreach (var value in FmaContraction.Values(block)) Visit(value);
        return sum;

        void Visit(Expression node)
        {
            if (!seen.Add(node)) return;
            sum += Of(node);
            foreach (var operand in node.Operands) Visit(operand);
        }
    }

    public override string ToString() => $"{Multiplying} multiplying, {Adding} adding";
}
