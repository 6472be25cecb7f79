// The types a C# compiler and ilc ask of a core library when nothing allocates, throws or dispatches: names and little else.
// Kernels compiled against this and the vector types of Vectors.cs become plain ARM64 functions without any runtime.

namespace System
{
    public class Object
    {
        // ilc knows this field by its name and place: it points to an object's type.
        internal IntPtr m_pMethodTable;
    }

    public abstract class ValueType;

    public abstract class Enum : ValueType;

    public struct Void;

    public struct Boolean;

    public struct Char;

    public struct SByte;

    public struct Byte;

    public struct Int16;

    public struct UInt16;

    public struct Int32;

    public struct UInt32;

    public struct Int64;

    public struct UInt64;

    public struct IntPtr;

    public struct UIntPtr;

    public struct Double;

    public struct Single
    {
        public const float NegativeInfinity = -1f / 0f;
        public const float PositiveInfinity = 1f / 0f;
        public const float NaN = 0f / 0f;
        public const float MaxValue = 3.40282347E+38f;
        public const float MinValue = -3.40282347E+38f;
    }

    public struct Nullable<T>
        where T : struct;

    public struct RuntimeTypeHandle;

    public struct RuntimeMethodHandle;

    public struct RuntimeFieldHandle;

    public sealed class String
    {
        public readonly int Length;
    }

    public class Type;

    public class Exception;

    public abstract class Delegate;

    public abstract class MulticastDelegate : Delegate;

    public abstract class Array;

    internal class Array<T> : Array;

    public class Attribute;

    public sealed class ParamArrayAttribute : Attribute;

    public enum AttributeTargets
    {
        All = 32767,
    }

    public sealed class AttributeUsageAttribute : Attribute
    {
        public AttributeUsageAttribute(AttributeTargets targets)
        {
        }

        public bool AllowMultiple { get => false; set { } }

        public bool Inherited { get => false; set { } }
    }
}

namespace System.Reflection
{
    public sealed class DefaultMemberAttribute : Attribute
    {
        public DefaultMemberAttribute(string member)
        {
        }
    }
}

namespace System.Diagnostics
{
    public sealed class DebuggableAttribute : Attribute
    {
        public DebuggableAttribute(DebuggingModes modes)
        {
        }

        public enum DebuggingModes
        {
            None,
        }
    }
}

namespace System.Runtime
{
    /// <summary>Gives a method a name that C can link to.</summary>
    public sealed class RuntimeExportAttribute : Attribute
    {
        public RuntimeExportAttribute(string name)
        {
        }
    }
}

namespace System.Runtime.InteropServices
{
    public enum LayoutKind
    {
        Sequential = 0,
        Explicit = 2,
        Auto = 3,
    }

    public sealed class StructLayoutAttribute : Attribute
    {
        public int Size;

        public StructLayoutAttribute(LayoutKind kind)
        {
        }
    }

    public class UnmanagedType;
}

namespace System.Runtime.CompilerServices
{
    public enum MethodImplOptions
    {
        NoInlining = 8,
        AggressiveInlining = 256,
        AggressiveOptimization = 512,
    }

    public sealed class MethodImplAttribute : Attribute
    {
        public MethodImplAttribute(MethodImplOptions options)
        {
        }
    }

    /// <summary>Marks what ilc replaces by instructions.</summary>
    public sealed class IntrinsicAttribute : Attribute;

    public sealed class SkipLocalsInitAttribute : Attribute;

    public sealed class IsReadOnlyAttribute : Attribute;

    public sealed class IsUnmanagedAttribute : Attribute;

    public sealed class IsVolatile;

    public sealed class ExtensionAttribute : Attribute;

    public sealed class UnsafeValueTypeAttribute : Attribute;

    public sealed class CompilationRelaxationsAttribute : Attribute
    {
        public CompilationRelaxationsAttribute(int relaxations)
        {
        }
    }

    public sealed class RuntimeCompatibilityAttribute : Attribute
    {
        public bool WrapNonExceptionThrows { get => true; set { } }
    }

    public static class RuntimeFeature
    {
        public const string UnmanagedSignatureCallingConvention = nameof(UnmanagedSignatureCallingConvention);
    }

    public class RuntimeHelpers;
}
