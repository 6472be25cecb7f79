using FastAttn.Positions;

namespace FastAttn.Tests.Positions;

/// <summary>Nodes are tokens of their box, whatever its length and the rank.</summary>
public sealed unsafe class InterpolationTests
{
    [Fact]
    public void NodesRiseFromTheFirstTokenToTheLast()
    {
        int* nodes = stackalloc int[16];
        for (int rank = 4; rank <= 16; rank += 2)
        {
            for (int length = rank + 1; length <= 300; length++)
            {
                Interpolation.Nodes(length, rank, nodes);
                Assert.Equal(0, nodes[0]);
                Assert.Equal(length - 1, nodes[rank - 1]);
                for (int p = 1; p < rank; p++) Assert.True(nodes[p] > nodes[p - 1], $"{rank} nodes of {length} tokens: node {p} is {nodes[p]} after {nodes[p - 1]}");
            }
        }
    }
}
