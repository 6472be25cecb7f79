namespace FastAttn.Kernels;

/// <summary>
/// Pieces of fast Fourier transforms of many columns at once, emitted per instruction set by the generator. A complex point
/// is 2·<see cref="FftLanes"/> floats: real parts of the columns, then imaginary parts. Nothing here allocates, throws, or
/// reads past what it is given; a length for which there is no codelet does nothing, so callers ask first.
/// </summary>
/// <remarks>
/// Transforms are X_k = Σ_t x_t exp(−2πi·tk/n), inverses have the other sign; nothing is divided by n. Roots are given as
/// (cos, sin) of an angle; forward codelets use the conjugate.
/// <para>
/// Column codelets see R·C points as R rows of C: point t = leg·C + column. Forward transforms each column over its legs and
/// multiplies row k by the root conj(roots[column][k − 1]), the angle 2π·k·column/(R·C); Inverse does the opposite.
/// Rows lie <c>rowStride</c> floats apart. They start at the column whose pointers they get and do <c>columns</c> of them.
/// </para>
/// </remarks>
internal unsafe interface IFftCodelets
{
    /// <summary>Columns in a point.</summary>
    static abstract int FftLanes { get; }

    /// <summary>True when <see cref="Convolve"/> exists for this length.</summary>
    static abstract bool HasConvolve(int length);

    /// <summary>True when column codelets exist for this radix.</summary>
    static abstract bool HasColumns(int radix);

    /// <summary>True when <see cref="Split"/> and <see cref="Merge"/> of this length need no table.</summary>
    static abstract bool HasUnrolledSplit(int length);

    /// <summary>Transform, product with <c>spectrum[length]</c> (re, im), inverse transform, in place, in registers.</summary>
    static abstract void Convolve(int length, float* points, float* spectrum);

    /// <summary>
    /// One split-radix step in place, for a length divisible by 4: points [0, n/2) become the problem of even frequencies,
    /// [n/2, 3n/4) that of frequencies 4m + 1, [3n/4, n) that of frequencies 4m − 1.
    /// </summary>
    /// <param name="length">Points n.</param>
    /// <param name="points">The points.</param>
    /// <param name="roots">n/4 pairs, the angle 2πk/n; not read when the step is unrolled.</param>
    static abstract void Split(int length, float* points, float* roots);

    /// <summary>The inverse of <see cref="Split"/>.</summary>
    static abstract void Merge(int length, float* points, float* roots);

    /// <summary>Forward columns; point (leg, column) is <c>vectors[column][leg]</c>, a vector, times the scalars <c>factors[column][leg]</c>.</summary>
    static abstract void ForwardOuter(
        int radix, int columns, float* roots, float* points, nint rowStride, float* vectors, float* factorsRe, float* factorsIm);

    /// <summary>Forward columns; point (leg, column) is two vectors at <c>rows + leg·legStride + column·tokenStride</c>.</summary>
    static abstract void ForwardPair(
        int radix, int columns, float* roots, float* points, nint rowStride, float* rows, nint tokenStride, nint legStride);

    /// <summary>As <see cref="ForwardPair"/>, times the conjugate of <c>twist[column][leg]</c>.</summary>
    static abstract void ForwardPairTwisted(
        int radix, int columns, float* roots, float* points, nint rowStride, float* rows, nint tokenStride, nint legStride, float* twist);

    /// <summary>Forward columns in place: leg and row l are both at <c>points + l·rowStride</c>.</summary>
    static abstract void ForwardPoints(int radix, int columns, float* roots, float* points, nint rowStride);

    /// <summary>Inverse columns; <c>accumulators[column][leg] += factorsRe[column][leg]·re + factorsIm[column][leg]·im</c>.</summary>
    static abstract void InverseContract(
        int radix, int columns, float* roots, float* points, nint rowStride, float* accumulators, float* factorsRe, float* factorsIm);

    /// <summary>Inverse columns, stored where <see cref="ForwardPair"/> loads.</summary>
    static abstract void InversePair(
        int radix, int columns, float* roots, float* points, nint rowStride, float* rows, nint tokenStride, nint legStride);

    /// <summary>Inverse columns times <c>twist[column][leg]</c>, added to what is there.</summary>
    static abstract void InversePairTwisted(
        int radix, int columns, float* roots, float* points, nint rowStride, float* rows, nint tokenStride, nint legStride, float* twist);

    /// <summary>Inverse columns in place.</summary>
    static abstract void InversePoints(int radix, int columns, float* roots, float* points, nint rowStride);
}
