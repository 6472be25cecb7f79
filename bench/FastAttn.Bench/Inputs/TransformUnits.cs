using FastAttn.Fft;
using FastAttn.Generators.Codelets;
using FastAttn.Generators.Isa;

namespace FastAttn.Bench.Inputs;

/// <summary>Counts what the codelets of a <see cref="TransformCase"/> execute: instructions that multiply and instructions that only add.</summary>
internal sealed class TransformUnits(Func<int, bool> hasUnrolledSplit)
{
    private readonly InstructionSet _isa = InstructionSet.All[Words.Of(FastAttnInfo.Tier)];
    private readonly Dictionary<string, UnitUse> _counted = [];

    /// <summary>Both halves of one product.</summary>
    public UnitUse Of(LaneFft fft) => Times(2, Columns(fft.Outer, "Outer", "Contract"));

    private UnitUse Columns(CyclicStep step, string from, string to) =>
        Times(step.Length / step.Radix, Of(ColumnsCodelet.Create(step.Radix, _isa.Lanes), $"Forward{from}{step.Radix}", $"Inverse{to}{step.Radix}"))
        + Times(step.Radix, Of(step.First!));

    private UnitUse Of(CyclicStep step) => step.Kind switch
    {
        CyclicStepKind.Convolve => Of(ConvolveCodelet.Create(step.Length, _isa.Lanes), $"Convolve{step.Length}"),
        CyclicStepKind.Columns => Columns(step, "Points", "Points"),
        _ => SplitAndMerge(step.Length) + Of(step.First!) + Times(2, Of(step.Second!)),
    };

    private UnitUse SplitAndMerge(int length) => hasUnrolledSplit(length)
        ? Of(SplitCodelet.CreateUnrolled(length, _isa.Lanes), $"Split{length}", $"Merge{length}")
        : Times(length / 4, Of(SplitCodelet.CreateLoop(_isa.Lanes), "SplitLoop", "MergeLoop"));

    private UnitUse Of(CodeletFile file, params string[] methods) => methods.Select(name =>
    {
        if (!_counted.TryGetValue(name, out UnitUse use))
        {
            use = file.Methods.Single(method => method.Name == name).Blocks
                .Select(block => UnitUse.Of(FmaContraction.Run(block, _isa.HasFusedMultiplyAdd))).Aggregate((a, b) => a + b);
            _counted.Add(name, use);
        }

        return use;
    }).Aggregate((a, b) => a + b);

    private static UnitUse Times(int factor, UnitUse use) => new(factor * use.Multiplying, factor * use.Adding);
}
