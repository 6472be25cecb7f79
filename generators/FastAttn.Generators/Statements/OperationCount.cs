using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Statements;

/// <summary>How many of each operation a body has, in words: what emitted files say about themselves.</summary>
internal static class OperationCount
{
    private static readonly (Operation Operation, string Word)[] s_words =
    [
        (Operation.MultiplyAdd, "multiply-add"), (Operation.NegatedMultiplyAdd, "negated multiply-add"), (Operation.Multiply, "multiply"),
        (Operation.Add, "add"), (Operation.Subtract, "subtract"), (Operation.Max, "max"), (Operation.Min, "min"), (Operation.Round, "round"),
        (Operation.Absolute, "absolute"), (Operation.CopySign, "sign"), (Operation.Greater, "comparison"), (Operation.Select, "selection"),
        (Operation.ScaleByPowerOfTwo, "scale"), (Operation.AddExponent, "exponent"), (Operation.ZipLow, "zip low"), (Operation.ZipHigh, "zip high"),
        (Operation.Broadcast, "broadcast"), (Operation.Load, "load"), (Operation.Store, "store"),
    ];

    public static string Describe(IEnumerable<Statement> body)
    {
        ILookup<Operation, Statement> byOperation = body.ToLookup(statement => statement.Operation);
        return string.Join(", ", s_words.Where(pair => byOperation.Contains(pair.Operation))
            .Select(pair => $"{byOperation[pair.Operation].Count()} {pair.Word}"));
    }
}
