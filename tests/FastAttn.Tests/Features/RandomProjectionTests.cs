using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Features;

/// <summary>Random projections: the same bytes everywhere, the geometry each kind promises, and an unbiased kernel.</summary>
public sealed class RandomProjectionTests
{
    [Theory]
    [InlineData(ProjectionKind.Iid, 0ul, "74e149a7d7df101916a0455713a0ca1488086aef6181b75025342fd3d579c556")]
    [InlineData(ProjectionKind.Orthogonal, 0ul, "3552598047cc643a643bf813f8e899f8a7a9f2bc5d3b268e0fb63984c355d95c")]
    [InlineData(ProjectionKind.Sphere, 0ul, "4477caeaf1f0e46b9249251081469c291041b6c5e437ee901f4182dd6bef9d17")]
    [InlineData(ProjectionKind.Orthogonal, 0xFEDCBA9876543210ul, "a339e4d824e96b65a50ff93ab21df75e246bcb580c17fe39fc60eede49057367")]
    public void SameSeedSameBytesOnEveryMachine(ProjectionKind kind, ulong seed, string sha256)
    {
        ReadOnlySpan<float> values = RandomProjection.Create(100, 48, kind, seed).Values;
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values))));
    }

    /// <summary>The vectors the documentation gives; computed apart from this library, with another language's Philox, logarithm and cosine.</summary>
    [Fact]
    public void DocumentedVectors() =>
        Assert.Equal(
            [-0.39766753f, -0.31039548f, 1.3868444f, 0.3292132f],
            RandomProjection.Create(1, 64, ProjectionKind.Iid, seed: 0).Values[..4].ToArray());

    [Property]
    public void OrthogonalRowsAreOrthogonalWithinABlock(ulong seed)
    {
        var numbers = new Numbers((int)(seed % int.MaxValue));
        int dimension = numbers.Between(1, 40), features = numbers.Between(1, 100);
        RandomProjection projection = RandomProjection.Create(features, dimension, ProjectionKind.Orthogonal, seed);
        for (int a = 0; a < features; a++)
        {
            for (int other = a / dimension * dimension; other < a; other++)
            {
                double lengths = Math.Sqrt(Dot(projection, a, a) * Dot(projection, other, other));
                Assert.Equal(0, Dot(projection, a, other) / lengths, 1e-6);
            }
        }
    }

    [Property]
    public void RowsOnTheSphereHaveLengthRootOfDimension(ulong seed, byte size)
    {
        int dimension = 1 + (size % 200);
        RandomProjection projection = RandomProjection.Create(20, dimension, ProjectionKind.Sphere, seed);
        for (int a = 0; a < 20; a++) Assert.Equal(dimension, Dot(projection, a, a), 1e-6 * dimension);
    }

    [Theory]
    [InlineData(ProjectionKind.Iid)]
    [InlineData(ProjectionKind.Orthogonal)]
    public void SquaredLengthsAreChiSquared(ProjectionKind kind)
    {
        const int Dimension = 24, Features = 4096;
        RandomProjection projection = RandomProjection.Create(Features, Dimension, kind, 5);
        double[] squares = [.. Enumerable.Range(0, Features).Select(a => Dot(projection, a, a))];

        // Mean d and variance 2d; the variance of a squared deviation is 8d² + 48d.
        Assert.Equal(Dimension, squares.Average(), 10 * Math.Sqrt(2.0 * Dimension / Features));
        double variance = squares.Average(square => (square - Dimension) * (square - Dimension));
        Assert.Equal(2.0 * Dimension, variance, 10 * Math.Sqrt(((8.0 * Dimension * Dimension) + (48 * Dimension)) / Features));
    }

    [Theory]
    [InlineData(ProjectionKind.Iid)]
    [InlineData(ProjectionKind.Orthogonal)]
    public void PositiveRandomFeaturesEstimateTheExponentialKernelWithoutBias(ProjectionKind kind)
    {
        const int Dimension = 8, Features = 32, Draws = 3000;
        var numbers = new Numbers(3);
        float[] x = numbers.Normals(Dimension, 0.25), y = numbers.Normals(Dimension, 0.25);
        double product = 0, squareOfSum = 0, squares = 0;
        for (int c = 0; c < Dimension; c++)
        {
            product += (double)x[c] * y[c];
            squareOfSum += Math.Pow((double)x[c] + y[c], 2);
            squares += ((double)x[c] * x[c]) + ((double)y[c] * y[c]);
        }

        double mean = 0;
        for (int draw = 0; draw < Draws; draw++)
        {
            ReadOnlySpan<float> w = RandomProjection.Create(Features, Dimension, kind, (ulong)draw).Values;
            for (int a = 0; a < Features; a++)
            {
                double exponent = -squares / 2;
                for (int c = 0; c < Dimension; c++) exponent += w[(a * Dimension) + c] * ((double)x[c] + y[c]);
                mean += Math.Exp(exponent) / Features / Draws;
            }
        }

        // Var = (exp(‖x+y‖²) − 1) exp(x·y)² / m for independent rows, less for orthogonal ones.
        double deviation = Math.Sqrt((Math.Exp(squareOfSum) - 1) / (Features * Draws)) * Math.Exp(product);
        Assert.Equal(Math.Exp(product), mean, 10 * deviation);
    }

    [Property]
    public void MoreFeaturesKeepTheFirstOnes(ulong seed, byte size)
    {
        foreach (ProjectionKind kind in Enum.GetValues<ProjectionKind>())
        {
            float[] few = RandomProjection.Create(1 + size, 16, kind, seed).Values.ToArray();
            Assert.Equal(few, RandomProjection.Create(300, 16, kind, seed).Values[..few.Length].ToArray());
        }
    }

    [Fact]
    public void SeedsDiffer() =>
        Assert.NotEqual(
            RandomProjection.Create(8, 8, seed: 1).Values.ToArray(),
            RandomProjection.Create(8, 8, seed: 1ul << 32).Values.ToArray());

    [Property]
    public void ValuesAreReadBackAndRestored(ulong seed)
    {
        RandomProjection drawn = RandomProjection.Create(12, 5, ProjectionKind.Iid, seed);
        RandomProjection restored = RandomProjection.FromValues(drawn.Values, 6, 5, heads: 2);
        Assert.Equal(drawn.Values.ToArray(), restored.Values.ToArray());
        Assert.Equal((6, 5, 2), (restored.Features, restored.Dimension, restored.Heads));
    }

    private static double Dot(RandomProjection projection, int a, int b)
    {
        double sum = 0;
        for (int c = 0; c < projection.Dimension; c++)
        {
            sum += (double)projection.Values[(a * projection.Dimension) + c] * projection.Values[(b * projection.Dimension) + c];
        }

        return sum;
    }
}
