using System.Globalization;
using FastAttn.Bench.Reporting;

namespace FastAttn.Bench.Measurements;

/// <summary>The figures of the planner's cost table as <c>fastattn tune</c> measures them, beside those that are shipped for the tier.</summary>
internal sealed class Costs : IMeasurement
{
    public bool IsPinned => true;

    public Table Run(MeasurementSettings settings)
    {
        var table = new Table("The planner's cost table", "cost", "in use", "measured", "unit");
        MachineCosts used = MachineCosts.Current, measured = MachineCosts.Measure();
        foreach ((CostFigure old, CostFigure figure) in used.Figures.Zip(measured.Figures)) table.Add(figure.Name, old.Value, figure.Value, figure.Unit);
        table.Note($"In use: {used.Source}.");
        foreach ((string name, IReadOnlyList<double> figures) in measured.Table.Named)
            table.Note($"{name}: {string.Join(", ", figures.Select(figure => figure.ToString(figure >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture)))}");
        return table;
    }
}
