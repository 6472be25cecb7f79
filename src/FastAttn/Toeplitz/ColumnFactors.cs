namespace FastAttn.Toeplitz;

/// <summary>The powers of two that the columns of a block are multiplied by on their way into a product and out of it.</summary>
/// <param name="memory"><see cref="Floats"/> floats.</param>
/// <param name="columns">Columns of a packed row.</param>
internal readonly unsafe struct ColumnFactors(float* memory, int columns)
{
    /// <summary>On the way in.</summary>
    public ColumnScaling In => new(memory, memory + columns);

    /// <summary>On the way out.</summary>
    public ColumnScaling Out => new(memory + (2L * columns), memory + (3L * columns));

    /// <summary>How much memory a block needs.</summary>
    public static int Floats(int columns) => 4 * columns;

    /// <summary>Ones on the way in.</summary>
    public void SetOne() => new Span<float>(memory, 2 * columns).Fill(1);

    /// <summary>Columns are divided by 2^exponent on the way in. A column of zeros comes out as zeros, whatever its neighbour's rounding left there.</summary>
    /// <param name="exponents">One a column.</param>
    /// <param name="gains">Exponents that come on top on the way out, one a column.</param>
    public void Set(ReadOnlySpan<int> exponents, ReadOnlySpan<int> gains)
    {
        float* inSecond = memory + columns, outFirst = inSecond + columns, outSecond = outFirst + columns;
        for (int column = 0; column < columns; column++)
        {
            int exponent = exponents[column];
            ((memory[column], inSecond[column]), (outFirst[column], outSecond[column])) = exponent switch
            {
                ColumnExponents.Zero => ((1, 1), (0, 1)),
                _ => (ColumnScaling.Factors(-exponent), ColumnScaling.Factors(exponent + gains[column])),
            };
        }
    }
}
