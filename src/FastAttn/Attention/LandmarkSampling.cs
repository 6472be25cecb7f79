namespace FastAttn;

/// <summary>How Skyformer draws its landmarks, always without replacement and never a row that is masked.</summary>
public enum LandmarkSampling
{
    /// <summary>Uniformly over the rows of queries and keys together (Chen et al. 2021, §4.3). Word: <c>uniform</c>.</summary>
    Uniform,

    /// <summary>Half of them from the queries and half from the keys, as the authors' code does. Word: <c>halves</c>.</summary>
    Halves,
}
