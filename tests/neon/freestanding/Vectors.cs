// The vector types and the ARM64 instructions that emitted kernels use. A method that calls itself is how .NET's own library
// declares an intrinsic; ilc puts the instruction in its place. run.sh checks that none is left as a call.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace System.Runtime.Intrinsics
{
    [Intrinsic]
    [StructLayout(LayoutKind.Sequential, Size = 8)]
    public readonly struct Vector64<T>
    {
        private readonly ulong _bits;
    }

    [Intrinsic]
    [StructLayout(LayoutKind.Sequential, Size = 16)]
    public readonly struct Vector128<T>
    {
        private readonly ulong _low;
        private readonly ulong _high;

        public static Vector128<T> Zero
        {
            [Intrinsic]
            get => Zero;
        }

        [Intrinsic]
        public static Vector128<T> operator +(Vector128<T> left, Vector128<T> right) => left + right;

        [Intrinsic]
        public static Vector128<T> operator -(Vector128<T> left, Vector128<T> right) => left - right;

        [Intrinsic]
        public static Vector128<T> operator *(Vector128<T> left, Vector128<T> right) => left * right;

        [Intrinsic]
        public static Vector128<T> operator -(Vector128<T> value) => -value;

        [Intrinsic]
        public static Vector128<T> operator <<(Vector128<T> value, int count) => value << count;
    }

    [Intrinsic]
    [StructLayout(LayoutKind.Sequential, Size = 32)]
    public readonly struct Vector256<T>
    {
        private readonly Vector128<T> _lower;
        private readonly Vector128<T> _upper;
    }

    [Intrinsic]
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    public readonly struct Vector512<T>
    {
        private readonly Vector256<T> _lower;
        private readonly Vector256<T> _upper;
    }

    public static class Vector128
    {
        [Intrinsic]
        public static Vector128<float> Create(float value) => Create(value);

        [Intrinsic]
        public static Vector128<int> Create(int value) => Create(value);
    }
}

namespace System.Runtime.Intrinsics.Arm
{
    [Intrinsic]
    public abstract class AdvSimd
    {
        [Intrinsic]
        public static Vector128<float> FusedMultiplyAdd(Vector128<float> addend, Vector128<float> left, Vector128<float> right) =>
            FusedMultiplyAdd(addend, left, right);

        [Intrinsic]
        public static Vector128<float> FusedMultiplySubtract(Vector128<float> minuend, Vector128<float> left, Vector128<float> right) =>
            FusedMultiplySubtract(minuend, left, right);

        [Intrinsic]
        public static Vector128<float> Negate(Vector128<float> value) => Negate(value);

        [Intrinsic]
        public static Vector128<float> Max(Vector128<float> left, Vector128<float> right) => Max(left, right);

        [Intrinsic]
        public static Vector128<float> Min(Vector128<float> left, Vector128<float> right) => Min(left, right);

        [Intrinsic]
        public static Vector128<float> RoundToNearest(Vector128<float> value) => RoundToNearest(value);

        [Intrinsic]
        public static Vector128<float> Abs(Vector128<float> value) => Abs(value);

        [Intrinsic]
        public static Vector128<float> CompareGreaterThan(Vector128<float> left, Vector128<float> right) => CompareGreaterThan(left, right);

        [Intrinsic]
        public static Vector128<float> BitwiseSelect(Vector128<float> select, Vector128<float> left, Vector128<float> right) =>
            BitwiseSelect(select, left, right);

        [Intrinsic]
        public static float Extract(Vector64<float> vector, byte index) => Extract(vector, index);

        [Intrinsic]
        public abstract class Arm64
        {
            [Intrinsic]
            public static Vector64<float> MaxAcross(Vector128<float> value) => MaxAcross(value);

            [Intrinsic]
            public static Vector128<float> ZipLow(Vector128<float> left, Vector128<float> right) => ZipLow(left, right);

            [Intrinsic]
            public static Vector128<float> ZipHigh(Vector128<float> left, Vector128<float> right) => ZipHigh(left, right);
        }
    }
}
