using System.Text;

namespace FastAttn.Native;

/// <summary>The names that messages of the library use for its properties and parameters, turned into those of <c>fastattn.h</c>.</summary>
internal static class ArgumentNames
{
    private static readonly HashSet<string> s_managed =
    [
        nameof(AttentionShape.Batch), nameof(AttentionShape.Heads), nameof(AttentionShape.KeyHeads),
        nameof(AttentionShape.QueryLength), nameof(AttentionShape.KeyLength),
        nameof(AttentionShape.HeadDimension), nameof(AttentionShape.ValueDimension),
        nameof(KernelizedAttentionOptions.FeatureMap), nameof(KernelizedAttentionOptions.Features), nameof(KernelizedAttentionOptions.Nu),
        nameof(KernelizedAttentionOptions.Projection), nameof(KernelizedAttentionOptions.ProjectionKind),
        nameof(KernelizedAttentionOptions.Seed), nameof(KernelizedAttentionOptions.Normalize),
        nameof(KernelizedAttentionOptions.QkScale), nameof(KernelizedAttentionOptions.FeatureEpsilon), nameof(KernelizedAttentionOptions.Causal),
        nameof(KernelizedAttentionOptions.QueryOffset), nameof(KernelizedAttentionOptions.QueryOffsets),
        nameof(KernelizedAttentionOptions.SignedFeatures), "logScales", nameof(KernelizedAttentionOptions.Tolerance),
        nameof(KernelizedAttentionOptions.Method), nameof(KernelizedAttentionOptions.Threads),
        nameof(SchoenbatOptions.Kernel), nameof(SchoenbatOptions.Draw), nameof(SchoenbatOptions.ExactDegrees), nameof(SchoenbatOptions.Literal),
        nameof(SchoenbatOptions.Gamma), nameof(SchoenbatOptions.DenominatorFloor), nameof(SchoenbatOptions.Beta),
        nameof(SoftmaxAttentionOptions.Scale), nameof(SkyformerOptions.Landmarks), nameof(SkyformerOptions.LandmarkIndices),
        nameof(SkyformerOptions.Inverse), nameof(SkyformerOptions.Sampling),
        nameof(FastRpbOptions.Prefix), nameof(FastRpbOptions.Suffix), nameof(FastRpbOptions.Symmetric),
        nameof(SpecialTokens.SpecialToGrid), nameof(SpecialTokens.GridToSpecial), nameof(SpecialTokens.SpecialToSpecial),
        "keyMask", "exactDegrees", "outputLength", "inputLength", "maxDistance",
    ];

    /// <summary>"QkScale is 0 …" becomes "qk_scale is 0 …".</summary>
    public static string ToNative(string message)
    {
        StringBuilder native = new(message.Length + 8);
        int start = 0;
        while (start < message.Length)
        {
            int end = start;
            while (end < message.Length && char.IsAsciiLetter(message[end])) end++;
            string word = message[start..end];
            native.Append(s_managed.Contains(word) ? SnakeCase(word) : word);
            if (end < message.Length) native.Append(message[end++]);
            start = end;
        }

        return native.ToString();
    }

    private static string SnakeCase(string name)
    {
        StringBuilder snake = new();
        foreach (char letter in name)
        {
            if (char.IsAsciiLetterUpper(letter) && snake.Length > 0) snake.Append('_');
            snake.Append(char.ToLowerInvariant(letter));
        }

        return snake.ToString();
    }
}
