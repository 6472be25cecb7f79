using FastAttn.Generators.Isa;

namespace FastAttn.Generators.Tests.Infrastructure;

public sealed class SmokeTests
{
    [Fact]
    public void TheFourInstructionSetsAreFound() =>
        Assert.Equal(["avx2", "avx512", "neon", "portable"], InstructionSet.All.Keys.Order());
}
