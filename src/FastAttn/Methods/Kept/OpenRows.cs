namespace FastAttn.Methods;

/// <summary>Rows of a block that is not full yet, each as it came: features relative to their own log-scale, values as they are.</summary>
internal unsafe struct OpenRows
{
    public int Count;
    public int FeatureCount;
    public int FeatureStride;
    public int ValueStride;

    /// <summary><c>[KeyTile and what a register tile adds, FeatureStride]</c>.</summary>
    public float* Features;

    /// <summary>One a row; −∞ where the key is dropped.</summary>
    public double* LogScales;

    /// <summary><c>[KeyTile, ValueStride]</c>; zeros for entries that are not finite.</summary>
    public float* Values;

    /// <summary>‖v‖ of the finite entries.</summary>
    public double* Norms;
}
