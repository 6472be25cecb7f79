namespace FastAttn;

/// <summary>One figure of a cost table.</summary>
/// <param name="Name">What it is the cost of.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Value">The figure.</param>
public sealed record CostFigure(string Name, string Unit, double Value)
{
    /// <summary>Name, figure and unit, the same in every culture.</summary>
    public override string ToString() => Invariant($"{Name}: {Value} {Unit}");
}
