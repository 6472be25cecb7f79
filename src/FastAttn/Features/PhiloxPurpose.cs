namespace FastAttn.Features;

/// <summary>What random numbers are for: the last word of the counter, so that one seed gives each purpose numbers of its own.</summary>
internal enum PhiloxPurpose : uint
{
    /// <summary>Rows of a random projection.</summary>
    Projection,

    /// <summary>Degrees and signs of Maclaurin features.</summary>
    Maclaurin,

    /// <summary>Landmarks of Nyström approximations.</summary>
    Landmarks,
}
