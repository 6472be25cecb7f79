using FastAttn.Features;
using FastAttn.Tensors;

namespace FastAttn.Scores;

/// <summary>One head of attention whose weights are exponentials of scores: rows where they are kept, which keys take part, and what a score is.</summary>
internal unsafe struct ScoreProblem
{
    public RowSource Query;
    public RowSource Key;
    public RowSource Value;
    public RowSource Destination;

    /// <summary>One a key, true = attend; null for all.</summary>
    public bool* KeyMask;

    /// <summary>Keys kept from the front.</summary>
    public int KeptKeys;

    public HeadBias Bias;

    /// <summary>What the product of a query and a key is multiplied by, in units of one binary logarithm.</summary>
    public double Unit;

    /// <summary>
    /// False for softmax: scores are products and rows are divided by the sums of their weights. True for the Gaussian kernel: scores
    /// are −½·<see cref="Unit"/> times squared distances, and weights are what they are.
    /// </summary>
    public bool IsGaussian;

    public readonly bool Keeps(int key) => key < KeptKeys && (KeyMask is null || KeyMask[key]);
}
