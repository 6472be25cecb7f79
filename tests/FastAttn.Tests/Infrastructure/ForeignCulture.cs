using System.Globalization;

namespace FastAttn.Tests.Infrastructure;

/// <summary>
/// Cultures that write numbers in their own way. They are made here by hand, because the tests run without the system's culture data;
/// each has the signs that the culture of its name has there.
/// </summary>
public static class ForeignCulture
{
    /// <summary>German: decimal comma. Arabic: another decimal sign and a mark before the minus. Swedish: U+2212 as minus. Turkish: decimal comma.</summary>
    public static TheoryData<string> Names => ["de-DE", "ar-SA", "sv-SE", "tr-TR"];

    /// <summary>Runs an action with that culture as the thread's.</summary>
    public static void Run(string name, Action action)
    {
        (CultureInfo culture, CultureInfo words) = (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = Of(name);
        try
        {
            action();
        }
        finally
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (culture, words);
        }
    }

    private static CultureInfo Of(string name)
    {
        (string decimals, string groups, string minus) = name switch
        {
            "de-DE" => (",", ".", "-"),
            "ar-SA" => ("\u066b", "\u066c", "\u061c-"),
            "sv-SE" => (",", "\u00a0", "\u2212"),
            "tr-TR" => (",", ".", "-"),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such culture here"),
        };
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        NumberFormatInfo numbers = culture.NumberFormat;
        numbers.NumberDecimalSeparator = numbers.PercentDecimalSeparator = decimals;
        numbers.NumberGroupSeparator = numbers.PercentGroupSeparator = groups;
        numbers.NegativeSign = minus;
        return culture;
    }
}
