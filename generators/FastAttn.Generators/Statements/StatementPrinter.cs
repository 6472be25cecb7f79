using System;
using System.Collections.Generic;
using FastAttn.Generators.Isa;

namespace FastAttn.Generators.Statements;

/// <summary>Last pass: statements as C#, in the words of one instruction set.</summary>
internal static class StatementPrinter
{
    /// <summary>1.5·2²³: added to a number below 2²² it leaves the nearest integer in the low bits.</summary>
    public const string RoundingMagic = "12582912f";

    public static void Print(this SourceWriter writer, InstructionSet isa, IEnumerable<Statement> body)
    {
        foreach (Statement statement in body) Print(writer, isa, statement);
    }

    private static void Print(SourceWriter writer, InstructionSet isa, Statement statement)
    {
        (Operation operation, string target, bool declares, string a, string b, string c) = statement;
        if (operation == Operation.Store)
        {
            writer.Line(isa.Store(target, a));
        }
        else if (operation == Operation.ScaleByPowerOfTwo && isa.ScaleByPowerOfTwo(a, b) is null)
        {
            // Two factors of about half the exponent each: a single one could not be represented near overflow or underflow.
            // The first product is exact, so the result is rounded once even when it is subnormal.
            writer.Line($"Vec {target}Half = {isa.Round($"{b} * {isa.Constant(0.5)}")};");
            writer.Line($"Vec {target}HalfBits = {target}Half + {isa.Broadcast(RoundingMagic)};");
            writer.Line($"Vec {target}RestBits = ({b} - {target}Half) + {isa.Broadcast(RoundingMagic)};");
            writer.Line($"Ints {target}HalfPower = {isa.ShiftLeft(Parenthesised(isa.AsIntegers(target + "HalfBits")), 23)};");
            writer.Line($"Ints {target}RestPower = {isa.ShiftLeft(Parenthesised(isa.AsIntegers(target + "RestBits")), 23)};");
            writer.Line($"{target}HalfPower = {target}HalfPower + {isa.IntegerConstant(0x3F800000)};");
            writer.Line($"{target}RestPower = {target}RestPower + {isa.IntegerConstant(0x3F800000)};");
            writer.Line($"{Left()} = ({a} * {isa.AsFloats(target + "HalfPower")}) * {isa.AsFloats(target + "RestPower")};");
        }
        else if (operation == Operation.AddExponent)
        {
            string power = isa.ShiftLeft(Parenthesised(isa.AsIntegers(b)), 23);
            writer.Line($"Ints {target}Bits = {isa.AsIntegers(a)} + ({power});");
            writer.Line($"{Left()} = {isa.AsFloats(target + "Bits")};");
        }
        else
        {
            writer.Line($"{Left()} = {Right(isa, statement)};");
        }

        string Left() => declares ? "Vec " + target : target;
    }

    private static string Right(InstructionSet isa, Statement statement)
    {
        (Operation operation, _, _, string a, string b, string c) = statement;
        return operation switch
        {
            Operation.Zero => isa.Zero,
            Operation.Load => isa.Load(a),
            Operation.Broadcast => isa.Broadcast(a),
            Operation.Copy => a,
            Operation.Add => $"{a} + {b}",
            Operation.Subtract => $"{a} - {b}",
            Operation.Multiply => $"{a} * {b}",
            Operation.MultiplyAdd => isa.MultiplyAdd(a, b, c),
            Operation.NegatedMultiplyAdd => isa.NegatedMultiplyAdd(a, b, c),
            Operation.Max => isa.Max(a, b),
            Operation.Min => isa.Min(a, b),
            Operation.Round => isa.Round(a),
            Operation.Absolute => isa.Absolute(a),
            Operation.CopySign => isa.CopySign(a, b),
            Operation.Greater => isa.Greater(a, b),
            Operation.Select => isa.Select(a, b, c),
            Operation.ScaleByPowerOfTwo => isa.ScaleByPowerOfTwo(a, b)!,
            Operation.ZipLow => isa.ZipLow(a, b),
            Operation.ZipHigh => isa.ZipHigh(a, b),
            _ => throw new ArgumentOutOfRangeException(nameof(statement), operation, "an operation without a spelling"),
        };
    }

    private static string Parenthesised(string expression) => expression.StartsWith("*") ? $"({expression})" : expression;
}
