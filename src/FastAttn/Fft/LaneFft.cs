using System.Collections.Concurrent;
using System.Numerics;
using FastAttn.Memory;
using FastAttn.Threading;

namespace FastAttn.Fft;

/// <summary>
/// Tables for Toeplitz products of one length N with a given number of columns in lanes. Immutable, thread-safe, cached for the
/// life of the process. Two cyclic convolutions of length N make one Toeplitz product (halves form): x^2N − 1 = (x^N − 1)(x^N + 1),
/// the second one on x twisted by w^t, w = exp(−iπ/N).
/// </summary>
internal sealed unsafe class LaneFft
{
    private static readonly ConcurrentDictionary<(int Length, int Lanes), Once<LaneFft>> Cache = new();

    private readonly int[] _frequencies;

    private LaneFft(int length, int lanes)
    {
        Length = length;
        Lanes = lanes;
        Rows = FftRecipe.OuterRadix(length);
        Columns = length / Rows;
        Tables = new FftTables();
        Outer = BuildColumns(length, Rows, []);
        Twist = Tables.Add(2L * length, table =>
        {
            for (int t = 0; t < length; t++) WriteRoot(table, t, t, 2L * length);
        });
        SlotTwist = Tables.Add(2L * length, table =>
        {
            for (int t = 0; t < length; t++) WriteRoot(table, Slot(t), t, 2L * length);
        });
        _frequencies = new int[length];
        Outer.WriteFrequencies(_frequencies, 0, 1, length);
    }

    /// <summary>N.</summary>
    public int Length { get; }

    /// <summary>Columns in a point.</summary>
    public int Lanes { get; }

    /// <summary>Rows of the outermost step, N1.</summary>
    public int Rows { get; }

    /// <summary>Columns of the outermost step, N2 = N / N1.</summary>
    public int Columns { get; }

    /// <summary>Floats of work memory for one call.</summary>
    public long WorkFloats => (long)Rows * RowStride;

    /// <summary>cos and sin of πt/N for every token t, in natural order: the angle by which the skew half is twisted.</summary>
    public float* Twist { get; }

    /// <summary>The codelets that a product of this length calls, each once, outermost first.</summary>
    public IEnumerable<string> Codelets => Outer.Codelets;

    /// <summary><see cref="Twist"/> in slot order.</summary>
    internal float* SlotTwist { get; }

    /// <summary>The outermost step.</summary>
    internal CyclicStep Outer { get; }

    /// <summary>Floats between rows of the work array: a point more than a row, because strides of a power of two thrash the cache's sets.</summary>
    internal nint RowStride => (nint)(Columns + 1) * 2 * Lanes;

    private FftTables Tables { get; }

    /// <summary>The tables for a length that <see cref="NextLength"/> returned.</summary>
    public static LaneFft Get(int length, int lanes)
    {
        if (NextLength(length) != length)
            throw new ArgumentOutOfRangeException(nameof(length), Invariant($"length {length}; the next one is {NextLength(length)}"));
        return Cache.GetOrAdd((length, lanes), key => new Once<LaneFft>(() => new LaneFft(key.Length, key.Lanes))).Value;
    }

    /// <summary>The cheapest supported length ≥ <paramref name="n"/>.</summary>
    public static int NextLength(int n) => FftRecipe.NextLength(n);

    /// <summary>Where token t lies in slot order: t = t1·Columns + t2 is slot t2·Rows + t1, so that columns lie together.</summary>
    public int Slot(int t) => (t % Columns * Rows) + (t / Columns);

    /// <summary>
    /// The spectra of a Toeplitz matrix, in the order the convolution meets them, for <see cref="LaneConvolution{TKernels}"/>.
    /// The factors ½ of the halves form and 1/N of the inverse transform are in them.
    /// </summary>
    /// <param name="coefficients"><c>[outputLength + inputLength − 1]</c>; entry (j − i) + (outputLength − 1) multiplies x_j in y_i.</param>
    /// <param name="outputLength">Rows of y, at most N.</param>
    /// <param name="inputLength">Rows of x, at most N.</param>
    /// <param name="spectrum"><c>[2][N][2]</c>: cyclic half, then skew half; (re, im).</param>
    public void Spectrum(double* coefficients, int outputLength, int inputLength, float* spectrum)
    {
        // y_i = Σ_j h_{i−j} x_j with h_t = c_{−t}, on a circle of 2N; even frequencies are the cyclic half's, odd ones the skew half's.
        var circle = new Complex[2 * Length];
        for (int t = 0; t < outputLength; t++) circle[t] = coefficients[outputLength - 1 - t];
        for (int t = 1; t < inputLength; t++) circle[^t] = coefficients[outputLength - 1 + t];
        Complex[] transform = Transform64.Forward(circle);
        for (int half = 0; half < 2; half++)
        {
            for (int position = 0; position < Length; position++)
            {
                Complex value = transform[(2 * _frequencies[position]) + half] / (2.0 * Length);
                *spectrum++ = (float)value.Real;
                *spectrum++ = (float)value.Imaginary;
            }
        }
    }

    private CyclicStep Build(int length, Dictionary<int, CyclicStep> built)
    {
        if (built.TryGetValue(length, out CyclicStep? step)) return step;
        (CyclicStepKind kind, int radix) = FftRecipe.Step(length, Lanes);
        step = kind switch
        {
            CyclicStepKind.Convolve => new CyclicStep { Kind = kind, Length = length },
            CyclicStepKind.Split => new CyclicStep
            {
                Kind = kind,
                Length = length,
                First = Build(length / 2, built),
                Second = Build(length / 4, built),
                Roots = Tables.Add(length / 2, table =>
                {
                    for (int k = 0; k < length / 4; k++) WriteRoot(table, k, k, length);
                }),
            },
            _ => BuildColumns(length, radix, built),
        };
        built.Add(length, step);
        return step;
    }

    private CyclicStep BuildColumns(int length, int radix, Dictionary<int, CyclicStep> built)
    {
        int columns = length / radix;
        return new CyclicStep
        {
            Kind = CyclicStepKind.Columns,
            Length = length,
            Radix = radix,
            First = Build(columns, built),
            Roots = Tables.Add(2L * (radix - 1) * columns, table =>
            {
                for (int column = 0; column < columns; column++)
                    for (int row = 1; row < radix; row++)
                        WriteRoot(table, (column * (radix - 1L)) + row - 1, (long)column * row, length);
            }),
        };
    }

    /// <summary>cos and sin of 2π·numerator/denominator.</summary>
    private static void WriteRoot(float* table, long index, long numerator, long denominator)
    {
        Complex root = Transform64.Root(numerator, denominator);
        table[2 * index] = (float)root.Real;
        table[(2 * index) + 1] = (float)-root.Imaginary;
    }
}
