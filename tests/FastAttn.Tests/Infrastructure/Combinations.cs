namespace FastAttn.Tests.Infrastructure;

/// <summary>Theory rows: every combination of the given values.</summary>
internal static class Combinations
{
    public static TheoryData<T1, T2> Of<T1, T2>(IEnumerable<T1> first, IEnumerable<T2> second)
    {
        var rows = new TheoryData<T1, T2>();
        foreach (T1 a in first)
        {
            foreach (T2 b in second) rows.Add(a, b);
        }

        return rows;
    }

    public static TheoryData<T1, T2, T3> Of<T1, T2, T3>(IEnumerable<T1> first, IEnumerable<T2> second, IEnumerable<T3> third)
    {
        var rows = new TheoryData<T1, T2, T3>();
        foreach (T1 a in first)
        {
            foreach (T2 b in second)
            {
                foreach (T3 c in third) rows.Add(a, b, c);
            }
        }

        return rows;
    }
}
