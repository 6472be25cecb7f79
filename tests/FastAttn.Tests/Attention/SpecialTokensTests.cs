using FastAttn.Tests.Infrastructure;
using Xunit;

namespace FastAttn.Tests.Attention;

/// <summary>Special tokens beside a grid have the biases they are given, whatever computes the sums.</summary>
public sealed class SpecialTokensTests
{
    /// <summary>Grids of one row, one column, and whose rows cross blocks of keys; special tokens that fill no block, one, and more.</summary>
    private static readonly (int Height, int Width, int Prefix, int Suffix)[] Sizes =
        [(3, 4, 1, 0), (1, 7, 0, 2), (6, 1, 2, 1), (1, 1, 1, 1), (9, 11, 1, 1), (14, 14, 1, 0), (5, 13, 70, 3), (4, 33, 0, 65)];

    public static TheoryData<int, bool> Cases() => Combinations.Of<int, bool>([.. Enumerable.Range(0, Sizes.Length)], [false, true]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryPairHasItsBias(int size, bool perHead)
    {
        AttentionProblem problem = Problem(Sizes[size], perHead);
        foreach (Method method in new[] { Method.Direct, Method.Fft })
        {
            AttentionRun run = Contract.Holds(problem.By(method).With(options => options with { Threads = 3 }));
            Assert.Equal((method, 0), (run.Report.Method, run.Report.FallbackHeads));
            Assert.Equal(run.Output, problem.By(method).With(options => options with { Threads = 1 }).Run().Output);
        }

        new Scores.ScoreCase(problem).Holds();
        (new Scores.ScoreCase(problem) { IsGaussian = true }).Holds();
    }

    // −∞ in each kind of bias, a mask that leaves some rows only special keys, and numbers that are not finite in both kinds of token.
    [Fact]
    public void RemovedPairsMasksAndNaN()
    {
        AttentionProblem problem = Problem((9, 11, 2, 1), perHead: true);
        problem.Bias![50] = problem.Bias[7] = problem.Special!.SpecialToGrid![1] = problem.Special.GridToSpecial![4] = problem.Special.SpecialToSpecial![9] = float.NegativeInfinity;
        Contract.Holds(problem);
        Contract.Holds(problem with { KeyMask = [.. Enumerable.Range(0, 102).Select(j => j is 0 or 101 or 40)] });
        Contract.Holds(problem with { Lengths = [2] });
        Contract.Holds(problem.By(Method.Fft));
        Contract.Holds(problem.By(Method.Fft) with { KeyMask = [.. Enumerable.Range(0, 102).Select(j => j is 0 or 101 or 40)] });
        problem.Key[3] = problem.Query[(101 * 6) + 2] = problem.Value[(50 * 5) + 1] = problem.Value[(101 * 5) + 4] = float.NaN;
        Contract.Holds(problem);
        Contract.Holds(problem.By(Method.Fft));
        new Scores.ScoreCase(problem).Holds();
    }

    // Coefficients so far apart that most rows have to be computed relative to their own: a class token that drowns the grid, and a grid that falls off steeply.
    [Theory]
    [InlineData(200)]
    [InlineData(-200)]
    public void CoefficientsThatUnderflow(double bias)
    {
        AttentionProblem problem = Problem((9, 11, 1, 0), perHead: false) with
        {
            Special = new SpecialTokens { Prefix = 1, GridToSpecial = [(float)bias], SpecialToGrid = [-30], SpecialToSpecial = [5] },
        };
        foreach (Method method in new[] { Method.Direct, Method.Fft })
        {
            Contract.Holds(problem.By(method));
            Contract.Holds(problem.By(method) with { KeyMask = [.. Enumerable.Range(0, 100).Select(j => j != 0)] });
        }
    }

    // Tokens so loud that they are taken out of the transform: one special, one of the grid.
    [Fact]
    public void LoudTokens()
    {
        AttentionProblem problem = Problem((14, 14, 1, 1), perHead: true).By(Method.Fft);
        foreach (int token in new[] { 0, 100, 197 })
        {
            for (int column = 0; column < 5; column++) problem.Value[(token * 5) + column] *= 1e6f;
        }

        Assert.Equal(0, Contract.Holds(problem).Report.FallbackHeads);
    }

    [Fact]
    public void WithoutSpecialTokensItIsTheGrid()
    {
        AttentionProblem problem = Problem((9, 11, 0, 0), perHead: true);
        Assert.Equal((problem with { Special = null }).Run().Output, problem.Run().Output);
        Assert.Null(RelativePosition.Grid(new float[9], 2, 2, new SpecialTokens()).Special);
    }

    private static AttentionProblem Problem((int Height, int Width, int Prefix, int Suffix) size, bool perHead)
    {
        (int height, int width, int prefix, int suffix) = size;
        var numbers = new Numbers((height * 100) + width);
        int specials = prefix + suffix, tokens = (height * width) + specials, heads = perHead ? 2 : 1;
        return AttentionProblem.Normal(new AttentionShape(2, tokens, 6) { ValueDimension = 5 }, tokens) with
        {
            Grid = (height, width),
            Bias = numbers.Normals(heads * ((2 * height) - 1) * ((2 * width) - 1)),
            Special = new SpecialTokens
            {
                Prefix = prefix,
                Suffix = suffix,
                SpecialToGrid = numbers.Normals(heads * specials),
                GridToSpecial = numbers.Normals(heads * specials),
                SpecialToSpecial = numbers.Normals(heads * specials * specials),
            },
        };
    }
}
