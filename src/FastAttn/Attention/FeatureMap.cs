namespace FastAttn;

/// <summary>The feature maps φ whose inner products stand in for the softmax kernel (Luo et al. 2021, Zubkov &amp; Gavrilov 2022).</summary>
public enum FeatureMap
{
    /// <summary>Positive random features, <c>exp(w·x − ‖x‖²/2)</c>; m features. Word: <c>prf</c>.</summary>
    Prf,

    /// <summary>Trigonometric random features, sine and cosine of <c>w·x</c>; 2m features of either sign. Word: <c>trf</c>.</summary>
    Trf,

    /// <summary><c>elu(x) + 1</c>, elementwise; d features. Word: <c>elu</c>.</summary>
    Elu,

    /// <summary>Performer's generalised ReLU, <c>relu(Wx/√m) + 10⁻³</c>; m features. Word: <c>relu</c>.</summary>
    Relu,

    /// <summary>Shift-invariant kernel, <c>exp(x)</c> elementwise; d features. Word: <c>sikf</c>.</summary>
    Sikf,

    /// <summary>
    /// Deterministic parameter-free projection (Schlag et al. 2021, eq. 37–38): with <c>r = [relu(x), relu(−x)]</c> the products
    /// <c>r_i·r_(i−j)</c>, indices modulo 2d, for j = 1…ν; 2dν features. Word: <c>dpfp</c>. A query whose features meet no key's in any
    /// place has a denominator of zero and comes out as zeros.
    /// </summary>
    Dpfp,
}
