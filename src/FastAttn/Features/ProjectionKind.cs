namespace FastAttn;

/// <summary>How the rows of a random projection are drawn.</summary>
public enum ProjectionKind
{
    /// <summary>Independent standard normal entries. Word: <c>iid</c>.</summary>
    Iid,

    /// <summary>Blocks of d mutually orthogonal rows with the lengths of normal vectors. Word: <c>orthogonal</c>.</summary>
    Orthogonal,

    /// <summary>Independent rows, uniform on the sphere of radius √d. Word: <c>sphere</c>.</summary>
    Sphere,
}
