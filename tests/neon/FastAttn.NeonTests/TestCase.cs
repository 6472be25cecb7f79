using System.Globalization;
using System.Reflection;
using Xunit.Sdk;

namespace FastAttn.NeonTests;

/// <summary>One test method with one row of arguments, found and run by reflection alone.</summary>
internal sealed class TestCase(MethodInfo method, object?[] arguments)
{
    private const int Seeds = 5;

    public string Name => $"{method.DeclaringType!.Name}.{method.Name}({string.Join(", ", arguments)})";

    /// <summary>Every test of a class: facts, theories with their data, and properties of a seed with a few seeds.</summary>
    public static IEnumerable<TestCase> Of(Type type) =>
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static)
        let fact = method.GetCustomAttribute<FactAttribute>()
        where fact is not null
        from row in fact switch
        {
            PropertyAttribute => Rows(method.GetParameters()),
            TheoryAttribute => method.GetCustomAttributes<DataAttribute>().SelectMany(data => data.GetData(method)),
            _ => [[]],
        }
        select new TestCase(method, row);

    /// <summary>Runs it; what it threw.</summary>
    public Exception? Failure()
    {
        object? instance = method.IsStatic ? null : Activator.CreateInstance(method.DeclaringType!);
        try
        {
            method.Invoke(instance, arguments);
            return null;
        }
        catch (TargetInvocationException thrown)
        {
            return thrown.InnerException;
        }
        finally
        {
            (instance as IDisposable)?.Dispose();
        }
    }

    // Other properties take generated cases; those are for hosts that run FsCheck.
    private static IEnumerable<object?[]> Rows(ParameterInfo[] parameters) => parameters is [{ ParameterType: var type }] && type.IsPrimitive
        ? Enumerable.Range(1, Seeds).Select(seed => new[] { Convert.ChangeType(seed, type, CultureInfo.InvariantCulture) })
        : [];
}
