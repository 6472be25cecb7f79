using FastAttn.Fft;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Fft;

/// <summary>Toeplitz products by Fourier transform against float64, on every instruction set of this host.</summary>
public unsafe class LaneConvolutionTests
{
    /// <summary>
    /// An element of a product is off by at most this many 2⁻²⁴ of ‖c‖₂·‖x‖₂, x the two columns of a point together. It is twice
    /// the worst seen, 3.5, in a scan of 22 lengths from 8 to 65536 with normal and with one-signed numbers, 60,000 rows a length
    /// on each of AVX-512 (3.1), AVX2 (3.5) and portable (3.0); it hardly grows with the length, because one-signed sums are as
    /// large as the bound and random ones far below it.
    /// </summary>
    private const double Kappa = 7;

    private const double HalfUlp = 1.0 / (1 << 24);

    public static TheoryData<FftKernelSet> Kernels => FftKernelSet.OfThisHost();

    public static IEnumerable<int> Lengths(int most)
    {
        for (int length = LaneFft.NextLength(1); length <= most; length = LaneFft.NextLength(length + 1)) yield return length;
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void MultiplyPair_is_the_product_for_every_length(FftKernelSet kernels)
    {
        foreach (int length in Lengths(1300)) CheckPair(kernels, length, length, length, rows: 60);
        foreach (int length in (int[])[2048, 4096, 5120, 6144, 8192, 16384, 32768, 40960, 65536]) CheckPair(kernels, length, length, length, rows: 6);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void MultiplyPair_takes_rectangles_within_its_length(FftKernelSet kernels)
    {
        foreach ((int outputLength, int inputLength) in ((int, int)[])[(1, 1), (1, 64), (64, 1), (3, 61), (50, 64), (64, 33), (63, 63)])
            CheckPair(kernels, 64, outputLength, inputLength, rows: outputLength);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void AccumulateOuter_is_the_product_between_scalars_for_every_length(FftKernelSet kernels)
    {
        foreach (int length in Lengths(700)) CheckOuter(kernels, length, length, length);
        foreach ((int length, int outputLength, int inputLength) in ((int, int, int)[])
            [(96, 96, 1), (96, 5, 90), (1024, 1000, 777), (4096, 4095, 4096), (10240, 10001, 9000), (16384, 16384, 12000)])
        {
            CheckOuter(kernels, length, outputLength, inputLength);
        }
    }

    /// <summary>Columns of zeros change nothing when they are left out, and what would come out there is not missed.</summary>
    [Theory]
    [MemberData(nameof(Kernels))]
    public void Columns_without_tokens_are_passed_over(FftKernelSet kernels)
    {
        foreach ((int length, int run, int pitch) in ((int, int, int)[])[(128, 3, 8), (512, 16, 32), (640, 1, 5), (1536, 40, 96), (8192, 64, 128)])
        {
            LaneFft fft = LaneFft.Get(length, kernels.Lanes);
            var runs = new ColumnRuns(fft.Columns / pitch, run, pitch);
            int lanes = kernels.Lanes, slots = runs.Columns * fft.Rows;
            using NativeFloats spectrum = Spectrum(fft, Coefficients(length, length, 3), length, length);
            using NativeFloats wholeVectors = new((long)length * lanes), wholeSums = new((long)length * lanes), wholeScalars = new(8L * length);
            using NativeFloats vectors = new((long)slots * lanes), sums = new((long)slots * lanes), scalars = new(8L * slots), work = new(fft.WorkFloats);
            var numbers = new Numbers(length);
            for (int slot = 0; slot < slots; slot++)
            {
                int whole = (runs.Column(slot / fft.Rows) * fft.Rows) + (slot % fft.Rows);
                for (int lane = 0; lane < lanes; lane++)
                    wholeVectors[((long)whole * lanes) + lane] = vectors[((long)slot * lanes) + lane] = (float)numbers.Normal();
                for (int i = 0; i < 8; i++) wholeScalars[((long)i * length) + whole] = scalars[((long)i * slots) + slot] = (float)numbers.Normal();
            }

            float*[] wholeArrays = new float*[8], arrays = new float*[8];
            for (int i = 0; i < 8; i++)
            {
                wholeArrays[i] = wholeScalars.Pointer + ((long)i * length);
                arrays[i] = scalars.Pointer + ((long)i * slots);
            }

            for (long i = 0; i < fft.WorkFloats; i++) work[i] = float.NaN;
            kernels.AccumulateOuter(fft, runs, spectrum.Pointer, vectors.Pointer, arrays, sums.Pointer, work.Pointer);
            kernels.AccumulateOuter(fft, ColumnRuns.All(fft), spectrum.Pointer, wholeVectors.Pointer, wholeArrays, wholeSums.Pointer, work.Pointer);
            for (int slot = 0; slot < slots; slot++)
            {
                int whole = (runs.Column(slot / fft.Rows) * fft.Rows) + (slot % fft.Rows);
                for (int lane = 0; lane < lanes; lane++) Assert.Equal(wholeSums[((long)whole * lanes) + lane], sums[((long)slot * lanes) + lane]);
            }
        }
    }

    /// <summary>The two columns of a point, and the lanes of a vector, never touch each other.</summary>
    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_column_of_zeros_stays_exactly_zero_in_its_lane(FftKernelSet kernels)
    {
        const int Length = 320;
        LaneFft fft = LaneFft.Get(Length, kernels.Lanes);
        int width = 2 * kernels.Lanes;
        using NativeFloats spectrum = Spectrum(fft, Coefficients(Length, Length, 3), Length, Length);
        using NativeFloats x = new((long)Length * width), y = new((long)Length * width), work = new(fft.WorkFloats);
        for (int t = 0; t < Length; t++)
        {
            for (int lane = 0; lane < width; lane++)
                x[(t * width) + lane] = lane % kernels.Lanes == 1 ? 0 : (float)new Numbers(t + lane).Normal();
        }

        kernels.MultiplyPair(fft, spectrum.Pointer, x.Pointer, width, y.Pointer, width, work.Pointer);
        for (int t = 0; t < Length; t++)
        {
            Assert.Equal(0, y[(t * width) + 1]);
            Assert.Equal(0, y[(t * width) + kernels.Lanes + 1]);
            Assert.NotEqual(0, y[t * width]);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void An_impulse_gives_the_coefficients_back(FftKernelSet kernels)
    {
        foreach (int length in (int[])[8, 60, 64, 96, 640])
        {
            int n = LaneFft.NextLength(length);
            LaneFft fft = LaneFft.Get(n, kernels.Lanes);
            double[] c = Coefficients(n, n, n);
            int width = 2 * kernels.Lanes;
            using NativeFloats spectrum = Spectrum(fft, c, n, n);
            using NativeFloats x = new((long)n * width), y = new((long)n * width), work = new(fft.WorkFloats);
            for (int lane = 0; lane < width; lane++) x[((lane * 7 % n) * width) + lane] = 1;
            kernels.MultiplyPair(fft, spectrum.Pointer, x.Pointer, width, y.Pointer, width, work.Pointer);
            double tolerance = Kappa * HalfUlp * ToeplitzReference.Norm(c);
            for (int i = 0; i < n; i++)
            {
                for (int lane = 0; lane < width; lane++)
                    Assert.Equal(c[(lane * 7 % n) - i + n - 1], y[(i * width) + lane], tolerance);
            }
        }
    }

    /// <summary>T(ax + by) = aTx + bTy, and a shift of the coefficients shifts the product.</summary>
    [Property]
    public void Products_are_linear_and_shift(int seed)
    {
        var numbers = new Numbers(seed);
        foreach (FftKernelSet kernels in Kernels)
        {
            int n = LaneFft.NextLength(numbers.Between(1, 200));
            int outputLength = numbers.Between(1, n), inputLength = numbers.Between(1, n - 1);
            double[] c = Coefficients(outputLength, inputLength + 1, seed);
            double[] x = Column(inputLength, seed + 1), z = Column(inputLength, seed + 2);
            float a = (float)numbers.Normal(), b = (float)numbers.Normal();
            double[] mixed = [.. x.Zip(z, (left, right) => (double)(float)((a * left) + (b * right)))];

            // Moving x down by one row is moving the coefficients one entry on.
            double[] moved = [0, .. x];
            double[][] plain = Multiply(kernels, n, c[1..], outputLength, [x, z, mixed]);
            double[] shifted = Multiply(kernels, n, c, outputLength, [moved])[0];
            double norm = ToeplitzReference.Norm(c) * HalfUlp;
            double size = ToeplitzReference.Norm(x) + ToeplitzReference.Norm(z);
            for (int i = 0; i < outputLength; i++)
            {
                Assert.Equal((a * plain[0][i]) + (b * plain[1][i]), plain[2][i], ((3 * Kappa) + 1) * norm * size * (1 + Math.Abs(a) + Math.Abs(b)));
                Assert.Equal(plain[0][i], shifted[i], 2 * Kappa * norm * size);
            }
        }
    }

    private static double[][] Multiply(FftKernelSet kernels, int length, double[] c, int outputLength, double[][] columns)
    {
        LaneFft fft = LaneFft.Get(length, kernels.Lanes);
        int width = 2 * kernels.Lanes;
        using NativeFloats spectrum = Spectrum(fft, c, outputLength, c.Length - outputLength + 1);
        using NativeFloats x = new((long)length * width), y = new((long)length * width), work = new(fft.WorkFloats);
        for (int column = 0; column < columns.Length; column++)
        {
            for (int t = 0; t < columns[column].Length; t++) x[((long)t * width) + column] = (float)columns[column][t];
        }

        kernels.MultiplyPair(fft, spectrum.Pointer, x.Pointer, width, y.Pointer, width, work.Pointer);
        return [.. columns.Select((_, column) => Enumerable.Range(0, outputLength).Select(i => (double)y[((long)i * width) + column]).ToArray())];
    }

    private static void CheckPair(FftKernelSet kernels, int length, int outputLength, int inputLength, int rows)
    {
        LaneFft fft = LaneFft.Get(length, kernels.Lanes);
        int width = 2 * kernels.Lanes, xStride = 3 * kernels.Lanes, yStride = width;
        double[] c = Coefficients(outputLength, inputLength, length);
        using NativeFloats spectrum = Spectrum(fft, c, outputLength, inputLength);
        using NativeFloats x = new((long)length * xStride), y = new((long)length * yStride), work = new(fft.WorkFloats);
        double[][] columns = [.. Enumerable.Range(0, width).Select(lane => Column(inputLength, (31 * length) + lane))];
        for (int t = 0; t < inputLength; t++)
        {
            for (int lane = 0; lane < width; lane++) x[((long)t * xStride) + lane] = (float)columns[lane][t];
        }

        kernels.MultiplyPair(fft, spectrum.Pointer, x.Pointer, xStride, y.Pointer, yStride, work.Pointer);
        double norm = ToeplitzReference.Norm(c) * HalfUlp;
        foreach (int lane in (int[])[0, 1, kernels.Lanes - 1, kernels.Lanes, width - 1])
        {
            // Two columns share a complex number, and with it their rounding.
            double tolerance = Kappa * norm * ToeplitzReference.Norm([.. columns[lane], .. columns[(lane + kernels.Lanes) % width]]);
            for (int k = 0; k < rows; k++)
            {
                int i = (int)((long)k * (outputLength - 1) / Math.Max(1, rows - 1));
                double expected = ToeplitzReference.Element(c, outputLength, i, columns[lane]);
                Assert.True(
                    Math.Abs(expected - y[((long)i * yStride) + lane]) <= tolerance,
                    $"{kernels}, length {length}, {outputLength} × {inputLength}, row {i}, lane {lane}: {y[((long)i * yStride) + lane]}, expected {expected} ± {tolerance}");
            }
        }
    }

    private static void CheckOuter(FftKernelSet kernels, int length, int outputLength, int inputLength)
    {
        LaneFft fft = LaneFft.Get(length, kernels.Lanes);
        int lanes = kernels.Lanes;
        double[] c = Coefficients(outputLength, inputLength, length);
        var numbers = new Numbers(length);
        float[] key0 = numbers.Normals(inputLength), key1 = numbers.Normals(inputLength);
        float[] query0 = numbers.Normals(outputLength), query1 = numbers.Normals(outputLength);
        float[] values = numbers.Normals((long)inputLength * lanes);
        float[] before = numbers.Normals(lanes);
        using NativeFloats spectrum = Spectrum(fft, c, outputLength, inputLength);
        using NativeFloats vectors = new((long)length * lanes), accumulators = new((long)length * lanes), work = new(fft.WorkFloats);
        using NativeFloats scalars = new(8L * length);
        float*[] arrays = new float*[8];
        for (int i = 0; i < 8; i++) arrays[i] = scalars.Pointer + ((long)i * length);
        for (int t = 0; t < length; t++)
        {
            int slot = fft.Slot(t);
            float cos = fft.Twist[2 * t], sin = fft.Twist[(2 * t) + 1];
            (float k0, float k1) = t < inputLength ? (key0[t], key1[t]) : (0, 0);
            (float q0, float q1) = t < outputLength ? (query0[t], query1[t]) : (0, 0);
            (arrays[0][slot], arrays[1][slot]) = (k0, k1);
            (arrays[2][slot], arrays[3][slot]) = ((k0 * cos) + (k1 * sin), (k1 * cos) - (k0 * sin));
            (arrays[4][slot], arrays[5][slot]) = (q0, q1);
            (arrays[6][slot], arrays[7][slot]) = ((q0 * cos) + (q1 * sin), (q1 * cos) - (q0 * sin));
            for (int lane = 0; lane < lanes; lane++)
            {
                accumulators[((long)slot * lanes) + lane] = before[lane];
                if (t < inputLength) vectors[((long)slot * lanes) + lane] = values[(t * lanes) + lane];
            }
        }

        kernels.AccumulateOuter(fft, ColumnRuns.All(fft), spectrum.Pointer, vectors.Pointer, arrays, accumulators.Pointer, work.Pointer);
        foreach (int lane in (int[])[0, lanes - 1])
        {
            double[] x0 = [.. Enumerable.Range(0, inputLength).Select(t => (double)key0[t] * values[(t * lanes) + lane])];
            double[] x1 = [.. Enumerable.Range(0, inputLength).Select(t => (double)key1[t] * values[(t * lanes) + lane])];

            // The two products share a complex number, so each is as exact as both together allow.
            double size = HalfUlp * ToeplitzReference.Norm(c) * (ToeplitzReference.Norm(x0) + ToeplitzReference.Norm(x1));
            for (int k = 0; k < 12; k++)
            {
                int i = (int)((long)k * (outputLength - 1) / 11);
                double expected = before[lane] + (query0[i] * ToeplitzReference.Element(c, outputLength, i, x0))
                    + (query1[i] * ToeplitzReference.Element(c, outputLength, i, x1));
                double tolerance = (Kappa * size * (Math.Abs(query0[i]) + Math.Abs(query1[i]))) + (4 * HalfUlp * Math.Abs(expected)) + (4 * HalfUlp * Math.Abs(before[lane]));
                double came = accumulators[((long)fft.Slot(i) * lanes) + lane];
                Assert.True(Math.Abs(expected - came) <= tolerance, $"{kernels}, length {length}, row {i}, lane {lane}: {came}, expected {expected} ± {tolerance}");
            }
        }
    }

    private static double[] Coefficients(int outputLength, int inputLength, int seed) => Column(outputLength + inputLength - 1, 1_000_003 + seed);

    /// <summary>Normal float32 numbers.</summary>
    private static double[] Column(int length, int seed) => [.. new Numbers(seed).Normals(length).Select(value => (double)value)];

    private static NativeFloats Spectrum(LaneFft fft, double[] coefficients, int outputLength, int inputLength)
    {
        var spectrum = new NativeFloats(4L * fft.Length);
        fixed (double* c = coefficients) fft.Spectrum(c, outputLength, inputLength, spectrum.Pointer);
        return spectrum;
    }
}
