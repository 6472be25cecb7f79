using FastAttn.Kernels;

namespace FastAttn.Tests.Attention;

/// <summary>
/// The tier that runs is the best this process may use. tests/run.sh runs this class under the runtime's own switches too,
/// <c>DOTNET_EnableAVX512=0</c>, <c>DOTNET_EnableAVX2=0</c> and <c>DOTNET_PreferredVectorBitWidth=256</c>, which lower it from below.
/// </summary>
public sealed class TierSmokeTests
{
    [Fact]
    public void TheTierIsTheBestThatRuntimeAndEnvironmentAllow()
    {
        InstructionTier best = System.Runtime.Intrinsics.X86.Avx512F.IsSupported && System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated ? InstructionTier.Avx512
            : System.Runtime.Intrinsics.X86.Avx2.IsSupported && System.Runtime.Intrinsics.X86.Fma.IsSupported ? InstructionTier.Avx2
            : System.Runtime.Intrinsics.Arm.AdvSimd.Arm64.IsSupported ? InstructionTier.Neon
            : InstructionTier.Portable;
        string? asked = Environment.GetEnvironmentVariable("FASTATTN_TIER");
        InstructionTier expected = string.IsNullOrEmpty(asked) ? best : Words.Parse<InstructionTier>(asked, "FASTATTN_TIER");
        Assert.Equal(expected, FastAttnInfo.Tier);
        Assert.NotEmpty(FastAttnInfo.TierReason);
    }

    [Fact]
    public void SwitchesOfTheRuntimeAreFollowed()
    {
        if (Environment.GetEnvironmentVariable("DOTNET_EnableAVX512") == "0") Assert.True(FastAttnInfo.Tier <= InstructionTier.Avx2);
        if (Environment.GetEnvironmentVariable("DOTNET_EnableAVX2") == "0") Assert.Equal(InstructionTier.Portable, FastAttnInfo.Tier);
        if (Environment.GetEnvironmentVariable("DOTNET_PreferredVectorBitWidth") == "256") Assert.True(FastAttnInfo.Tier <= InstructionTier.Avx2);
        bool asked = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("FASTATTN_TIER"));
        if (!asked && FastAttnInfo.Tier < ProcessorTier.Widest && Environment.GetEnvironmentVariable("DOTNET_EnableAVX2") == "0")
            Assert.Contains("DOTNET_EnableAVX2=0", FastAttnInfo.TierReason, StringComparison.Ordinal);
        Assert.Equal(FastAttnInfo.Tier, ExecutionPlan.Create(new AttentionShape(1, 10, 8)).Tier);
    }

    [Theory]
    [InlineData(Method.Direct)]
    [InlineData(Method.Fft)]
    [InlineData(Method.Linear)]
    public void EveryMethodRunsOnIt(Method method)
    {
        AttentionProblem problem = AttentionProblem.Normal(new AttentionShape(2, 600, 64), 1).By(method);
        AttentionRun run = Contract.Holds(method == Method.Linear ? problem : problem.WithNormalBias(0.5, 2), row => row % 7 == 0);
        Assert.Equal(FastAttnInfo.Tier, run.Report.Tier);
        Assert.Equal(method, run.Report.Method);
    }
}
