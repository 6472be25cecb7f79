using System.Runtime.CompilerServices;

namespace FastAttn.Bench.Timing;

/// <summary>Loops that are limited by one thing: additions in registers, or bytes read, written or changed in place.</summary>
internal abstract unsafe class Streams
{
    /// <summary>Those of the width that the tier computes with.</summary>
    public static Streams Current { get; } = FastAttnInfo.Tier switch
    {
        InstructionTier.Avx512 => new Of<System.Runtime.Intrinsics.Vector512<float>, Wide512>(),
        InstructionTier.Avx2 => new Of<System.Runtime.Intrinsics.Vector256<float>, Wide256>(),
        _ => new Of<System.Runtime.Intrinsics.Vector128<float>, Wide128>(),
    };

    /// <summary>Additions of numbers in one <see cref="Add"/> of <paramref name="steps"/>.</summary>
    public abstract double Additions(int steps);

    /// <summary>Independent chains of additions.</summary>
    public abstract void Add(int steps);

    /// <summary>Integer operations that each wait for the one before, one a cycle on every processor: a clock.</summary>
    /// <returns>How many.</returns>
    public static double Tick(int steps)
    {
        long x = s_ticks;
        for (int step = 0; step < steps; step++)
        {
            x = (x ^ 1) + 3;
            x = (x ^ 5) + 7;
            x = (x ^ 9) + 11;
            x = (x ^ 13) + 17;
        }

        s_ticks = x;
        return 8.0 * steps;
    }

    public abstract void Read(float* data, long count, int times);

    public abstract void Write(float* data, long count, int times);

    public abstract void Change(float* data, long count, int times);

    private static long s_ticks;

    private static float s_sink;

    private sealed class Of<TVector, TWide> : Streams
        where TVector : struct
        where TWide : struct, IWideVector<TVector>
    {
        private const int Chains = 12;

        public override double Additions(int steps) => (double)steps * Chains * TWide.Lanes;

        public override void Add(int steps)
        {
            TVector x = TWide.All(1e-9f);
            TVector a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
            for (int step = 0; step < steps; step++)
            {
                a = TWide.Add(a, x);
                b = TWide.Add(b, x);
                c = TWide.Add(c, x);
                d = TWide.Add(d, x);
                e = TWide.Add(e, x);
                f = TWide.Add(f, x);
                g = TWide.Add(g, x);
                h = TWide.Add(h, x);
                i = TWide.Add(i, x);
                j = TWide.Add(j, x);
                k = TWide.Add(k, x);
                l = TWide.Add(l, x);
            }

            TVector left = TWide.Add(TWide.Add(TWide.Add(a, b), TWide.Add(c, d)), TWide.Add(e, f));
            TVector right = TWide.Add(TWide.Add(TWide.Add(g, h), TWide.Add(i, j)), TWide.Add(k, l));
            s_sink += TWide.Sum(TWide.Add(left, right));
        }

        public override void Read(float* data, long count, int times)
        {
            TVector a = TWide.All(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
            int lanes = TWide.Lanes;
            for (int time = 0; time < times; time++)
            {
                float* end = data + count;
                for (float* at = data; at < end; at += 8 * lanes)
                {
                    a = TWide.Add(a, TWide.Load(at));
                    b = TWide.Add(b, TWide.Load(at + lanes));
                    c = TWide.Add(c, TWide.Load(at + (2 * lanes)));
                    d = TWide.Add(d, TWide.Load(at + (3 * lanes)));
                    e = TWide.Add(e, TWide.Load(at + (4 * lanes)));
                    f = TWide.Add(f, TWide.Load(at + (5 * lanes)));
                    g = TWide.Add(g, TWide.Load(at + (6 * lanes)));
                    h = TWide.Add(h, TWide.Load(at + (7 * lanes)));
                }
            }

            s_sink += TWide.Sum(TWide.Add(TWide.Add(TWide.Add(a, b), TWide.Add(c, d)), TWide.Add(TWide.Add(e, f), TWide.Add(g, h))));
        }

        public override void Write(float* data, long count, int times)
        {
            TVector x = TWide.All(1e-9f);
            int lanes = TWide.Lanes;
            for (int time = 0; time < times; time++)
            {
                float* end = data + count;
                for (float* at = data; at < end; at += 4 * lanes)
                {
                    TWide.Store(x, at);
                    TWide.Store(x, at + lanes);
                    TWide.Store(x, at + (2 * lanes));
                    TWide.Store(x, at + (3 * lanes));
                }
            }
        }

        public override void Change(float* data, long count, int times)
        {
            TVector x = TWide.All(1e-9f);
            int lanes = TWide.Lanes;
            for (int time = 0; time < times; time++)
            {
                float* end = data + count;
                for (float* at = data; at < end; at += 4 * lanes)
                {
                    TVector a = TWide.Add(TWide.Load(at), x), b = TWide.Add(TWide.Load(at + lanes), x);
                    TVector c = TWide.Add(TWide.Load(at + (2 * lanes)), x), d = TWide.Add(TWide.Load(at + (3 * lanes)), x);
                    TWide.Store(a, at);
                    TWide.Store(b, at + lanes);
                    TWide.Store(c, at + (2 * lanes));
                    TWide.Store(d, at + (3 * lanes));
                }
            }
        }
    }
}
