using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastAttn.Kernels;
using FastAttn.Threading;

namespace FastAttn.Fft;

/// <summary>
/// Toeplitz products of many columns at once by fast Fourier transform: columns in lanes, halves form, no bit reversal,
/// O(N·log N) a column, nothing allocated. Any number of threads may call it, each with work memory of its own.
/// </summary>
/// <remarks>
/// Points pair two real columns as re and im: the matrix is real, so they never mix. All pointers are aligned to a vector.
/// Split radix: Duhamel and Hollmann 1984; conjugate pairs: Kamar and Elcherif 1989; halves: a cyclic and a skew-cyclic product.
/// </remarks>
/// <typeparam name="TKernels">The instruction set.</typeparam>
internal static unsafe class LaneConvolution<TKernels>
    where TKernels : struct, IFftCodelets
{
    /// <summary>Points of a row whose convolution takes a millisecond or so: before each of them is a look whether the call shall end early.</summary>
    private const int LongRow = 1 << 13;

    /// <summary>
    /// <c>accumulators[slot] += q0[slot]·(T(k0 ∘ v))[slot] + q1[slot]·(T(k1 ∘ v))[slot]</c> for one vector of columns v and two
    /// pairs of scalars a token: v is multiplied by key scalars, by the Toeplitz matrix, by query scalars, without ever being stored.
    /// </summary>
    /// <remarks>
    /// All arrays are in slot order (<see cref="LaneFft.Slot"/>), with slots for the columns of <paramref name="runs"/> only, zero where there is no token. The cyclic half takes
    /// (key0, key1) and (query0, query1) as they are. The skew half takes both turned by the angle θ = πt/N of
    /// <see cref="LaneFft.Twist"/>: <c>re = s0·cos θ + s1·sin θ</c>, <c>im = s1·cos θ − s0·sin θ</c>.
    /// </remarks>
    /// <param name="fft">Tables of length N.</param>
    /// <param name="runs">Columns that have slots.</param>
    /// <param name="spectrum">What <see cref="LaneFft.Spectrum"/> wrote.</param>
    /// <param name="vectors">v, <c>[slots][lanes]</c>.</param>
    /// <param name="keyRe0">Cyclic half: key0.</param>
    /// <param name="keyIm0">Cyclic half: key1.</param>
    /// <param name="keyRe1">Skew half: key0·cos + key1·sin.</param>
    /// <param name="keyIm1">Skew half: key1·cos − key0·sin.</param>
    /// <param name="queryRe0">Cyclic half: query0.</param>
    /// <param name="queryIm0">Cyclic half: query1.</param>
    /// <param name="queryRe1">Skew half: query0·cos + query1·sin.</param>
    /// <param name="queryIm1">Skew half: query1·cos − query0·sin.</param>
    /// <param name="accumulators"><c>[slots][lanes]</c>, added to; overlaps nothing else.</param>
    /// <param name="work"><see cref="LaneFft.WorkFloats"/> floats, overwritten.</param>
    public static void AccumulateOuter(
        LaneFft fft,
        ColumnRuns runs,
        float* spectrum,
        float* vectors,
        float* keyRe0,
        float* keyIm0,
        float* keyRe1,
        float* keyIm1,
        float* queryRe0,
        float* queryIm0,
        float* queryRe1,
        float* queryIm1,
        float* accumulators,
        float* work)
    {
        Debug.Assert(fft.Lanes == TKernels.FftLanes, "tables made for another number of lanes");
        CyclicStep outer = fft.Outer;
        nint rowStride = fft.RowStride;

        ForwardRuns(fft, runs, work, vectors, keyRe0, keyIm0);
        ConvolveRows(outer, work, rowStride, spectrum);
        InverseRuns(fft, runs, work, accumulators, queryRe0, queryIm0);

        ForwardRuns(fft, runs, work, vectors, keyRe1, keyIm1);
        ConvolveRows(outer, work, rowStride, spectrum + (2L * fft.Length));
        InverseRuns(fft, runs, work, accumulators, queryRe1, queryIm1);
    }

    /// <summary>The outermost step of columns that hold something; the others become zeros.</summary>
    private static void ForwardRuns(LaneFft fft, ColumnRuns runs, float* work, float* vectors, float* keyRe, float* keyIm)
    {
        CyclicStep outer = fft.Outer;
        nint pointFloats = 2 * TKernels.FftLanes, rowStride = fft.RowStride, slots = (nint)runs.Length * outer.Radix;
        for (int run = 0; run < runs.Count; run++)
        {
            nint column = (nint)run * runs.Pitch;
            float* points = work + (column * pointFloats);
            TKernels.ForwardOuter(
                outer.Radix, runs.Length, outer.Roots + (2 * column * (outer.Radix - 1)), points, rowStride,
                vectors + (run * slots * TKernels.FftLanes), keyRe + (run * slots), keyIm + (run * slots));
            if (runs.Pitch == runs.Length) continue;
            for (int row = 0; row < outer.Radix; row++)
                new Span<float>(points + (row * rowStride) + (runs.Length * pointFloats), (int)((runs.Pitch - runs.Length) * pointFloats)).Clear();
        }
    }

    /// <summary>The outermost step back, and the contraction, where there are slots.</summary>
    private static void InverseRuns(LaneFft fft, ColumnRuns runs, float* work, float* accumulators, float* queryRe, float* queryIm)
    {
        CyclicStep outer = fft.Outer;
        nint slots = (nint)runs.Length * outer.Radix;
        for (int run = 0; run < runs.Count; run++)
        {
            nint column = (nint)run * runs.Pitch;
            TKernels.InverseContract(
                outer.Radix, runs.Length, outer.Roots + (2 * column * (outer.Radix - 1)), work + (column * 2 * TKernels.FftLanes), fft.RowStride,
                accumulators + (run * slots * TKernels.FftLanes), queryRe + (run * slots), queryIm + (run * slots));
        }
    }

    /// <summary><c>y = T·x</c> for 2·lanes columns, rows in natural order.</summary>
    /// <param name="fft">Tables of length N.</param>
    /// <param name="spectrum">What <see cref="LaneFft.Spectrum"/> wrote.</param>
    /// <param name="x">N rows of 2·lanes floats, zero beyond the data.</param>
    /// <param name="xStride">Floats between rows of x, a multiple of the lanes.</param>
    /// <param name="y">N rows of 2·lanes floats, overwritten; does not overlap x. Rows beyond the matrix hold nothing of use.</param>
    /// <param name="yStride">Floats between rows of y, a multiple of the lanes.</param>
    /// <param name="work"><see cref="LaneFft.WorkFloats"/> floats, overwritten.</param>
    public static void MultiplyPair(LaneFft fft, float* spectrum, float* x, nint xStride, float* y, nint yStride, float* work)
    {
        Debug.Assert(fft.Lanes == TKernels.FftLanes, "tables made for another number of lanes");
        CyclicStep outer = fft.Outer;
        int radix = outer.Radix;
        int columns = fft.Columns;
        nint rowStride = fft.RowStride;

        TKernels.ForwardPair(radix, columns, outer.Roots, work, rowStride, x, xStride, columns * xStride);
        ConvolveRows(outer, work, rowStride, spectrum);
        TKernels.InversePair(radix, columns, outer.Roots, work, rowStride, y, yStride, columns * yStride);

        TKernels.ForwardPairTwisted(radix, columns, outer.Roots, work, rowStride, x, xStride, columns * xStride, fft.SlotTwist);
        ConvolveRows(outer, work, rowStride, spectrum + (2L * fft.Length));
        TKernels.InversePairTwisted(radix, columns, outer.Roots, work, rowStride, y, yStride, columns * yStride, fft.SlotTwist);
    }

    /// <summary>
    /// The outermost step of both halves for a run of columns, which are read from the cache the second time. When every column is
    /// done, <see cref="ConvolveHalves"/> and <see cref="InversePair"/> make the product of 2·lanes columns.
    /// </summary>
    /// <param name="fft">Tables of length N.</param>
    /// <param name="column">The run's first column: legs are the rows t with t % <see cref="LaneFft.Columns"/> = column.</param>
    /// <param name="columns">Columns of the run.</param>
    /// <param name="x">The run's rows of 2·lanes floats, <c>[legs][columns]</c>.</param>
    /// <param name="legStride">Floats between legs.</param>
    /// <param name="cyclic">Work of the cyclic half, <see cref="LaneFft.WorkFloats"/> floats.</param>
    /// <param name="skew">Work of the skew half.</param>
    public static void ForwardPair(LaneFft fft, int column, int columns, float* x, nint legStride, float* cyclic, float* skew)
    {
        Debug.Assert(fft.Lanes == TKernels.FftLanes, "tables made for another number of lanes");
        int radix = fft.Outer.Radix;
        nint pointFloats = 2 * TKernels.FftLanes;
        float* roots = fft.Outer.Roots + (2L * column * (radix - 1)), twist = fft.SlotTwist + (2L * column * radix);
        TKernels.ForwardPair(radix, columns, roots, cyclic + (column * pointFloats), fft.RowStride, x, pointFloats, legStride);
        TKernels.ForwardPairTwisted(radix, columns, roots, skew + (column * pointFloats), fft.RowStride, x, pointFloats, legStride, twist);
    }

    /// <summary>The convolutions of both halves, between <see cref="ForwardPair"/> and <see cref="InversePair"/> of every column.</summary>
    public static void ConvolveHalves(LaneFft fft, float* spectrum, float* cyclic, float* skew)
    {
        ConvolveRows(fft.Outer, cyclic, fft.RowStride, spectrum);
        ConvolveRows(fft.Outer, skew, fft.RowStride, spectrum + (2L * fft.Length));
    }

    /// <summary>The way back of <see cref="ForwardPair"/>: the product's rows of a run of columns, overwritten.</summary>
    public static void InversePair(LaneFft fft, int column, int columns, float* y, nint legStride, float* cyclic, float* skew)
    {
        int radix = fft.Outer.Radix;
        nint pointFloats = 2 * TKernels.FftLanes;
        float* roots = fft.Outer.Roots + (2L * column * (radix - 1)), twist = fft.SlotTwist + (2L * column * radix);
        TKernels.InversePair(radix, columns, roots, cyclic + (column * pointFloats), fft.RowStride, y, pointFloats, legStride);
        TKernels.InversePairTwisted(radix, columns, roots, skew + (column * pointFloats), fft.RowStride, y, pointFloats, legStride, twist);
    }

    /// <summary>What is left of a columns step between its forward and inverse transforms: a convolution of every row.</summary>
    private static void ConvolveRows(CyclicStep step, float* points, nint rowStride, float* spectrum)
    {
        CyclicStep row = step.First!;
        for (int index = 0; index < step.Radix; index++)
        {
            if (row.Length >= LongRow) CallWatch.Look();
            Convolve(row, points + (index * rowStride), spectrum + (2L * index * row.Length));
        }
    }

    /// <summary>A cyclic convolution in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Convolve(CyclicStep step, float* points, float* spectrum)
    {
        int length = step.Length;
        nint pointFloats = 2 * TKernels.FftLanes;
        switch (step.Kind)
        {
            case CyclicStepKind.Convolve:
                TKernels.Convolve(length, points, spectrum);
                break;
            case CyclicStepKind.Split:
                nint half = length / 2, quarter = length / 4;
                CyclicStep second = step.Second!;
                TKernels.Split(length, points, step.Roots);
                Convolve(step.First!, points, spectrum);
                Convolve(second, points + (half * pointFloats), spectrum + (2 * half));
                Convolve(second, points + ((half + quarter) * pointFloats), spectrum + (2 * (half + quarter)));
                TKernels.Merge(length, points, step.Roots);
                break;
            default:
                int columns = length / step.Radix;
                nint rowStride = columns * pointFloats;
                TKernels.ForwardPoints(step.Radix, columns, step.Roots, points, rowStride);
                ConvolveRows(step, points, rowStride, spectrum);
                TKernels.InversePoints(step.Radix, columns, step.Roots, points, rowStride);
                break;
        }
    }
}
