using FastAttn.Generators.Isa;
using FastAttn.Generators.Tiles;

namespace FastAttn.Generators.Tests.Kernels;

/// <summary>The passes that choose sizes.</summary>
public sealed class TileShapeTests
{
    [Theory]
    [InlineData("avx512", 6, 4)]
    [InlineData("avx2", 6, 2)]
    [InlineData("neon", 6, 4)]
    [InlineData("portable", 6, 2)]
    public void The_register_count_gives_the_tile(string isa, int rows, int vectors) =>
        Assert.Equal(new TileShape(rows, vectors), TileShape.For(InstructionSet.All[isa]));

    [Fact]
    public void Chunks_fit_the_tile_and_differ_by_at_most_one()
    {
        var shape = new TileShape(6, 4);
        for (int vectors = 1; vectors <= 64; vectors++)
        {
            IReadOnlyList<int> chunks = ColumnChunks.Of(vectors, shape);
            Assert.Equal(vectors, chunks.Sum());
            Assert.All(chunks, chunk => Assert.InRange(chunk, 1, shape.Vectors));
            Assert.InRange(chunks.Max() - chunks.Min(), 0, 1);
        }
    }
}
