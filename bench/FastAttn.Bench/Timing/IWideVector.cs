using System.Runtime.Intrinsics;

namespace FastAttn.Bench.Timing;

/// <summary>Vectors of one width, for loops that measure the machine.</summary>
internal unsafe interface IWideVector<TVector>
{
    static abstract int Lanes { get; }

    static abstract TVector All(float value);

    static abstract TVector Load(float* source);

    static abstract void Store(TVector vector, float* target);

    static abstract TVector Add(TVector left, TVector right);

    static abstract float Sum(TVector vector);
}

/// <summary>512 bits.</summary>
internal readonly unsafe struct Wide512 : IWideVector<Vector512<float>>
{
    public static int Lanes => 16;

    public static Vector512<float> All(float value) => Vector512.Create(value);

    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    public static void Store(Vector512<float> vector, float* target) => vector.Store(target);

    public static Vector512<float> Add(Vector512<float> left, Vector512<float> right) => left + right;

    public static float Sum(Vector512<float> vector) => Vector512.Sum(vector);
}

/// <summary>256 bits.</summary>
internal readonly unsafe struct Wide256 : IWideVector<Vector256<float>>
{
    public static int Lanes => 8;

    public static Vector256<float> All(float value) => Vector256.Create(value);

    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    public static void Store(Vector256<float> vector, float* target) => vector.Store(target);

    public static Vector256<float> Add(Vector256<float> left, Vector256<float> right) => left + right;

    public static float Sum(Vector256<float> vector) => Vector256.Sum(vector);
}

/// <summary>128 bits.</summary>
internal readonly unsafe struct Wide128 : IWideVector<Vector128<float>>
{
    public static int Lanes => 4;

    public static Vector128<float> All(float value) => Vector128.Create(value);

    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    public static void Store(Vector128<float> vector, float* target) => vector.Store(target);

    public static Vector128<float> Add(Vector128<float> left, Vector128<float> right) => left + right;

    public static float Sum(Vector128<float> vector) => Vector128.Sum(vector);
}
