using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Methods;
using FastAttn.Threading;

namespace FastAttn.Scores;

/// <summary>Runs heads of softmax or Gaussian attention.</summary>
/// <param name="shape">The sizes.</param>
/// <param name="bias">Biases.</param>
/// <param name="unit">See <see cref="ScoreProblem.Unit"/>.</param>
/// <param name="isGaussian">See <see cref="ScoreProblem.IsGaussian"/>.</param>
internal sealed class ScoreRunner<TKernels>(AttentionShape shape, ScoreBias bias, double unit, bool isGaussian) : HeadRunner
    where TKernels : struct, IKernels
{
    // A crew may come without its helpers, and then takes larger tiles.
    public override long MeasureWorkspace(int workers) => Math.Max(Measure(1), Measure(workers));

    public override HeadReport Run(in HeadCall call, Crew crew, AlignedBuffer workspace)
    {
        unsafe
        {
            var arena = new Arena(workspace.Data, workspace.Bytes);
            ScoreHead<TKernels>.Run(Problem(call), crew, ref arena);
        }

        return default;
    }

    private long Measure(int workers)
    {
        var arena = Arena.Measuring;
        ScoreHead<TKernels>.Run(Problem(HeadCall.WithoutData(shape)), Crew.Measuring(workers), ref arena);
        return arena.Peak;
    }

    private unsafe ScoreProblem Problem(in HeadCall call) => new()
    {
        Query = call.Query,
        Key = call.Key,
        Value = call.Value,
        Destination = call.Destination,
        KeyMask = call.KeyMask,
        KeptKeys = call.KeptKeys,
        Bias = bias.Head(call.Head),
        Unit = unit,
        IsGaussian = isGaussian,
    };
}
