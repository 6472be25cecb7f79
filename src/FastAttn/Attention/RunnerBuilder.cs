using FastAttn.Features;
using FastAttn.Fft;
using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Methods;
using FastAttn.Planning;
using FastAttn.Positions;

namespace FastAttn.Attention;

/// <summary>Puts a plan's feature stage and method together for the tier that runs.</summary>
internal sealed class RunnerBuilder(
    MethodSettings settings, MethodChoice choice, ITierVisitor<FeatureStage> stages, PreparedPosition positions, OutputGain? gain, DenominatorFloor floor) : ITierVisitor<HeadRunner>
{
    public HeadRunner Visit<TKernels>()
        where TKernels : struct, IKernels
    {
        AttentionMethod method = choice.Method switch
        {
            Method.Fft => new FftMethod<TKernels>(LaneFft.Get(choice.FftLength, TKernels.Lanes), positions.Layout, settings.Shape.KeyLength),
            Method.Linear => new LinearMethod<TKernels>(),
            Method.Band or Method.Decay => new TailScanMethod<TKernels>(choice.Method, settings.Allowance),
            Method.Multipole => new MultipoleMethod<TKernels>(settings.Allowance),
            _ => new DirectMethod<TKernels>(SumRounding<TKernels>.NeedsFine(settings.Tolerance)),
        };
        return new HeadRunner<TKernels>(settings.Shape, stages.Visit<TKernels>(), method, positions, settings.Tolerance, gain, floor);
    }
}
