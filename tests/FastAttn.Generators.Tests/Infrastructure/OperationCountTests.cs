namespace FastAttn.Generators.Tests.Infrastructure;

/// <summary>The counter that other tests rely on, against code counted by hand.</summary>
public sealed class OperationCountTests
{
    private const string Source = """
        using Vec = System.Runtime.Intrinsics.Vector512<float>;
        using System.Runtime.Intrinsics.X86;

        static unsafe class Kernel
        {
            static void Run(float* x, float* y, int stride)
            {
                for (int i = 0; i < 4 * stride + 1; i++)
                {
                    Vec a = *(Vec*)(x + 16 * i);
                    Vec b = *(Vec*)(x + 16 * (i + 1));
                    Vec c = Avx512F.FusedMultiplyAdd(a, b, a);
                    Vec* p = (Vec*)y;
                    p[i] += (a - b) * -c;
                    *(Vec*)(y + stride) = c + a + b;
                    Other();
                }
            }

            static void Other()
            {
            }
        }
        """;

    [Fact]
    public void VectorOperationsCountAndAddressArithmeticDoesNot()
    {
        OperationCount count = OperationCount.Of(Source)["Run"];
        Assert.Equal(4, count.Additions);
        Assert.Equal(1, count.Multiplications);
        Assert.Equal(1, count.Fused);
        Assert.Equal(1, count.Negations);
        Assert.Equal(3, count.Loads);
        Assert.Equal(2, count.Stores);
        Assert.Equal(["Other"], count.Calls);
        Assert.Equal(7, count.Real);
    }
}
