using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xunit;

namespace FastAttn.Tests.Native;

/// <summary>What the native library's C# side says its structures and functions are, against <c>fastattn.h</c>.</summary>
public class DeclarationTests
{
    /// <summary>Functions that the door answers without C#.</summary>
    private static readonly string[] s_answeredByTheDoor = ["fa_abi_version", "fa_version_string", "fa_status_string", "fa_last_error", "fa_set_interrupt"];

    private static readonly CHeader s_header = CHeader.Read();
    private static readonly Assembly s_native = Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, "assemblies", "libfastattn.dll"));

    public static TheoryData<string> Structures => [.. s_header.Structures.Keys.Where(name => !s_header.IsHandle(name))];

    public static TheoryData<string> Functions => [.. s_header.Functions.Keys.Except(s_answeredByTheDoor)];

    [Theory]
    [MemberData(nameof(Structures))]
    public void AStructureIsLaidOutAsInC(string name)
    {
        Type structure = Type(name);
        FieldInfo[] fields = structure.GetFields(BindingFlags.Public | BindingFlags.Instance);
        Assert.Equal(s_header.Structures[name].Select(field => Pascal(field.Name)), fields.Select(field => field.Name));
        Assert.Equal(s_header.Layout(name).Select(place => (nint)place.Begin), fields.Select(field => Marshal.OffsetOf(structure, field.Name)));
        Assert.Equal(s_header.Measure(name).Size, Marshal.SizeOf(structure));
        foreach ((FieldInfo field, (string type, _, int count)) in fields.Zip(s_header.Structures[name]))
        {
            FixedBufferAttribute? array = field.GetCustomAttribute<FixedBufferAttribute>();
            Assert.Equal(count, array?.Length ?? 0);
            Assert.Equal(TypeOf(type), array?.ElementType ?? field.FieldType);
        }
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void AFunctionTakesWhatCGives(string name)
    {
        MethodInfo method = Exports()[name];
        (string result, (string Type, string Name, int Count)[] parameters) = s_header.Functions[name];
        Assert.Equal(TypeOf(result), method.ReturnType);
        Assert.Equal(parameters.Select(parameter => TypeOf(parameter.Count > 0 ? parameter.Type + "*" : parameter.Type)), method.GetParameters().Select(parameter => parameter.ParameterType));
    }

    [Fact]
    public void ThereAreNoOtherFunctions() => Assert.Equal(s_header.Functions.Keys.Except(s_answeredByTheDoor).Order(), Exports().Keys.Order());

    [Fact]
    public void TheHeaderIsRead()
    {
        Assert.InRange(s_header.Structures.Count, 16, 100);
        Assert.InRange(s_header.Functions.Count, 50, 500);
        Assert.Equal(80, s_header.Measure("fa_tensor").Size);
    }

    private static Dictionary<string, MethodInfo> Exports() =>
        s_native.GetTypes().SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static))
            .Select(method => (Method: method, method.GetCustomAttribute<UnmanagedCallersOnlyAttribute>()?.EntryPoint))
            .Where(export => export.EntryPoint is not null)
            .ToDictionary(export => export.EntryPoint!, export => export.Method);

    private static Type TypeOf(string type) => type switch
    {
        [.. string target, '*'] => TypeOf(target).MakePointerType(),
        "fa_status" => Type("Status"),
        "int8_t" => typeof(sbyte),
        "uint8_t" or "char" => typeof(byte),
        "int32_t" => typeof(int),
        "uint32_t" => typeof(uint),
        "int64_t" => typeof(long),
        "uint64_t" => typeof(ulong),
        "float" => typeof(float),
        "double" => typeof(double),
        _ => s_header.IsHandle(type) ? typeof(ulong) : Type(type),
    };

    private static Type Type(string name) =>
        s_native.GetType("FastAttn.Native." + (name.StartsWith("fa_", StringComparison.Ordinal) ? "Native" + Pascal(name[3..]) : name), throwOnError: true)!;

    private static string Pascal(string name) => string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
