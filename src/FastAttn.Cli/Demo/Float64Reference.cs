using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastAttn.Cli.Demo;

/// <summary>
/// Normalised PRF attention in double precision by its definition, for chosen rows: what the library's float32 results are compared with.
/// Shares no code with the library. The sums are not scaled, because with unit vectors and the demonstration's biases no exponent
/// comes near the range of double.
/// </summary>
internal sealed class Float64Reference
{
    // Keys of a block, columns of a value row: one width, so that one loop multiplies both pairs of matrices.
    private const int Width = DemoShape.HeadDimension;
    private const int RowGroup = 4;
    private const int RowsPerTask = 64;

    private readonly int _length;
    private readonly int _blocks;
    private readonly int _features;
    private readonly int _threads;
    private readonly Head[] _heads;

    /// <summary>Prepares features, values and weights of all heads.</summary>
    public Float64Reference(AttentionData data, RandomProjection projection, int threads)
    {
        _length = data.Length;
        _blocks = (data.Length + Width - 1) / Width;
        _features = projection.Features;
        _threads = threads;
        _heads = new Head[DemoShape.Heads];
        double[] rows = Array.ConvertAll(projection.Values.ToArray(), value => (double)value);
        Parallel.For(0, _heads.Length, Limit, head => _heads[head] = Prepare(data, rows, head));
    }

    private ParallelOptions Limit => new() { MaxDegreeOfParallelism = _threads };

    /// <summary>The attention of some rows in every head.</summary>
    /// <returns><c>[heads, rows, d]</c>.</returns>
    public double[] Compute(int[] rows)
    {
        int tasksPerHead = (rows.Length + RowsPerTask - 1) / RowsPerTask;
        double[] result = new double[_heads.Length * rows.Length * Width];
        Parallel.For(0, _heads.Length * tasksPerHead, Limit, task =>
        {
            (int head, int part) = Math.DivRem(task, tasksPerHead);
            int start = part * RowsPerTask;
            ReadOnlySpan<int> taskRows = rows.AsSpan(start, Math.Min(RowsPerTask, rows.Length - start));
            Compute(_heads[head], taskRows, result.AsSpan((head * rows.Length + start) * Width, taskRows.Length * Width));
        });
        return result;
    }

    private void Compute(Head head, ReadOnlySpan<int> rows, Span<double> result)
    {
        int padded = (rows.Length + RowGroup - 1) / RowGroup * RowGroup;
        double[] query = new double[padded * _features];
        double[] numerators = new double[padded * Width];
        double[] denominators = new double[padded];
        double[] weights = new double[RowGroup * Width];
        for (int row = 0; row < rows.Length; row++)
        {
            head.QueryFeatures.AsSpan(rows[row] * _features, _features).CopyTo(query.AsSpan(row * _features));
        }

        for (int block = 0; block < _blocks; block++)
        {
            for (int group = 0; group < padded; group += RowGroup)
            {
                Array.Clear(weights);
                MultiplyAdd(query.AsSpan(group * _features), head.KeyFeatures.AsSpan(block * _features * Width), weights, _features);
                for (int member = 0; member < RowGroup && group + member < rows.Length; member++)
                {
                    int offset = block * Width - rows[group + member] + _length - 1;
                    denominators[group + member] += Weigh(weights.AsSpan(member * Width, Width), head.Weights.AsSpan(offset, Width));
                }

                MultiplyAdd(weights, head.Values.AsSpan(block * Width * Width), numerators.AsSpan(group * Width), Width);
            }
        }

        for (int i = 0; i < result.Length; i++) result[i] = numerators[i] / denominators[i / Width];
    }

    // Multiplies the inner products by exp(bias) and sums them.
    private static double Weigh(Span<double> products, ReadOnlySpan<double> weights)
    {
        Span<Vector<double>> productVectors = MemoryMarshal.Cast<double, Vector<double>>(products);
        ReadOnlySpan<Vector<double>> weightVectors = MemoryMarshal.Cast<double, Vector<double>>(weights);
        Vector<double> sum = Vector<double>.Zero;
        for (int i = 0; i < productVectors.Length; i++)
        {
            productVectors[i] *= weightVectors[i];
            sum += productVectors[i];
        }

        return Vector.Sum(sum);
    }

    // result[4, Width] += left[4, depth] · right[depth, Width], in blocks of 4 rows by 2 vectors that stay in registers.
    private static void MultiplyAdd(ReadOnlySpan<double> left, ReadOnlySpan<double> right, Span<double> result, int depth)
    {
        ref readonly double leftStart = ref left[..(RowGroup * depth)][0];
        ref readonly double rightStart = ref right[..(depth * Width)][0];
        ref double resultStart = ref result[..(RowGroup * Width)][0];
        nuint lanes = (nuint)Vector<double>.Count;
        nuint steps = (nuint)depth;
        for (nuint column = 0; column < Width; column += 2 * lanes)
        {
            Vector<double> sum00 = Vector.LoadUnsafe(ref resultStart, column);
            Vector<double> sum01 = Vector.LoadUnsafe(ref resultStart, column + lanes);
            Vector<double> sum10 = Vector.LoadUnsafe(ref resultStart, Width + column);
            Vector<double> sum11 = Vector.LoadUnsafe(ref resultStart, Width + column + lanes);
            Vector<double> sum20 = Vector.LoadUnsafe(ref resultStart, 2 * Width + column);
            Vector<double> sum21 = Vector.LoadUnsafe(ref resultStart, 2 * Width + column + lanes);
            Vector<double> sum30 = Vector.LoadUnsafe(ref resultStart, 3 * Width + column);
            Vector<double> sum31 = Vector.LoadUnsafe(ref resultStart, 3 * Width + column + lanes);
            for (nuint step = 0; step < steps; step++)
            {
                Vector<double> right0 = Vector.LoadUnsafe(in rightStart, step * Width + column);
                Vector<double> right1 = Vector.LoadUnsafe(in rightStart, step * Width + column + lanes);
                Vector<double> left0 = new(Unsafe.Add(ref Unsafe.AsRef(in leftStart), step));
                sum00 = Vector.FusedMultiplyAdd(left0, right0, sum00);
                sum01 = Vector.FusedMultiplyAdd(left0, right1, sum01);
                Vector<double> left1 = new(Unsafe.Add(ref Unsafe.AsRef(in leftStart), steps + step));
                sum10 = Vector.FusedMultiplyAdd(left1, right0, sum10);
                sum11 = Vector.FusedMultiplyAdd(left1, right1, sum11);
                Vector<double> left2 = new(Unsafe.Add(ref Unsafe.AsRef(in leftStart), 2 * steps + step));
                sum20 = Vector.FusedMultiplyAdd(left2, right0, sum20);
                sum21 = Vector.FusedMultiplyAdd(left2, right1, sum21);
                Vector<double> left3 = new(Unsafe.Add(ref Unsafe.AsRef(in leftStart), 3 * steps + step));
                sum30 = Vector.FusedMultiplyAdd(left3, right0, sum30);
                sum31 = Vector.FusedMultiplyAdd(left3, right1, sum31);
            }

            sum00.StoreUnsafe(ref resultStart, column);
            sum01.StoreUnsafe(ref resultStart, column + lanes);
            sum10.StoreUnsafe(ref resultStart, Width + column);
            sum11.StoreUnsafe(ref resultStart, Width + column + lanes);
            sum20.StoreUnsafe(ref resultStart, 2 * Width + column);
            sum21.StoreUnsafe(ref resultStart, 2 * Width + column + lanes);
            sum30.StoreUnsafe(ref resultStart, 3 * Width + column);
            sum31.StoreUnsafe(ref resultStart, 3 * Width + column + lanes);
        }
    }

    private Head Prepare(AttentionData data, double[] projection, int head)
    {
        double[] queryFeatures = new double[_length * _features];
        double[] keyFeatures = new double[_blocks * _features * Width];
        double[] values = new double[_blocks * Width * Width];
        double[] weights = new double[2 * _length - 1 + Width];
        Span<double> features = new double[_features];
        for (int position = 0; position < _length; position++)
        {
            int row = (head * _length + position) * Width;
            MapRow(data.Query.AsSpan(row, Width), projection, queryFeatures.AsSpan(position * _features, _features));

            MapRow(data.Key.AsSpan(row, Width), projection, features);
            int block = position / Width * _features * Width;
            for (int feature = 0; feature < _features; feature++) keyFeatures[block + feature * Width + position % Width] = features[feature];

            for (int column = 0; column < Width; column++) values[position * Width + column] = data.Value[row + column];
        }

        int offsets = 2 * _length - 1;
        for (int offset = 0; offset < offsets; offset++) weights[offset] = Math.Exp(data.Bias[head * offsets + offset]);
        return new Head(queryFeatures, keyFeatures, values, weights);
    }

    // exp(w·x − ‖x‖²/2) with x scaled to length one; a zero vector stays zero.
    private static void MapRow(ReadOnlySpan<float> row, double[] projection, Span<double> features)
    {
        Span<double> unit = stackalloc double[Width];
        double squares = 0;
        for (int column = 0; column < Width; column++) squares += (double)row[column] * row[column];
        for (int column = 0; column < Width; column++) unit[column] = squares > 0 ? row[column] / Math.Sqrt(squares) : 0;

        double halfSquare = squares > 0 ? 0.5 : 0;
        for (int feature = 0; feature < features.Length; feature++)
        {
            ReadOnlySpan<double> weights = projection.AsSpan(feature * Width, Width);
            double product = 0;
            for (int column = 0; column < Width; column++) product += weights[column] * unit[column];
            features[feature] = Math.Exp(product - halfSquare);
        }
    }

    /// <summary>One head, laid out for the products.</summary>
    /// <param name="QueryFeatures"><c>[n, m]</c>.</param>
    /// <param name="KeyFeatures"><c>[blocks, m, Width]</c>, zero beyond the last key.</param>
    /// <param name="Values"><c>[blocks · Width, Width]</c>, zero beyond the last key.</param>
    /// <param name="Weights">exp(bias), <c>[2n − 1]</c>, and zeros that the last block reads.</param>
    private sealed record Head(double[] QueryFeatures, double[] KeyFeatures, double[] Values, double[] Weights);
}
