using FastAttn.Cli.Demo;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace FastAttn.Cli.Compare;

/// <summary>
/// Distances of the median row against time as an SVG, both axes logarithmic: a system is one colour, full its distance from softmax attention,
/// hollow that from its own exact form.
/// </summary>
internal static class ComparePlot
{
    private const double Width = 1000, Height = 560, PointSize = 5;

    /// <summary>Distances below what float32 can show are drawn here.</summary>
    private const double SmallestDistance = 1e-9;

    /// <summary>No-break spaces: names are cut at the width they are measured with, and drawn wider where the font is another.</summary>
    private static readonly string Room = new('\u00A0', 20);

    /// <summary>Forms of points, so that colours need not tell systems apart alone.</summary>
    private static readonly MarkerType[] Forms = [MarkerType.Circle, MarkerType.Square, MarkerType.Diamond, MarkerType.Triangle];

    public static void Write(Stream stream, IReadOnlyList<CompareResult> results, string title)
    {
        var model = new PlotModel { Title = title, TitleFontSize = 14, Background = OxyColors.White, Padding = new OxyThickness(16, 20, 16, 12) };
        model.Axes.Add(Axis(AxisPosition.Bottom, "ms a head"));
        model.Axes.Add(Axis(AxisPosition.Left, "median row: full from softmax, hollow from its exact form"));
        model.Legends.Add(new Legend { LegendPlacement = LegendPlacement.Outside, LegendPosition = LegendPosition.RightTop, LegendLineSpacing = 6, LegendItemSpacing = 6 });
        IList<OxyColor> colors = OxyPalettes.Hue(results.Count + 1).Colors;
        for (int index = 0; index < results.Count; index++)
        {
            CompareResult result = results[index];
            double milliseconds = result.Seconds * 1e3 / DemoShape.Heads;
            MarkerType form = Forms[index % Forms.Length];
            model.Series.Add(Point(milliseconds, result.FromSoftmax.Median, form, colors[index], colors[index], result.System.Name + Room));
            model.Series.Add(Point(milliseconds, result.FromExact.Median, form, OxyColors.Transparent, colors[index], null));
        }

        // Not every program that draws an SVG knows how to hang text from its top; so each line is placed by its base.
        new SvgExporter { Width = Width, Height = Height, UseVerticalTextAlignmentWorkaround = true }.Export(model, stream);
    }

    private static ScatterSeries Point(double x, double y, MarkerType form, OxyColor fill, OxyColor line, string? name)
    {
        var point = new ScatterSeries { MarkerType = form, MarkerSize = PointSize, MarkerFill = fill, MarkerStroke = line, MarkerStrokeThickness = 1.5, Title = name };
        point.Points.Add(new ScatterPoint(x, Math.Max(y, SmallestDistance)));
        return point;
    }

    private static LogarithmicAxis Axis(AxisPosition position, string title) => new()
    {
        Position = position,
        Title = title,
        AxisTitleDistance = 24,
        MajorGridlineStyle = LineStyle.Solid,
        MajorGridlineColor = OxyColors.LightGray,
        MinimumPadding = 0.05,
        MaximumPadding = 0.05,
    };
}
