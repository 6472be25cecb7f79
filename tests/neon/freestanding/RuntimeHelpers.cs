// Helpers that ilc expects to find by name. Kernels reach none of them; were one called, the process would hang and the test fail.

using System.Runtime;

namespace System
{
    internal static unsafe class Buffer
    {
        internal static void Memmove(ref byte destination, ref byte source, nuint length)
        {
            while (true) ;
        }

        internal static void BulkMoveWithWriteBarrier(ref byte destination, ref byte source, nuint length)
        {
            while (true) ;
        }
    }

    internal static unsafe class SpanHelpers
    {
        internal static void Memmove(ref byte destination, ref byte source, nuint length)
        {
            while (true) ;
        }

        internal static void ClearWithoutReferences(ref byte destination, nuint length)
        {
            while (true) ;
        }

        internal static void Fill(ref byte destination, byte value, nuint length)
        {
            while (true) ;
        }
    }
}

namespace Internal.Runtime.CompilerHelpers
{
    internal static class ThrowHelpers
    {
        private static void ThrowOverflowException()
        {
            while (true) ;
        }

        private static void ThrowDivideByZeroException()
        {
            while (true) ;
        }

        private static void ThrowIndexOutOfRangeException()
        {
            while (true) ;
        }

        private static void ThrowNullReferenceException()
        {
            while (true) ;
        }

        private static void ThrowPlatformNotSupportedException()
        {
            while (true) ;
        }
    }

    internal static class StartupCodeHelpers
    {
        [RuntimeExport("RhpFallbackFailFast")]
        private static void RhpFallbackFailFast()
        {
            while (true) ;
        }
    }
}
