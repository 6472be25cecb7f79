using System.Numerics;
using FastAttn.Memory;

namespace FastAttn.Toeplitz;

/// <summary>
/// Products on a grid whose coefficients are sums of one an axis, <c>C[(y, x), (y', x')] = c^y_{y'−y} + c^x_{x'−x}</c>: the first part sees
/// only sums along rows of the grid, the second only sums along its columns. Two short products, and their results broadcast.
/// </summary>
internal sealed unsafe class SeparableProduct : IColumnProduct
{
    /// <summary>Sums come scaled down where they, or what the two products make of them, may exceed this exponent: what exceeds float32 may cancel in their sum.</summary>
    private const int LargestExponent = 125;

    private readonly ToeplitzProduct _vertical, _horizontal;
    private readonly int _height, _width;
    private readonly WorkspacePool _workspaces;

    /// <param name="vertical">Between rows of the grid, square.</param>
    /// <param name="horizontal">Between columns of the grid, square.</param>
    /// <param name="height">Rows of the grid.</param>
    /// <param name="width">Columns of the grid.</param>
    public SeparableProduct(ToeplitzProduct vertical, ToeplitzProduct horizontal, int height, int width)
    {
        _vertical = vertical;
        _horizontal = horizontal;
        _height = height;
        _width = width;
        var arena = Arena.Measuring;
        _ = new Scratch(this, ref arena);
        _workspaces = new WorkspacePool(arena.Peak);
    }

    /// <inheritdoc/>
    public int BlockColumns => _vertical.BlockColumns;

    /// <inheritdoc/>
    public void Run(int head, in ToeplitzColumns columns)
    {
        AlignedBuffer workspace = _workspaces.Rent();
        try
        {
            Run(head, columns, new Arena(workspace.Data, workspace.Bytes));
        }
        finally
        {
            _workspaces.Return(workspace);
        }
    }

    private void Run(int head, in ToeplitzColumns columns, Arena arena)
    {
        var scratch = new Scratch(this, ref arena);
        Sum(columns, scratch);
        int exponent = Narrow(scratch, Math.Max(1, Math.Max(_vertical.Norm * Math.Sqrt(_height), _horizontal.Norm * Math.Sqrt(_width))));
        _vertical.Run(head, Inner(scratch.RowSums, _height, scratch.Vertical, columns.Width));
        _horizontal.Run(head, Inner(scratch.ColumnSums, _width, scratch.Horizontal, columns.Width));
        float factor = MathF.ScaleB(1, exponent);
        if (columns.Adds) Broadcast<ColumnScaling.Adding>(columns, scratch, factor);
        else Broadcast<ColumnScaling.Overwriting>(columns, scratch, factor);
    }

    private ToeplitzColumns Inner(float* sums, int length, float* products, int width) => new()
    {
        X = sums,
        XStride = BlockColumns,
        Rows = length,
        Y = products,
        YStride = BlockColumns,
        Copies = 1,
        Width = width,
    };

    /// <summary>Sums along rows and along columns of the grid, in float64: of float32 they would round with every token.</summary>
    private void Sum(in ToeplitzColumns columns, in Scratch scratch)
    {
        Clearing.Clear((float*)scratch.WideSums, scratch.Sums * sizeof(double) / sizeof(float));
        double* rowSums = scratch.WideSums, columnSums = rowSums + ((long)_height * BlockColumns);
        for (int token = 0, y = 0; y < _height; y++, rowSums += BlockColumns)
        {
            for (int x = 0; x < _width; x++, token++)
            {
                if (columns.HasRow(token)) Add(columns.X + (token * columns.XStride), columns.Width, rowSums, columnSums + ((long)x * BlockColumns));
            }
        }
    }

    private static void Add(float* values, int width, double* first, double* second)
    {
        int column = 0, lanes = Vector<double>.Count;
        for (; column <= width - (2 * lanes); column += 2 * lanes)
        {
            Vector.Widen(Vector.Load(values + column), out Vector<double> low, out Vector<double> high);
            Vector.Store(Vector.Load(first + column) + low, first + column);
            Vector.Store(Vector.Load(first + column + lanes) + high, first + column + lanes);
            Vector.Store(Vector.Load(second + column) + low, second + column);
            Vector.Store(Vector.Load(second + column + lanes) + high, second + column + lanes);
        }

        for (; column < width; column++)
        {
            first[column] += values[column];
            second[column] += values[column];
        }
    }

    /// <summary>The sums as float32, divided by a power of two whose exponent is returned: zero, unless float32 could not hold them.</summary>
    /// <param name="scratch">The sums.</param>
    /// <param name="gain">By how much a product may be larger than the largest sum.</param>
    private static int Narrow(in Scratch scratch, double gain)
    {
        double largest = 0;
        for (long i = 0; i < scratch.Sums; i++)
        {
            double size = Math.Abs(scratch.WideSums[i]);
            if (double.IsFinite(size)) largest = Math.Max(largest, size);
        }

        int exponent = largest > 0 ? Math.Clamp(Math.ILogB(largest * gain) - LargestExponent, 0, 127) : 0;
        double factor = Math.ScaleB(1, -exponent);
        for (long i = 0; i < scratch.Sums; i++) scratch.RowSums[i] = (float)(scratch.WideSums[i] * factor);
        return exponent;
    }

    private void Broadcast<TTarget>(in ToeplitzColumns columns, in Scratch scratch, float factor)
        where TTarget : struct, ColumnScaling.ITarget
    {
        int lanes = Vector<float>.Count;
        for (int copy = 0; copy < columns.Copies; copy++)
        {
            float* target = columns.Y + (copy * columns.CopyStride), vertical = scratch.Vertical;
            for (int y = 0; y < _height; y++, vertical += BlockColumns)
            {
                float* horizontal = scratch.Horizontal;
                for (int x = 0; x < _width; x++, horizontal += BlockColumns, target += columns.YStride)
                {
                    int column = 0;
                    for (; column <= columns.Width - lanes; column += lanes)
                        TTarget.Put((Vector.Load(vertical + column) + Vector.Load(horizontal + column)) * factor, target + column);
                    for (; column < columns.Width; column++)
                        TTarget.Put((vertical[column] + horizontal[column]) * factor, ref target[column]);
                }
            }
        }
    }

    /// <summary>What one block needs.</summary>
    private readonly struct Scratch
    {
        public Scratch(SeparableProduct product, ref Arena arena)
        {
            int height = product._height, width = product._width, columns = product.BlockColumns;
            Sums = ((long)height + width) * columns;
            WideSums = arena.Take<double>(Sums);
            RowSums = arena.Take<float>(Sums);
            ColumnSums = RowSums + ((long)height * columns);
            Vertical = arena.Take<float>((long)height * columns);
            Horizontal = arena.Take<float>((long)width * columns);
        }

        /// <summary>How many sums: <c>[height + width, BlockColumns]</c>.</summary>
        public long Sums { get; }

        /// <summary>Sums along each row of the grid, then along each column.</summary>
        public double* WideSums { get; }

        /// <summary>The same in float32, and where those along columns start.</summary>
        public float* RowSums { get; }

        /// <inheritdoc cref="RowSums"/>
        public float* ColumnSums { get; }

        /// <summary>The product with the sums along rows, <c>[height, BlockColumns]</c>.</summary>
        public float* Vertical { get; }

        /// <summary>The product with the sums along columns, <c>[width, BlockColumns]</c>.</summary>
        public float* Horizontal { get; }
    }
}
