using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace FastAttn.Cli.Compare;

/// <summary>Error against time as an SVG, both axes logarithmic, one point a system.</summary>
internal static class ComparePlot
{
    private const double Width = 900, Height = 560;

    /// <summary>Errors below what float32 can show are drawn here.</summary>
    private const double SmallestError = 1e-8;

    public static void Write(Stream stream, IReadOnlyList<CompareResult> results, string title)
    {
        var model = new PlotModel { Title = title, TitleFontSize = 14, Background = OxyColors.White };
        model.Axes.Add(Axis(AxisPosition.Bottom, "ms a head"));
        model.Axes.Add(Axis(AxisPosition.Left, "distance of the median row from exact softmax attention with the bias"));
        var points = new ScatterSeries { MarkerType = MarkerType.Circle, MarkerSize = 4, MarkerFill = OxyColors.SteelBlue };
        foreach (CompareResult result in results)
        {
            double x = result.Seconds * 1e3 / Demo.DemoShape.Heads, y = Math.Max(result.FromSoftmax.Median, SmallestError);
            points.Points.Add(new ScatterPoint(x, y));
            model.Annotations.Add(new TextAnnotation
            {
                Text = result.System.Name,
                TextPosition = new DataPoint(x, y),
                StrokeThickness = 0,
                FontSize = 11,
                TextHorizontalAlignment = HorizontalAlignment.Left,
                TextVerticalAlignment = VerticalAlignment.Bottom,
            });
        }

        model.Series.Add(points);
        new SvgExporter { Width = Width, Height = Height }.Export(model, stream);
    }

    private static LogarithmicAxis Axis(AxisPosition position, string title) => new()
    {
        Position = position,
        Title = title,
        MajorGridlineStyle = LineStyle.Solid,
        MajorGridlineColor = OxyColors.LightGray,
        MinimumPadding = 0.05,
        MaximumPadding = 0.15,
    };
}
