using FastAttn.Features;

namespace FastAttn.Tests.Features;

/// <summary>Philox4x32-10 against the vectors its authors published with Random123.</summary>
public sealed class PhiloxTests
{
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627E8D5u, 0xE169C58Du, 0xBC57AC4Cu, 0x9B00DBD8u)]
    [InlineData(~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408F276Du, 0x41C83B0Eu, 0xA20BC7C6u, 0x6D5451FDu)]
    [InlineData(0x243F6A88u, 0x85A308D3u, 0x13198A2Eu, 0x03707344u, 0xA4093822u, 0x299F31D0u, 0xD16CFE09u, 0x94FDCCEBu, 0x5001E420u, 0x24126EA1u)]
    public void PublishedVectors(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint x0, uint x1, uint x2, uint x3) =>
        Assert.Equal((x0, x1, x2, x3), Philox.Block(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void NormalsHaveTheMomentsOfANormal()
    {
        const int Count = 200_000;
        double[] powers = new double[5];
        var random = new Philox(seed: 1, stream: 0);
        for (int i = 0; i < Count; i++)
        {
            double x = random.NextNormal();
            for (int power = 1; power <= 4; power++) powers[power] += Math.Pow(x, power) / Count;
        }

        // Variances of x, x², x³, x⁴ are 1, 2, 15, 96; ten deviations is Chebyshev's one in a hundred.
        Assert.Equal(0, powers[1], 10 * Math.Sqrt(1.0 / Count));
        Assert.Equal(1, powers[2], 10 * Math.Sqrt(2.0 / Count));
        Assert.Equal(0, powers[3], 10 * Math.Sqrt(15.0 / Count));
        Assert.Equal(3, powers[4], 10 * Math.Sqrt(96.0 / Count));
    }

    [Fact]
    public void StreamsAndSeedsDiffer()
    {
        var values = new HashSet<double>();
        for (ulong seed = 0; seed < 20; seed++)
        {
            for (uint stream = 0; stream < 20; stream++)
            {
                var random = new Philox(seed << 30, stream);
                Assert.True(values.Add(random.NextNormal()));
                Assert.True(values.Add(random.NextNormal()));
            }
        }
    }
}
