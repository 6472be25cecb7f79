namespace FastAttn.Fft;

/// <summary>How a cyclic convolution of one length is done: at once, or by splitting it into smaller ones.</summary>
internal enum CyclicStepKind
{
    /// <summary>In registers, by one codelet.</summary>
    Convolve,

    /// <summary>One split-radix step: half the length, and twice a quarter of it.</summary>
    Split,

    /// <summary>Column transforms of a matrix with <see cref="CyclicStep.Radix"/> rows; the rows are left.</summary>
    Columns,
}

/// <summary>
/// One step of the recursion, with its table of roots. A cyclic convolution splits into smaller cyclic convolutions; the order in
/// which frequencies come out is whatever that leaves, and the spectrum is stored in the same order, so nothing is ever reordered.
/// </summary>
internal sealed unsafe class CyclicStep
{
    public required CyclicStepKind Kind { get; init; }

    public required int Length { get; init; }

    /// <summary>Rows of a <see cref="CyclicStepKind.Columns"/> step.</summary>
    public int Radix { get; init; }

    /// <summary>Roots of a split or columns step, as the codelets want them.</summary>
    public float* Roots { get; init; }

    /// <summary>The half-length problem of a split, or a row.</summary>
    public CyclicStep? First { get; init; }

    /// <summary>The quarter-length problems of a split.</summary>
    public CyclicStep? Second { get; init; }

    /// <summary>The codelets this step calls, each once, outermost first: <c>Columns16</c>, <c>Split64</c>, <c>Convolve16</c>.</summary>
    public IEnumerable<string> Codelets =>
        new[] { Invariant($"{Kind}{(Kind == CyclicStepKind.Columns ? Radix : Length)}") }
            .Concat(First?.Codelets ?? []).Concat(Second?.Codelets ?? []).Distinct();

    /// <summary>
    /// Writes which frequency of the whole problem each position of the spectrum holds: this step stands for the frequencies
    /// first, first + stride, first + 2·stride … (modulo the whole length).
    /// </summary>
    public void WriteFrequencies(Span<int> frequencies, long first, long stride, int wholeLength)
    {
        switch (Kind)
        {
            case CyclicStepKind.Convolve:
                for (int k = 0; k < Length; k++)
                {
                    long frequency = (first + (stride * k)) % wholeLength;
                    frequencies[k] = (int)(frequency < 0 ? frequency + wholeLength : frequency);
                }

                break;
            case CyclicStepKind.Split:
                int half = Length / 2, quarter = Length / 4;
                First!.WriteFrequencies(frequencies[..half], first, 2 * stride, wholeLength);
                Second!.WriteFrequencies(frequencies.Slice(half, quarter), first + stride, 4 * stride, wholeLength);
                Second.WriteFrequencies(frequencies[(half + quarter)..], first - stride, 4 * stride, wholeLength);
                break;
            default:
                int columns = Length / Radix;
                for (int row = 0; row < Radix; row++)
                    First!.WriteFrequencies(frequencies.Slice(row * columns, columns), first + (row * stride), Radix * stride, wholeLength);
                break;
        }
    }
}
