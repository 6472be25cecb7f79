namespace FastAttn.Fft;

/// <summary>
/// The columns of the outermost step that hold anything: <paramref name="Count"/> runs of <paramref name="Length"/> columns,
/// <paramref name="Pitch"/> apart. The other columns are left out: zeros would come in, and nobody reads what comes out.
/// </summary>
internal readonly record struct ColumnRuns(int Count, int Length, int Pitch)
{
    /// <summary>Every column.</summary>
    public static ColumnRuns All(LaneFft fft) => new(1, fft.Columns, fft.Columns);

    /// <summary>How many they are.</summary>
    public int Columns => Count * Length;

    /// <summary>Which column of the transform the index-th of them is.</summary>
    public int Column(int index) => (index / Length * Pitch) + (index % Length);

    /// <summary>Which of them a column of the transform is.</summary>
    public int Index(int column) => Count == 1 ? column : (column / Pitch * Length) + (column % Pitch);
}
