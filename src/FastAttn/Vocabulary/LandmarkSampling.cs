namespace FastAttn;

/// <summary>How Skyformer draws its landmarks, never a row that is masked or not finite.</summary>
public enum LandmarkSampling
{
    /// <summary>Uniformly over the rows of queries and keys together, without replacement (Chen et al. 2021, §4.3). Word: <c>uniform</c>.</summary>
    Uniform,

    /// <summary>Half of them from the queries and half from the keys, without replacement. Word: <c>halves</c>.</summary>
    Halves,

    /// <summary>
    /// Half of them from the queries and half from the keys, with replacement, as the authors' code does: rows may repeat, and there are as many as asked for whatever
    /// the number of rows. γ must be above zero. Word: <c>replacement</c>.
    /// </summary>
    Replacement,
}
