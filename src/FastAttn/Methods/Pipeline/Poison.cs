using FastAttn.Features;
using FastAttn.Tensors;

namespace FastAttn.Methods;

/// <summary>
/// NaN where the answer depends on NaN or infinity, and nowhere else: a query row poisons its own row, a key row every row
/// that depends on it, a value entry its column of those rows. Dependence is structural; underflow does not count.
/// </summary>
internal static unsafe class Poison
{
    public static void Spread(
        in HeadProblem problem, RowState* queryStates, RowState* keyStates, RowState* valueStates, RowSource values, RowSource destination)
    {
        bool inQueries = HasNonFinite(queryStates, problem.QueryCount);
        bool inKeys = HasNonFinite(keyStates, problem.KeyCount) || HasNonFinite(valueStates, problem.KeyCount);
        for (int i = 0; inQueries && i < problem.QueryCount; i++)
        {
            if (queryStates[i] == RowState.NonFinite) destination.Fill(i, float.NaN);
        }

        for (int j = 0; inKeys && j < problem.KeyCount; j++)
        {
            if (keyStates[j] == RowState.Masked) continue;
            bool key = keyStates[j] == RowState.NonFinite, value = valueStates[j] == RowState.NonFinite;
            if (!key && !value) continue;
            for (int i = 0; i < problem.QueryCount; i++)
            {
                if (!problem.Position.IsVisible(problem.OffsetBetween(i, j))) continue;
                if (key) destination.Fill(i, float.NaN);
                else Columns(values, j, destination, i);
            }
        }
    }

    private static bool HasNonFinite(RowState* states, int count) => new ReadOnlySpan<byte>(states, count).Contains((byte)RowState.NonFinite);

    private static void Columns(RowSource values, int value, RowSource destination, int row)
    {
        for (int column = 0; column < destination.Columns; column++)
        {
            if (!float.IsFinite(values.At(value, column))) destination.Set(row, column, float.NaN);
        }
    }
}
