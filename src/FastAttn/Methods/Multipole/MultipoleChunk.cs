namespace FastAttn.Methods;

/// <summary>
/// What goes through a multipole tree together. A state is <c>[node, NodeFloats]</c>: for numerators the products of some features
/// with some value columns, for denominators some features by themselves.
/// </summary>
internal readonly unsafe struct MultipoleChunk
{
    /// <summary>Nodes a power of two apart would fall into the same few sets of the first-level cache.</summary>
    public const int NodePadding = 16;

    /// <summary>Whether these are features by themselves, as many as columns.</summary>
    public bool IsDenominators => Features == 0;

    /// <summary>The first feature.</summary>
    public int FirstFeature { get; init; }

    /// <summary>How many features; none for denominators.</summary>
    public int Features { get; init; }

    /// <summary>The first value column.</summary>
    public int FirstColumn { get; init; }

    /// <summary>How many columns there are to each feature.</summary>
    public int Columns { get; init; }

    /// <summary>States of the coarse boxes, level by level.</summary>
    public float* Coarse { get; init; }

    /// <summary>Numbers of a node.</summary>
    public int Width => Math.Max(Features, 1) * Columns;

    /// <summary>Floats from node to node of a state that is kept.</summary>
    public int NodeFloats => Width + NodePadding;
}
