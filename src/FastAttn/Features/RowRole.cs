namespace FastAttn.Features;

/// <summary>What rows are: a factor of its own cancels in every query, but only one factor for all keys does.</summary>
internal enum RowRole
{
    /// <summary>Queries: every row stands for itself.</summary>
    Query,

    /// <summary>All keys of a head.</summary>
    Key,
}
