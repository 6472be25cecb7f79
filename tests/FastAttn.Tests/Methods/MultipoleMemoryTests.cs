using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Positions;

namespace FastAttn.Tests.Methods;

/// <summary>What a multipole tree takes besides sums and packed keys stays within its promise however long the sequence, for two threads.</summary>
public sealed class MultipoleMemoryTests
{
    private const double Mebibyte = 1 << 20;

    [Theory]
    [InlineData(64, 64)]
    [InlineData(1, 1)]
    [InlineData(256, 80)]
    [InlineData(100, 512)]
    public void StatesStayWithin64MiB(int features, int valueDimension)
    {
        for (long tokens = 1; tokens < 1 << 26; tokens = (2 * tokens) + 1)
        {
            foreach (int rank in (int[])[4, 10, SmoothTails.MostRank])
            {
                double mebibytes = Tiers.Visit(Tiers.Current, new Measuring((int)tokens, features, valueDimension, rank)) / Mebibyte;
                Assert.True(mebibytes <= 64, $"{tokens} tokens, rank {rank}: {mebibytes:f1} MiB");
            }
        }
    }

    private sealed class Measuring(int tokens, int features, int valueDimension, int rank) : ITierVisitor<long>
    {
        public long Visit<TKernels>()
            where TKernels : struct, IKernels
        {
            int columns = Padding.RoundUp(valueDimension, TKernels.Lanes);
            var problem = new HeadProblem
            {
                QueryCount = tokens,
                KeyCount = tokens,
                Features = features,
                FeatureStride = Padding.RoundUp(features, 2 * TKernels.Lanes),
            };
            int[] ranks = new int[MultipoleSizes.LevelsFor(tokens)];
            Array.Fill(ranks, rank);
            var arena = Arena.Measuring;
            var tree = new MultipoleTree<TKernels>(
                problem, default, new PartialSums { NumeratorStride = columns }, 0, ranks, new MultipoleSizes(problem, ranks, columns, TKernels.Lanes), ref arena);
            for (int worker = 0; worker < 2; worker++) tree.TakeScratch(ref arena);
            return arena.Peak;
        }
    }
}
