using System.Collections.Generic;

namespace FastAttn.Generators.Codelets;

/// <summary>What a node of the arithmetic graph does.</summary>
internal enum Operation
{
    /// <summary>A vector read from memory; <see cref="Expression.Text"/> is its address.</summary>
    Load,

    /// <summary>A scalar copied to all lanes; <see cref="Expression.Text"/> is the scalar.</summary>
    Broadcast,

    /// <summary>A number known when the code is generated.</summary>
    Constant,

    Negate,
    Add,
    Subtract,
    Multiply,

    /// <summary>a·b + c, rounded once.</summary>
    MultiplyAdd,

    /// <summary>c − a·b, rounded once.</summary>
    NegatedMultiplyAdd,
}

/// <summary>
/// Symbolic arithmetic on real vectors. Nodes are immutable and made only by <see cref="Simplifier"/> and
/// <see cref="FmaContraction"/>, which never make the same node twice: equal expressions are the same object.
/// </summary>
internal sealed class Expression(Operation operation, IReadOnlyList<Expression> operands, double value, string text, int id)
{
    public Operation Operation { get; } = operation;
    public IReadOnlyList<Expression> Operands { get; } = operands;
    public double Value { get; } = value;
    public string Text { get; } = text;

    /// <summary>Order of creation: operands come before what uses them.</summary>
    public int Id { get; } = id;

    public Expression Left => Operands[0];
    public Expression Right => Operands[1];

    /// <summary>True when the node is spelled inside the expression that uses it and needs no local.</summary>
    public bool IsConstant => Operation == Operation.Constant;
}
