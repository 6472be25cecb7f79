namespace FastAttn;

/// <summary>The feature maps φ whose inner products stand in for the softmax kernel (Luo et al. 2021, Zubkov &amp; Gavrilov 2022).</summary>
public enum FeatureMap
{
    /// <summary>Positive random features, <c>exp(w·x − ‖x‖²/2)</c> (Choromanski et al. 2021); m features. Word: <c>prf</c>.</summary>
    Prf,

    /// <summary>
    /// Trigonometric random features, <c>exp(‖x‖²/2)</c> times sine and cosine of <c>w·x</c> (Rahimi and Recht 2007); 2m features of either sign. Numerator
    /// and denominator are accurate relative to the sums of their terms' absolute values. The tolerance holds where the denominator keeps at least a
    /// twentieth of that sum; where it cancels to less, nothing is promised. Word: <c>trf</c>.
    /// </summary>
    Trf,

    /// <summary><c>elu(x) + 1</c>, elementwise (Katharopoulos et al. 2020); d features. Word: <c>elu</c>.</summary>
    Elu,

    /// <summary>Performer's generalised ReLU, <c>relu(Wx/√m) + ε</c> with ε = 10⁻³ by default (Choromanski et al. 2021); m features. Word: <c>relu</c>.</summary>
    Relu,

    /// <summary>Shift-invariant kernel, <c>exp(x)</c> elementwise (Zubkov and Gavrilov 2022); d features. Word: <c>sikf</c>.</summary>
    Sikf,

    /// <summary>
    /// Deterministic parameter-free projection (Schlag et al. 2021, eq. 37–38): with <c>r = [relu(x), relu(−x)]</c> the products
    /// <c>r_i·r_(i−j)</c>, indices modulo 2d, for j = 1…ν; 2dν features. Word: <c>dpfp</c>. If no feature of a
    /// query meets a feature of any key, the denominator is zero and the row is zeros.
    /// </summary>
    Dpfp,

    /// <summary>
    /// Query and key <em>are</em> the features, made by the caller, in place of a map: learned kernels, other activations, or the rows that
    /// <see cref="FeatureMapper"/> makes. As many features as columns, up to 8192. Nothing is scaled unless asked for. Numbers below zero are refused unless
    /// <see cref="KernelizedAttentionOptions.SignedFeatures"/> says that there may be some; then the promise is that of <see cref="Trf"/>. Word: <c>given</c>.
    /// </summary>
    Given,
}
