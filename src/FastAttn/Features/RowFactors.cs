using System.Runtime.Intrinsics;
using FastAttn.Tensors;

namespace FastAttn.Features;

/// <summary>What rows are multiplied by before they are mapped: one over their length, or one number for all.</summary>
internal readonly unsafe struct RowFactors
{
    /// <summary>Rows above 2^60 in size would overflow products of their entries.</summary>
    private const double LargeRow = 1.1529215e18;

    /// <summary>2^−80 and 2^80: projections of rows with squared norms between them are as accurate before a factor as after it.</summary>
    private const double LeastSquares = 8.271806125530277e-25, MostSquares = 1.2089258196146292e24;

    private readonly bool _normalize;
    private readonly double _scale;
    private readonly double _mostSquares;

    /// <param name="normalize">Whether rows are scaled to length one.</param>
    /// <param name="scale">Factor on un-normalised rows.</param>
    public RowFactors(bool normalize, double scale)
    {
        _normalize = normalize;
        _scale = scale;
        _mostSquares = normalize ? MostSquares : Math.Min(MostSquares, 0.5 * (LargeRow / scale) * (LargeRow / scale));
    }

    /// <summary>Fills a block, and marks rows that hold NaN or infinity. Returns true when all rows are kept and ordinary.</summary>
    public bool Find(FloatRows rows, RowState* states, in RowBlock block)
    {
        int count = rows.Count;

        // In float64: half of a large squared norm becomes an exponent, where a relative error is an absolute one. A sum is
        // finite if and only if every entry is, and zero only if all are.
        double* squares = block.HalfSquaredNorms;
        WideSum.OfSquares(rows.Row(0), rows.Stride, count, rows.Columns, squares);
        new Span<int>(block.Exponents, count).Clear();
        new Span<double>(block.CopyFactors, count).Fill(1);
        if (AreOrdinary(squares, count) && !new ReadOnlySpan<byte>(states, count).ContainsAnyExcept((byte)RowState.Kept))
        {
            FindOrdinary(count, block);
            return true;
        }

        for (int r = 0; r < count; r++)
        {
            if (states[r] == RowState.Masked) squares[r] = 0;
            if (!double.IsFinite(squares[r]))
            {
                states[r] = RowState.NonFinite;
                squares[r] = 0;
            }

            FindOne(squares[r], r, block);
        }

        return false;
    }

    private bool AreOrdinary(double* squares, int count)
    {
        Vector256<double> least = Vector256.Create(LeastSquares), most = Vector256.Create(_mostSquares);
        int r = 0;
        for (; r <= count - Vector256<double>.Count; r += Vector256<double>.Count)
        {
            Vector256<double> four = Vector256.Load(squares + r);
            if (!Vector256.GreaterThanOrEqualAll(four, least) || !Vector256.LessThanOrEqualAll(four, most)) return false;
        }

        for (; r < count; r++)
        {
            if (!IsOrdinary(squares[r])) return false;
        }

        return true;
    }

    private bool IsOrdinary(double squares) => squares >= LeastSquares && squares <= _mostSquares;

    /// <summary>As <see cref="FindOne"/> for ordinary rows, eight at a time; nobody reads what becomes of entries past the last.</summary>
    private void FindOrdinary(int count, in RowBlock block)
    {
        for (int r = 0; r < count; r += Vector256<float>.Count)
        {
            double* norms = block.HalfSquaredNorms + r;
            Vector256<double> low = Vector256.Load(norms), high = Vector256.Load(norms + Vector256<double>.Count);
            Vector256<float> factors = _normalize
                ? Vector256.Narrow(Vector256<double>.One / Vector256.Sqrt(low), Vector256<double>.One / Vector256.Sqrt(high))
                : Vector256.Create((float)_scale);
            factors.Store(block.Factors + r);
            (_normalize ? Vector256.Create(0.5) : low * 0.5 * _scale * _scale).Store(norms);
            (_normalize ? Vector256.Create(0.5) : high * 0.5 * _scale * _scale).Store(norms + Vector256<double>.Count);
        }
    }

    private void FindOne(double squares, int r, in RowBlock block)
    {
        double factor = squares == 0 ? 0 : _normalize ? 1 / Math.Sqrt(squares) : _scale;
        block.HalfSquaredNorms[r] = squares == 0 ? 0 : _normalize ? 0.5 : squares * 0.5 * _scale * _scale;
        if (IsOrdinary(squares))
        {
            block.Factors[r] = (float)factor;
            return;
        }

        if (!_normalize && Math.Sqrt(squares) * factor is > LargeRow and double norm)
        {
            block.Exponents[r] = Math.ILogB(norm);
            factor = Math.ScaleB(factor, -block.Exponents[r]);
        }

        block.CopyFactors[r] = factor;
        block.Factors[r] = 1;
    }
}
