namespace FastAttn.Costs;

/// <summary>
/// What a tier's kernels cost. It decides which method runs, never whether the answer is right. Every figure is above zero.
/// </summary>
internal sealed record CostTable
{
    /// <summary>Transform lengths that have a figure: 2^6 … 2^18.</summary>
    public const int FirstLog2 = 6;

    /// <inheritdoc cref="FirstLog2"/>
    public const int FftFigures = 13;

    /// <summary>Multiply-adds per nanosecond, times two, of the direct tiles.</summary>
    public required double DirectGflops { get; init; }

    /// <summary>The same of the state products.</summary>
    public required double LinearGflops { get; init; }

    /// <summary>The same of the states of tails.</summary>
    public required double TailGflops { get; init; }

    /// <summary>The same of a multipole tree.</summary>
    public required double MultipoleGflops { get; init; }

    /// <summary>
    /// What a call does besides its method, which is the same for all of them: features, norms, certificate, division. Nanoseconds
    /// a token, query or key, and feature where rows have 64 entries.
    /// </summary>
    public required double AroundNanoseconds { get; init; }

    /// <summary>
    /// Nanoseconds per point for two features and one vector of value columns, both halves, at lengths 2^6, 2^7 … ; the last
    /// holds beyond. Lengths 3·2^a and 5·2^a are read between their neighbours.
    /// </summary>
    public required IReadOnlyList<double> FftNanoseconds { get; init; }

    /// <summary>Every figure by the name it has in files.</summary>
    public IEnumerable<(string Name, IReadOnlyList<double> Figures)> Named =>
    [
        ("directGflops", [DirectGflops]),
        ("linearGflops", [LinearGflops]),
        ("tailGflops", [TailGflops]),
        ("multipoleGflops", [MultipoleGflops]),
        ("aroundNanoseconds", [AroundNanoseconds]),
        ("fftNanoseconds", FftNanoseconds),
    ];

    /// <summary>Every figure as a person reads it.</summary>
    public IEnumerable<CostFigure> Figures =>
    [
        new("direct", "GFLOP/s", DirectGflops),
        new("linear", "GFLOP/s", LinearGflops),
        new("states of tails", "GFLOP/s", TailGflops),
        new("multipole tree", "GFLOP/s", MultipoleGflops),
        new("around any method", "ns a token and feature", AroundNanoseconds),
        .. FftNanoseconds.Select((figure, index) => new CostFigure(Invariant($"fft, length {1 << (FirstLog2 + index)}"), "ns a point", figure)),
    ];

    /// <summary>
    /// The shipped table of a tier: what the <c>costs</c> command of the benchmark program measured on a Zen 4, middles of several runs. Only ratios decide.
    /// </summary>
    public static CostTable Shipped(InstructionTier tier) => tier switch
    {
        InstructionTier.Avx512 => new()
        {
            DirectGflops = 110,
            LinearGflops = 97.7,
            TailGflops = 164,
            MultipoleGflops = 88.7,
            AroundNanoseconds = 1.9,
            FftNanoseconds = [19.4, 23.8, 25.7, 26.8, 29.5, 33.2, 37.9, 42.9, 50.3, 52.0, 66.0, 88.0, 90.0],
        },
        InstructionTier.Avx2 => new()
        {
            DirectGflops = 108,
            LinearGflops = 90,
            TailGflops = 136,
            MultipoleGflops = 67.4,
            AroundNanoseconds = 1.9,
            FftNanoseconds = [11.1, 11.9, 12.7, 15.9, 17.1, 18.5, 20.3, 24.3, 28.1, 31.9, 36.0, 60.0, 66.0],
        },

        // NEON takes the portable figures, which have as many lanes, until someone runs the command on such a machine.
        InstructionTier.Neon or InstructionTier.Portable => new()
        {
            DirectGflops = 49.8,
            LinearGflops = 36.9,
            TailGflops = 62.8,
            MultipoleGflops = 31.5,
            AroundNanoseconds = 3.3,
            FftNanoseconds = [11.5, 12.9, 14.4, 17.4, 18.3, 20.2, 22.3, 24.1, 27.0, 27.5, 28.7, 33.4, 38.4],
        },
    };

    /// <summary>The table whose figures a function gives by their name; it throws for a name it does not know.</summary>
    /// <exception cref="FormatException">There are too many or too few figures of a name.</exception>
    public static CostTable FromNamed(Func<string, IReadOnlyList<double>> figures)
    {
        IReadOnlyList<double> transforms = figures("fftNanoseconds");
        return transforms.Count == FftFigures
            ? new()
            {
                DirectGflops = One("directGflops"),
                LinearGflops = One("linearGflops"),
                TailGflops = One("tailGflops"),
                MultipoleGflops = One("multipoleGflops"),
                AroundNanoseconds = One("aroundNanoseconds"),
                FftNanoseconds = transforms,
            }
            : throw new FormatException(Invariant($"{transforms.Count} figures for transforms"));

        double One(string name) => figures(name) is [double figure] ? figure : throw new FormatException(Invariant($"not one figure for {name}"));
    }

    /// <summary>Nanoseconds per point at any length, between the measured ones linear in the logarithm.</summary>
    public double FftNanosecondsPerPoint(int length)
    {
        double position = Math.Clamp(Math.Log2(length) - FirstLog2, 0, FftNanoseconds.Count - 1);
        int below = Math.Min((int)position, FftNanoseconds.Count - 2);
        return FftNanoseconds[below] + ((position - below) * (FftNanoseconds[below + 1] - FftNanoseconds[below]));
    }
}
