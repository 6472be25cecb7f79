using Xunit;
using Xunit.Sdk;

namespace FsCheck.Xunit;

/// <summary>
/// Runs a method as an FsCheck property: its parameters are generated, and it fails by throwing or by returning something
/// FsCheck takes for false. Name, namespace and settings are those of the package FsCheck.Xunit, which replaces this
/// project under <c>-p:UseFsCheckXunit=true</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = false)]
[XunitTestCaseDiscoverer("FsCheck.Xunit.PropertyDiscoverer", "FsCheck.Xunit")]
public class PropertyAttribute : FactAttribute
{
    /// <summary>Cases to run; 0 leaves it to the level above: method, class, assembly, then FsCheck's own default.</summary>
    public int MaxTest { get; set; }

    /// <summary>Cases that may be rejected before the property counts as exhausted; 0 leaves it to the level above.</summary>
    public int MaxRejected { get; set; }

    /// <summary>Size of the first case; negative leaves it to the level above.</summary>
    public int StartSize { get; set; } = -1;

    /// <summary>Size of the last case; negative leaves it to the level above.</summary>
    public int EndSize { get; set; } = -1;

    /// <summary>The seed to run again, as the output prints it: <c>"seed,gamma"</c> or <c>"seed,gamma,size"</c>.</summary>
    public string? Replay { get; set; }

    /// <summary>Types with static <c>Arbitrary</c> members; earlier ones win.</summary>
    public Type[]? Arbitrary { get; set; }

    /// <summary>Whether to print every generated case.</summary>
    public bool Verbose { get; set; }

    /// <summary>Whether a property that passes prints nothing.</summary>
    public bool QuietOnSuccess { get; set; }
}

/// <summary>Settings for every property of a class or an assembly.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Assembly, AllowMultiple = false)]
public sealed class PropertiesAttribute : PropertyAttribute
{
}
