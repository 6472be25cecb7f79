using FastAttn.Threading;

namespace FastAttn.Positions;

/// <summary>What the numbers of one head's coefficients show, each part found when first asked for. Thread-safe.</summary>
internal sealed class HeadStructure(HeadPosition position, TailAllowance allowance)
{
    private readonly Once<CoefficientTails> _flat = new(() => TailSearch.Flat(position, allowance));
    private readonly Once<CoefficientTails> _decaying = new(() => TailSearch.Decaying(position, allowance));

    private readonly Once<SmoothTails?> _smooth = new(() => SmoothSearch.Find(position, allowance));

    /// <summary>Negligible or constant tails.</summary>
    public CoefficientTails Flat => _flat.Value;

    /// <summary>Tails that may also be exponential.</summary>
    public CoefficientTails Decaying => _decaying.Value;

    /// <summary>Smooth tails; null where there are none.</summary>
    public SmoothTails? Smooth => _smooth.Value;
}
