using System.Reflection;
using System.Text;

namespace FastAttn.NeonCases;

/// <summary>
/// Writes calls and what the portable kernels make of them, in the order harness.c reads: methods (name, limit, unit, public),
/// then calls (method, arguments with contents before and after, result). Little-endian, lengths before contents.
/// </summary>
internal sealed class CaseWriter(Stream stream, EmittedKernels kernels) : IDisposable
{
    private static readonly Type Portable = typeof(FastAttnInfo).Assembly.GetType("FastAttn.Kernels.PortableKernels", throwOnError: true)!;

    private readonly BinaryWriter _writer = new(stream);

    public int Write(IEnumerable<KernelCase> cases)
    {
        _writer.Write(kernels.Methods.Count);
        foreach (EmittedMethod method in kernels.Methods)
        {
            byte[] name = Encoding.ASCII.GetBytes(method.Name);
            Tolerance? tolerance = method.IsPublic ? Tolerances.Of(method.Name) : null;
            _writer.Write(name.Length);
            _writer.Write(name);
            _writer.Write(method.IsPublic ? 1 : 0);
            _writer.Write((int)(tolerance?.Of ?? UnitOf.Element));
            _writer.Write(tolerance?.Ulps ?? 0);
        }

        KernelCase[] all = [.. cases];
        _writer.Write(all.Length);
        foreach (KernelCase call in all) Write(call);
        return all.Length;
    }

    public void Dispose() => _writer.Dispose();

    private void Write(KernelCase call)
    {
        float[][] before = [.. call.Arguments.OfType<Buffer>().Select(buffer => (float[])buffer.Data.Clone())];
        object? result = Run(call);
        _writer.Write(kernels.Methods.FindIndex(method => method.Name == call.Method));
        _writer.Write(call.Arguments.Length);
        int buffers = 0;
        foreach (object argument in call.Arguments)
        {
            switch (argument)
            {
                case Buffer buffer:
                    _writer.Write(1);
                    _writer.Write(buffer.Data.Length);
                    _writer.Write(buffer.Start);
                    Array.ForEach(before[buffers++], _writer.Write);
                    Array.ForEach(buffer.Data, _writer.Write);
                    break;
                case float number:
                    _writer.Write(0);
                    _writer.Write((long)BitConverter.SingleToUInt32Bits(number));
                    break;
                default:
                    _writer.Write(0);
                    _writer.Write(argument is nint wide ? wide : (int)argument);
                    break;
            }
        }

        _writer.Write(result is null ? 0 : 1);
        _writer.Write(result is null ? 0 : Convert.ToSingle(result, null));
    }

    /// <summary>Runs the portable kernel of the same name on the buffers themselves.</summary>
    private static unsafe object? Run(KernelCase call)
    {
        const BindingFlags Any = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        MethodInfo kernel = Portable.GetMethod(call.Method, Any) ?? Portable.GetProperty(call.Method, Any)?.GetMethod
            ?? throw new InvalidOperationException($"the portable kernels have no {call.Method}");
        using var pins = new Pins();
        return kernel.Invoke(
            null, [.. call.Arguments.Zip(kernel.GetParameters(), (argument, parameter) => argument is Buffer buffer ? pins.Pin(buffer, parameter.ParameterType) : argument)]);
    }

    private sealed class Pins : IDisposable
    {
        private readonly List<System.Runtime.InteropServices.GCHandle> _handles = [];

        public unsafe object Pin(Buffer buffer, Type pointer)
        {
            var handle = System.Runtime.InteropServices.GCHandle.Alloc(buffer.Data, System.Runtime.InteropServices.GCHandleType.Pinned);
            _handles.Add(handle);
            return Pointer.Box((float*)handle.AddrOfPinnedObject() + buffer.Start, pointer);
        }

        public void Dispose() => _handles.ForEach(handle => handle.Free());
    }
}
