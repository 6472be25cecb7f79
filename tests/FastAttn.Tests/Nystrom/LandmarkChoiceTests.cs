using FastAttn.Tests.Attention;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Nystrom;

/// <summary>Landmarks are distinct rows that take part, as many as asked for or as there are, each as likely as any other.</summary>
public sealed class LandmarkChoiceTests
{
    [Property]
    public void AreDistinctRowsThatTakePart(int seed)
    {
        var numbers = new Numbers(seed);
        int queries = numbers.Between(1, 40), keys = numbers.Chance(0.5) ? queries : numbers.Between(1, 40), asked = numbers.Between(1, 90);
        LandmarkSampling sampling = numbers.Pick(LandmarkSampling.Uniform, LandmarkSampling.Halves);
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(2, queries, 3) { KeyLength = keys }, seed) with
        {
            KeyMask = [.. Enumerable.Range(0, keys).Select(_ => numbers.Chance(0.6))],
        };
        problem.Query[0] = float.NaN;
        int[] landmarks = new SkyformerCase(problem, new SkyformerOptions { Landmarks = asked, Sampling = sampling, Seed = (ulong)seed }).Landmarks(0, 0);
        int[] allowedQueries = [.. Enumerable.Range(1, queries - 1).Where(i => queries != keys || problem.KeyMask[i])];
        int[] allowedKeys = [.. Enumerable.Range(0, keys).Where(j => problem.KeyMask[j]).Select(j => queries + j)];
        Assert.Equal(Math.Min(asked, allowedQueries.Length + allowedKeys.Length), landmarks.Distinct().Count());
        Assert.Equal(landmarks.Length, landmarks.Distinct().Count());
        Assert.Empty(landmarks.Except(allowedQueries).Except(allowedKeys));
        int half = (landmarks.Length + 1) / 2, fromQueries = landmarks.Count(row => row < queries);
        if (sampling == LandmarkSampling.Halves && allowedQueries.Length >= half && allowedKeys.Length >= landmarks.Length - half) Assert.Equal(half, fromQueries);
    }

    /// <summary>With replacement: as many as asked for, half of each side, every row of a side as likely as any other, and never one that takes no part.</summary>
    [Fact]
    public void RowsMayRepeat()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 6, 2) { KeyLength = 5 }, 1) with { KeyMask = [true, true, false, true, true] };
        problem.Query[0] = float.NaN;
        const int Draws = 2000, Each = 7;
        var counts = new int[11];
        for (int seed = 0; seed < Draws; seed++)
        {
            int[] landmarks = new SkyformerCase(problem, new SkyformerOptions { Landmarks = Each, Sampling = LandmarkSampling.Replacement, Seed = (ulong)seed }).Landmarks(0, 0);
            Assert.Equal(Each, landmarks.Length);
            Assert.Equal(4, landmarks.Count(row => row < 6));
            foreach (int row in landmarks) counts[row]++;
        }

        // 8,000 draws from five queries and 6,000 from four keys, binomial: six standard deviations.
        Assert.Equal((0, 0), (counts[0], counts[8]));
        Assert.All(counts[1..6], count => Assert.InRange(count, 1600 - (6 * Math.Sqrt(8000 * 0.2 * 0.8)), 1600 + (6 * Math.Sqrt(8000 * 0.2 * 0.8))));
        Assert.All([counts[6], counts[7], counts[9], counts[10]], count => Assert.InRange(count, 1500 - (6 * Math.Sqrt(6000 * 0.25 * 0.75)), 1500 + (6 * Math.Sqrt(6000 * 0.25 * 0.75))));

        AttentionProblem alone = problem with { KeyMask = [false, false, false, false, false] };
        Assert.Equal(Each, new SkyformerCase(alone, new SkyformerOptions { Landmarks = Each, Sampling = LandmarkSampling.Replacement }).Landmarks(0, 0).Count(row => row is > 0 and < 6));
    }

    [Fact]
    public void EachRowIsAsLikely()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(1, 12, 2) { KeyLength = 8 }, 1);
        const int Draws = 4000;
        var counts = new int[20];
        for (int seed = 0; seed < Draws; seed++)
        {
            foreach (int row in new SkyformerCase(problem, new SkyformerOptions { Landmarks = 5, Seed = (ulong)seed }).Landmarks(0, 0)) counts[row]++;
        }

        // Binomial with p = ¼: six standard deviations, passed by chance once in 10⁷ for twenty rows.
        double deviation = Math.Sqrt(Draws * 0.25 * 0.75);
        Assert.All(counts, count => Assert.InRange(count, (Draws / 4) - (6 * deviation), (Draws / 4) + (6 * deviation)));
    }

    [Fact]
    public void SeedsAndHeadsDrawTheirOwn()
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(2, 100, 2) { Batch = 2 }, 1);
        var options = new SkyformerOptions { Landmarks = 30, Seed = 4 };
        int[] first = new SkyformerCase(problem, options).Landmarks(0, 0);
        Assert.Equal(first, new SkyformerCase(problem, options).Landmarks(1, 0));
        Assert.NotEqual(first, new SkyformerCase(problem, options).Landmarks(0, 1));
        Assert.NotEqual(first, new SkyformerCase(problem, options with { Seed = 5 }).Landmarks(0, 0));
    }
}
