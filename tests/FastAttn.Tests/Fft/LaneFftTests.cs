using FastAttn.Fft;

namespace FastAttn.Tests.Fft;

/// <summary>Lengths, slots, and which codelets a length calls.</summary>
public class LaneFftTests
{
    public static TheoryData<FftKernelSet> Kernels => FftKernelSet.OfThisHost();

    [Fact]
    public void NextLength_is_the_shortest_of_its_form()
    {
        int[] lengths = [.. Enumerable.Range(8, 5000).Where(IsSupported)];
        for (int n = 1; n <= 4096; n++)
        {
            Assert.Equal(lengths.First(length => length >= n), LaneFft.NextLength(n));
            Assert.Equal(lengths.LastOrDefault(length => length <= n), FftRecipe.PreviousLength(n));
        }

        Assert.Equal(1 << 22, LaneFft.NextLength((5 << 19) * 3 / 2 + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => LaneFft.NextLength(FftRecipe.MaximumLength + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => LaneFft.Get(1000, 16));

        static bool IsSupported(int n)
        {
            if (n % 4 != 0) return false;
            while (n % 2 == 0) n /= 2;
            return n is 1 or 3 or 5;
        }
    }

    [Fact]
    public void Slots_are_a_permutation_with_columns_together()
    {
        foreach (int length in LaneConvolutionTests.Lengths(2000))
        {
            LaneFft fft = LaneFft.Get(length, 8);
            Assert.Equal(length, fft.Rows * fft.Columns);
            Assert.Equal(Enumerable.Range(0, length), Enumerable.Range(0, length).Select(fft.Slot).Order());
            for (int t = 0; t < length; t++) Assert.Equal((t % fft.Columns * fft.Rows) + (t / fft.Columns), fft.Slot(t));
        }
    }

    [Fact]
    public void Tables_are_made_once() => Assert.Same(LaneFft.Get(512, 4), LaneFft.Get(512, 4));

    /// <summary>What the driver really calls, recorded, is what the plan says.</summary>
    [Theory]
    [InlineData(1024, "Columns16 Columns8 Convolve8")]
    [InlineData(512, "Columns16 Columns8 Convolve4")]
    [InlineData(256, "Columns16 Convolve16")]
    [InlineData(768, "Columns16 Columns8 Convolve6")]
    [InlineData(640, "Columns16 Columns8 Convolve5")]
    [InlineData(96, "Columns8 Convolve12")]
    public void The_plan_names_the_codelets_that_the_driver_calls(int length, string codelets)
    {
        Assert.Equal(codelets, string.Join(' ', LaneFft.Get(length, RecordingCodelets.FftLanes).Codelets));
        Assert.Equal(codelets.Split(' ').Order(), RecordingCodelets.Record(length).Order());
    }

    /// <summary>A long split-radix step over columns, and columns within rows beyond the cache.</summary>
    [Theory]
    [InlineData(8192, "Columns16 Split512 Columns16 Convolve16 Columns8")]
    [InlineData(65536, "Columns16 Columns8 Split512 Convolve16")]
    public void Long_plans_mix_splits_and_columns(int length, string codelets)
    {
        IReadOnlyCollection<string> called = RecordingCodelets.Record(length);
        Assert.Equal(LaneFft.Get(length, RecordingCodelets.FftLanes).Codelets.Order(), called.Order());
        Assert.Equal(codelets.Split(' ').Distinct().Order(), called.Order());
    }

    /// <summary>Whatever any plan asks for exists, unrolled where it is small.</summary>
    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_codelet_a_plan_asks_for_exists(FftKernelSet kernels)
    {
        foreach (int length in LaneConvolutionTests.Lengths(1 << 17))
        {
            for (CyclicStep? step = LaneFft.Get(length, kernels.Lanes).Outer; step is not null; step = step.First) Check(step);
        }

        void Check(CyclicStep step)
        {
            bool exists = step.Kind switch
            {
                CyclicStepKind.Convolve => kernels.HasConvolve(step.Length),
                CyclicStepKind.Columns => kernels.HasColumns(step.Radix),
                _ => step.Length > 64 || kernels.HasUnrolledSplit(step.Length),
            };
            Assert.True(exists, $"{kernels}: {step.Kind} {step.Length}");
            if (step.Second is not null) Check(step.Second);
        }
    }
}
