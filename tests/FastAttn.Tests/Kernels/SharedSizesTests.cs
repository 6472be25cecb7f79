using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Positions;
using FastAttn.Sums;

namespace FastAttn.Tests.Kernels;

/// <summary>Sizes that several folders rely on fit each other, on every tier that this processor has.</summary>
public sealed class SharedSizesTests
{
    public static TheoryData<InstructionTier> AvailableTiers => [.. Tiers.Available];

    [Theory]
    [MemberData(nameof(AvailableTiers))]
    public void FitEachOther(InstructionTier tier) => Tiers.Visit(tier, new Sizes());

    /// <summary>The generator is another program, so it has a constant of its own.</summary>
    [Fact]
    public void TheGeneratorHasTheSameBlocks()
    {
        using var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "assemblies", "FastAttn.Generators.dll")));
        MetadataReader metadata = file.GetMetadataReader();
        TypeDefinition shape = metadata.TypeDefinitions.Select(metadata.GetTypeDefinition).Single(type => metadata.GetString(type.Name) == "TileShape");
        FieldDefinition field = shape.GetFields().Select(metadata.GetFieldDefinition).Single(candidate => metadata.GetString(candidate.Name) == nameof(KernelShape.KeyTile));
        Assert.Equal(KernelShape.KeyTile, metadata.GetBlobReader(metadata.GetConstant(field.GetDefaultValue()).Value).ReadInt32());
    }

    private sealed class Sizes : ITierVisitor<bool>
    {
        public bool Visit<TKernels>()
            where TKernels : struct, IKernels
        {
            // A leaf of a multipole tree is a block of packed keys.
            Assert.Equal(KernelShape.KeyTile, SmoothTails.LeafTokens);
            Assert.Equal(SmoothTails.LeafTokens, 1 << BoxGrid.LeafLog2);

            // Boxes of rows begin at register tiles, and so lie nearer to a box of keys than the search of their errors may assume.
            Assert.InRange(TKernels.RowTile, 1, SmoothTails.Overhang + 1);

            // The last vector of a row of gathered coefficients, and a tile's rows at the edge of all offsets.
            Assert.True(GridTile.Stride >= KernelShape.KeyTile + TKernels.Lanes, "a gathered row has no room for its last vector");
            Assert.True(HeadPosition.Margin >= (2 * KernelShape.KeyTile) + TKernels.RowTile + TKernels.Lanes, "tiles reach beyond the zeros around the coefficients");
            Assert.InRange(TKernels.Lanes, 1, LaneSums.MostLanes);
            Assert.Equal(0, KernelShape.KeyTile % TKernels.Lanes);
            return true;
        }
    }
}
