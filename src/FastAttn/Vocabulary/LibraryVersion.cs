using System.Reflection;

namespace FastAttn;

/// <summary>Which build of the library this is.</summary>
internal static class LibraryVersion
{
    /// <summary>As <c>major.minor.patch</c>.</summary>
    public static string Text { get; } =
        typeof(LibraryVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
