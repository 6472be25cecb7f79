using FastAttn.Bench.Reporting;

namespace FastAttn.Bench.Measurements;

/// <summary>Something that is measured and printed as one table.</summary>
internal interface IMeasurement
{
    /// <summary>Whether it runs on one core.</summary>
    bool IsPinned { get; }

    Table Run(MeasurementSettings settings);
}
