using FastAttn.Methods;

namespace FastAttn.Planning;

/// <summary>Every method there is, by its descriptor. A new method is a line here.</summary>
internal static class KnownMethods
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<MethodDescriptor> All { get; } =
    [
        new DirectDescriptor(), new FftDescriptor(), new LinearDescriptor(), new TailsDescriptor(Method.Band), new TailsDescriptor(Method.Decay), new MultipoleDescriptor(),
    ];

    /// <summary>The descriptor of a method.</summary>
    public static MethodDescriptor Of(Method method) => All.First(descriptor => descriptor.Method == method);
}
