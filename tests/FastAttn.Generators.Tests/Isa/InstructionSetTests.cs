using FastAttn.Generators.Isa;

namespace FastAttn.Generators.Tests.Isa;

public sealed class InstructionSetTests
{
    [Fact]
    public void EveryInstructionSetIsFoundByItsName() =>
        Assert.Equal(["avx2", "avx512", "neon", "portable"], InstructionSet.All.Keys.Order());
}
