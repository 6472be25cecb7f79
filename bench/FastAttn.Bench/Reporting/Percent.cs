using System.Globalization;

namespace FastAttn.Bench.Reporting;

/// <summary>Shares as text.</summary>
internal static class Percent
{
    public static string Of(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0} %");
}
