using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>
/// Toeplitz products by their definition, through the register-tiled matrix product: row i of the matrix is the row above it,
/// read one entry earlier, so the matrix is its coefficients with a row stride of −1.
/// </summary>
internal sealed unsafe class DirectToeplitzProduct<TKernels> : ToeplitzProduct
    where TKernels : struct, IKernels
{
    /// <summary>Longer sums of one sign would round worse than a transform does.</summary>
    private const int LongestSum = 256;

    private readonly AlignedBuffer _coefficients;
    private readonly int[] _exponents;

    public DirectToeplitzProduct(ToeplitzShape shape, ReadOnlySpan<float> coefficients)
        : base(shape, coefficients, 2 * TKernels.FftLanes, 2L * TKernels.FftLanes * (shape.InputLength + PaddedRows(shape)) * sizeof(float))
    {
        _coefficients = new AlignedBuffer((long)Stride * shape.Heads * sizeof(float));
        _exponents = new int[shape.Heads];
        for (int head = 0; head < shape.Heads; head++)
        {
            ReadOnlySpan<float> values = coefficients.Slice(head * shape.Diagonals, shape.Diagonals);
            _exponents[head] = ColumnExponents.OfCoefficients(values);
            var target = new Span<float>((float*)_coefficients.Data + ((long)head * Stride), Stride);
            target.Clear();
            for (int i = 0; i < values.Length; i++) target[Padding + i] = MathF.ScaleB(values[i], -_exponents[head]);
        }
    }

    /// <summary>Zeros before a head's coefficients, for the rows that fill the last register tile.</summary>
    private int Padding => PaddedRows(Shape) - Shape.OutputLength;

    private int Stride => Padding + Shape.Diagonals;

    /// <summary>True for few rows: a multiply-add of a tile is measured to cost 1/24 of what a transformed point does at such lengths.</summary>
    public static bool IsCheaper(ToeplitzShape shape) =>
        shape.InputLength <= LongestSum
        && (long)PaddedRows(shape) * shape.InputLength <= 24L * Math.Max(shape.OutputLength, shape.InputLength);

    protected override int Exponent(int head) => _exponents[head];

    protected override void Measure(int head, in OperandBlock x, float* squares, float* workspace) => x.Load(0, Shape.InputLength, workspace, squares);

    protected override void MultiplyBlock(int head, in ProductCall block, float* workspace)
    {
        OperandBlock x = block.X;
        ProductBlock y = block.Y;
        int depth = Shape.InputLength, wholeRows = y.IsPlain ? Shape.OutputLength / TKernels.RowTile * TKernels.RowTile : 0;
        int restRows = PaddedRows(Shape) - wholeRows;
        float* packed = workspace, rest = packed + ((long)depth * BlockColumns);
        if (!x.IsAsItStands) x.Load(0, depth, packed, null);
        float* firstRow = (float*)_coefficients.Data + ((long)head * Stride) + Padding + Shape.OutputLength - 1;

        // Whole tiles of rows in place; the others in a copy, which has room for the rows that fill the last tile.
        for (long row = 0; row < wholeRows; row++) new Span<float>(y.Matrix + (row * y.Stride), BlockColumns).Clear();
        TKernels.MultiplyAdd(wholeRows, depth, BlockColumns, firstRow, -1, packed, BlockColumns, y.Matrix, y.Stride);
        if (restRows == 0) return;
        new Span<float>(rest, restRows * BlockColumns).Clear();
        TKernels.MultiplyAdd(restRows, depth, BlockColumns, firstRow - wholeRows, -1, packed, BlockColumns, rest, BlockColumns);
        y.Store(rest, wholeRows, restRows);
    }

    private static int PaddedRows(ToeplitzShape shape) =>
        (shape.OutputLength + TKernels.RowTile - 1) / TKernels.RowTile * TKernels.RowTile;
}
