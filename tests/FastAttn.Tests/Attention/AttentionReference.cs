namespace FastAttn.Tests.Attention;

/// <summary>
/// Kernelized attention in float64, straight from its definition (Luo et al. 2021, eq. 10) and in the log domain, so that nothing
/// underflows: <c>z_i = Σ_j exp(b_{j−i}) (φ(q_i)·φ(k_j)) v_j / Σ_j exp(b_{j−i}) (φ(q_i)·φ(k_j))</c> over visible keys.
/// </summary>
internal static class AttentionReference
{
    /// <summary>All rows in the order of the output, <c>[B, H, n_q]</c>; only rows i that <paramref name="wanted"/> accepts are computed.</summary>
    public static ReferenceRow[] Rows(AttentionProblem problem, RandomProjection? projection, Func<int, bool>? wanted = null)
    {
        AttentionShape s = problem.Shape;
        var rows = new ReferenceRow[s.Batch * s.Heads * s.QueryLength];
        for (int b = 0; b < s.Batch; b++)
        {
            for (int h = 0; h < s.Heads; h++)
            {
                int keyHead = (b * s.KeyHeads) + (h / (s.Heads / s.KeyHeads));
                var map = new ReferenceFeatures(problem, projection, h);
                double largest = Enumerable.Range(0, s.KeyLength).Where(j => problem.Keeps(b, j)).Select(j => map.LargestProjection(problem.Key, (keyHead * s.KeyLength) + j))
                    .Where(double.IsFinite).DefaultIfEmpty().Max();
                LogFeatures[] keys = [.. Enumerable.Range(0, s.KeyLength).Select(j => map.Of(problem.Key, (keyHead * s.KeyLength) + j, largest))];
                for (int i = 0; i < s.QueryLength; i++)
                {
                    if (wanted is not null && !wanted(i)) continue;
                    int row = (((b * s.Heads) + h) * s.QueryLength) + i;
                    rows[row] = Row(problem, b, h, i, map.Of(problem.Query, row), keys, keyHead * s.KeyLength);
                }
            }
        }

        return rows;
    }

    private static ReferenceRow Row(AttentionProblem problem, int b, int h, int i, LogFeatures query, LogFeatures[] keys, int firstKey)
    {
        int[] visible = [.. Enumerable.Range(0, keys.Length).Where(j => problem.IsVisible(b, h, i, j))];

        // One factor for the whole row cancels; without it a bias of 1e30 would swallow what is added to it.
        double bias = visible.Length == 0 ? 0 : visible.Max(j => (double)problem.BiasOf(h, i, j));
        var terms = Array.ConvertAll(visible, j => query.Dot(keys[j]).Times(problem.BiasOf(h, i, j) - bias));
        double shift = terms.Length == 0 ? 0 : terms.Max(term => term.LogOfAbsolute);
        double denominator = 0, absolute = 0, loudest = 0;
        var numerator = new double[problem.Shape.ValueDimension];
        for (int t = 0; t < terms.Length; t++)
        {
            double size = double.IsNegativeInfinity(terms[t].LogOfAbsolute) ? 0 : Math.Exp(terms[t].LogOfAbsolute - shift);
            double weight = terms[t].Share * size, norm = 0;
            denominator += weight;
            absolute += size;
            for (int c = 0; c < numerator.Length; c++)
            {
                float v = problem.Value[((long)(firstKey + visible[t]) * numerator.Length) + c];
                numerator[c] += float.IsFinite(v) ? weight * v : double.NaN;
                if (float.IsFinite(v)) norm += (double)v * v;
            }

            loudest = Math.Max(loudest, Math.Sqrt(norm));
        }

        // Features that meet nowhere leave nothing to divide: zeros, and NaN where it reaches.
        if (visible.Length > 0 && absolute != 0) numerator = Array.ConvertAll(numerator, sum => sum / denominator);
        return new ReferenceRow(numerator, loudest, visible.Length, absolute == 0 ? 1 : absolute / Math.Abs(denominator));
    }
}

/// <summary>The truth about one output row.</summary>
/// <param name="Values">z_i, NaN where a non-finite input reaches.</param>
/// <param name="LoudestValue">max ‖v_j‖₂ over visible keys.</param>
/// <param name="VisibleKeys">How many keys the row sees; 0 means that zeros are the answer.</param>
/// <param name="Cancellation">Σ|terms| / |Σ terms| of the denominator: 1 for positive maps, large where TRF promises nothing.</param>
internal sealed record ReferenceRow(double[] Values, double LoudestValue, int VisibleKeys, double Cancellation);

/// <summary>φ(x) of one row: <c>sign · exp(log)</c>, feature by feature.</summary>
internal readonly record struct LogFeatures(double[] Logs, double[] Signs)
{
    /// <summary>Σ_a φ(x)_a φ(y)_a.</summary>
    public SignedTerm Dot(LogFeatures other)
    {
        double shift = double.NegativeInfinity;
        for (int a = 0; a < Logs.Length; a++) shift = Math.Max(shift, Logs[a] + other.Logs[a]);
        if (double.IsNegativeInfinity(shift)) return new SignedTerm(shift, 0);
        double sum = 0, absolute = 0;
        for (int a = 0; a < Logs.Length; a++)
        {
            double term = Math.Exp(Logs[a] + other.Logs[a] - shift);
            absolute += term;
            sum += Signs[a] * other.Signs[a] * term;
        }

        return new SignedTerm(shift + Math.Log(absolute), sum / absolute);
    }
}

/// <summary>A sum as the logarithm of what it would be without cancellation, and the share, −1…1, that cancellation leaves.</summary>
internal readonly record struct SignedTerm(double LogOfAbsolute, double Share)
{
    public SignedTerm Times(double logFactor) => this with { LogOfAbsolute = LogOfAbsolute + logFactor };
}
