using System.Numerics.Tensors;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>
/// Every line of the table in <c>src/FastAttn/BAD-INPUT.md</c>: the call it describes fails with the error it names, the message
/// names the argument, says what came and what was expected, and the destination stays as it was.
/// </summary>
public sealed class BadInputTests
{
    private static readonly AttentionShape Shape = new(4, 10, 8) { KeyHeads = 2, KeyLength = 12, ValueDimension = 6 };

    private static readonly Dictionary<string, Action> Calls = new()
    {
        ["shape.Heads is 0"] = () => Plan(Shape with { Heads = 0 }),
        ["shape.Batch is negative"] = () => Plan(Shape with { Batch = -1 }),
        ["shape.QueryLength is negative"] = () => Plan(Shape with { QueryLength = -1 }),
        ["shape.KeyLength is negative"] = () => Plan(Shape with { KeyLength = -1 }),
        ["shape.KeyHeads is 0"] = () => Plan(Shape with { KeyHeads = 0 }),
        ["shape.KeyHeads does not divide shape.Heads"] = () => Plan(Shape with { KeyHeads = 3 }),
        ["shape.HeadDimension is 0"] = () => Plan(Shape with { HeadDimension = 0 }),
        ["shape.HeadDimension is above 512"] = () => Plan(Shape with { HeadDimension = 513 }),
        ["shape.ValueDimension is 0"] = () => Plan(Shape with { ValueDimension = 0 }),
        ["shape.ValueDimension is above 4096"] = () => Plan(Shape with { ValueDimension = 4097 }),
        ["shape has more queries than memory can hold"] = () => Plan(Shape with { QueryLength = int.MaxValue }),
        ["shape has more keys than memory can hold"] = () => Plan(Shape with { KeyLength = int.MaxValue }),
        ["options.FeatureMap is not one of its values"] = () => Plan(Shape, new() { FeatureMap = (FeatureMap)99 }),
        ["options.Method is not one of its values"] = () => Plan(Shape, new() { Method = (Method)99 }),
        ["options.ProjectionKind is not one of its values"] = () => Plan(Shape, new() { ProjectionKind = (ProjectionKind)99 }),
        ["options.Features is 0"] = () => Plan(Shape, new() { Features = 0 }),
        ["options.Features is above 4096"] = () => Plan(Shape, new() { Features = 4097 }),
        ["options.Features differs from the projection's"] = () => Plan(Shape, new() { Features = 5, Projection = RandomProjection.Create(6, 8) }),
        ["options.Features for a map without a projection"] = () => Plan(Shape, new() { FeatureMap = FeatureMap.Elu, Features = 8 }),
        ["options.Projection for a map without a projection"] = () => Plan(Shape, new() { FeatureMap = FeatureMap.Sikf, Projection = RandomProjection.Create(8, 8) }),
        ["options.Projection has another dimension"] = () => Plan(Shape, new() { Projection = RandomProjection.Create(8, 9) }),
        ["options.Projection has another number of heads"] = () => Plan(Shape, new() { Projection = RandomProjection.FromValues(new float[3 * 8], 1, 8, heads: 3) }),
        ["options.Nu is 0"] = () => Plan(Shape, new() { FeatureMap = FeatureMap.Dpfp, Nu = 0 }),
        ["options.Nu makes more than 8192 features"] = () => Plan(Shape, new() { FeatureMap = FeatureMap.Dpfp, Nu = 513 }),
        ["options.Nu for a map that does not read it"] = () => Plan(Shape, new() { FeatureMap = FeatureMap.Sikf, Nu = 2 }),
        ["options.QkScale is 0"] = () => Plan(Shape, new() { QkScale = 0 }),
        ["options.QkScale is not finite"] = () => Plan(Shape, new() { QkScale = float.NaN }),
        ["options.QkScale for normalised rows"] = () => Plan(Shape, new() { QkScale = 2 }),
        ["options.FeatureEpsilon is 0"] = () => Plan(Shape, new() { FeatureEpsilon = 0 }),
        ["options.FeatureEpsilon is not finite"] = () => Plan(Shape, new() { FeatureEpsilon = float.PositiveInfinity }),
        ["options.FeatureEpsilon for a map that adds none"] = () => Plan(Shape, new() { FeatureMap = FeatureMap.Trf, FeatureEpsilon = 1e-3f }),
        ["options.SignedFeatures for a map that makes its own features"] = () => Plan(Shape, new() { SignedFeatures = true }),
        ["options.QueryOffsets beside QueryOffset"] = () => Plan(Shape, new() { QueryOffset = 1, QueryOffsets = [1] }),
        ["options.QueryOffsets is not [B]"] = () => Plan(Shape, new() { QueryOffsets = [1, 2] }),
        ["given: shape.HeadDimension is above 8192"] = () => Plan(Shape with { HeadDimension = 8193 }, new() { FeatureMap = FeatureMap.Given }),
        ["given: options.Features"] = () => Plan(Shape, new() { FeatureMap = FeatureMap.Given, Features = 8 }),
        ["given: a feature is negative"] = () => new KernelizedAttention(Shape, new() { FeatureMap = FeatureMap.Given }).Forward(With(new float[320], 9, -1), new float[192], new float[144], new float[240]),
        ["mapper: heads is 0"] = () => new FeatureMapper(0, 8),
        ["mapper: dimension is 0"] = () => new FeatureMapper(1, 0),
        ["mapper: options.FeatureEpsilon for prf"] = () => new FeatureMapper(1, 8, new() { FeatureEpsilon = 1e-4f }),
        ["mapper: batch is negative"] = () => new FeatureMapper(1, 8).Map(-1, 2, [], []),
        ["mapper: rows has the wrong number of values"] = () => new FeatureMapper(1, 8).Map(1, 2, new float[15], new float[128]),
        ["mapper: features has the wrong number of values"] = () => new FeatureMapper(1, 8).Map(1, 2, new float[16], new float[127]),
        ["mapper: logScales has the wrong number of values"] = () => new FeatureMapper(1, 8).Map(1, 2, new float[16], new float[128], new double[1]),
        ["mapper: features overlaps rows"] = () => Overlap((memory, _) => new FeatureMapper(1, 8).Map(1, 2, memory.AsSpan(0, 16), memory.AsSpan(15, 128))),
        ["special tokens: Prefix is negative"] = () => Special(new() { Prefix = -1 }),
        ["special tokens: more than 1024"] = () => Special(new() { Prefix = 1000, Suffix = 25 }),
        ["special tokens: SpecialToGrid has the wrong number of values"] = () => Special(new() { Prefix = 2, SpecialToGrid = new float[3] }),
        ["special tokens: GridToSpecial holds NaN"] = () => Special(new() { Suffix = 1, GridToSpecial = [float.NaN] }),
        ["special tokens: SpecialToSpecial has the wrong number of values"] = () => Special(new() { Prefix = 2, SpecialToSpecial = new float[2] }),
        ["special tokens: the call has other lengths"] = () => Plan(Shape with { QueryLength = 12 }, null, Special(new() { Prefix = 1 })),
        ["special tokens: the call is causal"] = () => Plan(Shape with { QueryLength = 13, KeyLength = 13 }, new() { Causal = true }, Special(new() { Prefix = 1 })),
        ["options.Tolerance is below 1e-6"] = () => Plan(Shape, new() { Tolerance = 0 }),
        ["options.Tolerance is above 0.1"] = () => Plan(Shape, new() { Tolerance = 1 }),
        ["options.Tolerance is NaN"] = () => Plan(Shape, new() { Tolerance = float.NaN }),
        ["options.Threads is 0"] = () => Plan(Shape, new() { Threads = 0 }),
        ["options.Causal with more queries than keys and no offset"] = () => Plan(Shape with { QueryLength = 13 }, new() { Causal = true }),
        ["options.Method is linear with positions"] = () => Plan(Shape, new() { Method = Method.Linear }, RelativePosition.Dense(new float[21], 10, 12)),
        ["position is for other lengths"] = () => Plan(Shape, null, RelativePosition.Dense(new float[21], 11, 11)),
        ["position has another number of heads"] = () => Plan(Shape, null, RelativePosition.Dense(new float[63], 10, 12, heads: 3)),
        ["bias has the wrong number of values"] = () => RelativePosition.Dense(new float[20], 10, 12),
        ["bias is empty"] = () => RelativePosition.Dense([], 10, 12),
        ["bias holds NaN"] = () => RelativePosition.Dense(With(new float[21], 20, float.NaN), 10, 12),
        ["bias holds +∞"] = () => RelativePosition.Dense(With(new float[21], 0, float.PositiveInfinity), 10, 12),
        ["bias for queryLength -1"] = () => RelativePosition.Dense(new float[21], -1, 12),
        ["bias for keyLength -1"] = () => RelativePosition.Dense(new float[21], 12, -1),
        ["bias for heads 0"] = () => RelativePosition.Dense(new float[21], 10, 12, heads: 0),
        ["grid: bias has the wrong number of values"] = () => RelativePosition.Grid(new float[44], 3, 5),
        ["grid: bias holds NaN"] = () => RelativePosition.Grid(With(new float[45], 7, float.NaN), 3, 5),
        ["grid: bias holds +∞"] = () => RelativePosition.Grid(With(new float[45], 44, float.PositiveInfinity), 3, 5),
        ["grid: height is 0"] = () => RelativePosition.Grid(new float[45], 0, 5),
        ["grid: width is 0"] = () => RelativePosition.Grid(new float[45], 3, 0),
        ["grid: heads is 0"] = () => RelativePosition.Grid(new float[45], 3, 5, heads: 0),
        ["grid: sides whose product no number holds"] = () => RelativePosition.Grid(new float[45], int.MaxValue, int.MaxValue, int.MaxValue),
        ["grid: the call has other lengths"] = () => Plan(Shape, null, RelativePosition.Grid(new float[45], 3, 5)),
        ["grid: the call is causal"] = () => Plan(Shape with { QueryLength = 12 }, new() { Causal = true }, RelativePosition.Grid(new float[35], 3, 4)),
        ["grid: the method is linear"] = () => Plan(Shape with { QueryLength = 12 }, new() { Method = Method.Linear }, RelativePosition.Grid(new float[35], 3, 4)),
        ["clipped: bias has an even number of values"] = () => RelativePosition.Clipped(new float[4]),
        ["clipped: bias does not divide by heads"] = () => RelativePosition.Clipped(new float[5], heads: 3),
        ["clipped: bias is empty"] = () => RelativePosition.Clipped([]),
        ["clipped: bias holds NaN"] = () => RelativePosition.Clipped([0, float.NaN, 0]),
        ["clipped: heads is 0"] = () => RelativePosition.Clipped([0], heads: 0),
        ["t5: bias does not divide by heads"] = () => RelativePosition.T5(new float[32], heads: 3),
        ["t5: bidirectional with an odd number of buckets"] = () => RelativePosition.T5(new float[33]),
        ["t5: bidirectional with 2 buckets"] = () => RelativePosition.T5(new float[2]),
        ["t5: a single bucket"] = () => RelativePosition.T5([0], bidirectional: false),
        ["t5: maxDistance is within the buckets of one distance"] = () => RelativePosition.T5(new float[32], maxDistance: 8),
        ["t5: bias holds +∞"] = () => RelativePosition.T5([0, 0, 0, float.PositiveInfinity]),
        ["t5: rounding is not one of its values"] = () => RelativePosition.T5(new float[32], rounding: (T5Rounding)9),
        ["t5: a checkpoint's table does not divide by heads"] = () => T5Position.FromCheckpoint(new float[32], heads: 3),
        ["grid: a Swin table has the wrong number of values"] = () => GridPosition.FromSwin(new float[44], 3, 5, heads: 1),
        ["alibi: slopes for 0 heads"] = () => RelativePosition.AlibiSlopes(0),
        ["fast_rpb: a checkpoint's weights are even in number"] = () => FastRpb.WeightsFromCheckpoint(new float[8], 3),
        ["fast_rpb: a checkpoint's weights are too few"] = () => FastRpb.WeightsFromCheckpoint(new float[7], 5),
        ["t5: heads is 0"] = () => RelativePosition.T5(new float[32], heads: 0),
        ["alibi: slopes is empty"] = () => RelativePosition.Alibi([]),
        ["alibi: a slope is negative"] = () => RelativePosition.Alibi([1, -0.5f]),
        ["alibi: a slope is NaN"] = () => RelativePosition.Alibi([float.NaN]),
        ["exponentials: weights is empty"] = () => RelativePosition.Exponentials([], []),
        ["exponentials: weights does not divide by heads"] = () => RelativePosition.Exponentials([1, 1, 1], [1, 1, 1], heads: 2),
        ["exponentials: rates has another number of values"] = () => RelativePosition.Exponentials([1, 1], [1]),
        ["exponentials: a weight is 0"] = () => RelativePosition.Exponentials([1, 0], [1, 1]),
        ["exponentials: a rate is negative"] = () => RelativePosition.Exponentials([1, 1], [1, -1]),
        ["exponentials: a rate is ∞"] = () => RelativePosition.Exponentials([1], [float.PositiveInfinity]),
        ["exponentials: heads is 0"] = () => RelativePosition.Exponentials([1], [1], heads: 0),
        ["kerple_log: r1 is empty"] = () => RelativePosition.KerpleLog([], []),
        ["kerple_log: r2 has another number of values"] = () => RelativePosition.KerpleLog([1, 1], [1, 1, 1]),
        ["kerple_log: r1 holds 0"] = () => RelativePosition.KerpleLog([0], [1]),
        ["kerple_log: r2 holds ∞"] = () => RelativePosition.KerpleLog([1], [float.PositiveInfinity]),
        ["kerple_power: p has another number of values"] = () => RelativePosition.KerplePower([1, 1], [1, 1, 1]),
        ["kerple_power: a holds a negative number"] = () => RelativePosition.KerplePower([-1], [1]),
        ["kerple_power: p is above 2"] = () => RelativePosition.KerplePower([1], [2.5f]),
        ["kerple_power: p is 0"] = () => RelativePosition.KerplePower([1], [0]),
        ["alibi has another number of heads than the shape"] = () => Plan(Shape, null, RelativePosition.Alibi([1, 2, 3])),
        ["options.Method is linear with alibi"] = () => Plan(Shape, new() { Method = Method.Linear }, RelativePosition.Alibi([1])),
        ["projection of features 0"] = () => RandomProjection.Create(0, 8),
        ["projection of features above 4096"] = () => RandomProjection.Create(4097, 8),
        ["projection of dimension 0"] = () => RandomProjection.Create(8, 0),
        ["projection of dimension above 512"] = () => RandomProjection.Create(8, 513),
        ["projection of an unknown kind"] = () => RandomProjection.Create(8, 8, (ProjectionKind)99),
        ["projection values of the wrong number"] = () => RandomProjection.FromValues(new float[63], 8, 8),
        ["projection values with NaN"] = () => RandomProjection.FromValues(With(new float[64], 7, float.NaN), 8, 8),
        ["projection values with ∞"] = () => RandomProjection.FromValues(With(new float[64], 7, float.NegativeInfinity), 8, 8),
        ["projection values for heads 0"] = () => RandomProjection.FromValues([], 8, 8, heads: 0),
        ["maclaurin: features leave none to be random"] = () => MaclaurinFeatures.Create(1, 8),
        ["maclaurin: features below the exact ones"] = () => MaclaurinFeatures.Create(9, 8, exactDegrees: 1),
        ["maclaurin: features above 4096"] = () => MaclaurinFeatures.Create(4097, 8),
        ["maclaurin: dimension is 0"] = () => MaclaurinFeatures.Create(8, 0),
        ["maclaurin: dimension is above 512"] = () => MaclaurinFeatures.Create(8, 513),
        ["maclaurin: kernel is not one of its values"] = () => MaclaurinFeatures.Create(8, 8, (SchoenbatKernel)99),
        ["maclaurin: exactDegrees is 3"] = () => MaclaurinFeatures.Create(100, 8, exactDegrees: 3),
        ["maclaurin: exactDegrees is negative"] = () => MaclaurinFeatures.Create(100, 8, exactDegrees: -1),
        ["maclaurin: exactDegrees whose features exceed 4096"] = () => MaclaurinFeatures.Create(4096, 90, exactDegrees: 2),
        ["maclaurin: exactDegrees in the literal form"] = () => MaclaurinFeatures.Create(100, 8, exactDegrees: 1, literal: true),
        ["maclaurin: degrees is empty"] = () => MaclaurinFeatures.FromValues([], [], 8),
        ["maclaurin: degrees has more values than there can be features"] = () => MaclaurinFeatures.FromValues(new int[4096], [], 8),
        ["maclaurin: degrees holds an exact one"] = () => MaclaurinFeatures.FromValues([2, 1], new sbyte[24], 8, exactDegrees: 1),
        ["maclaurin: degrees holds 21"] = () => MaclaurinFeatures.FromValues([21], new sbyte[168], 8),
        ["maclaurin: signs has the wrong number of values"] = () => MaclaurinFeatures.FromValues([2], new sbyte[15], 8),
        ["maclaurin: signs holds 0"] = () => MaclaurinFeatures.FromValues([1], new sbyte[8], 8),
        ["schoenbat: shape.HeadDimension is 0"] = () => Schoenbat(new(), Shape with { HeadDimension = 0 }),
        ["schoenbat: options.Kernel is not one of its values"] = () => Schoenbat(new() { Kernel = (SchoenbatKernel)99 }),
        ["schoenbat: options.Kernel differs from the draw's"] = () => Schoenbat(new() { Kernel = SchoenbatKernel.Inv, Draw = MaclaurinFeatures.Create(20, 8) }),
        ["schoenbat: options.DenominatorFloor is 0"] = () => Schoenbat(new() { DenominatorFloor = 0 }),
        ["schoenbat: options.Features is 1"] = () => Schoenbat(new() { Features = 1 }),
        ["schoenbat: options.Features is above 4096"] = () => Schoenbat(new() { Features = 4097 }),
        ["schoenbat: options.Features leaves no room for the exact degrees"] = () => Schoenbat(new() { Features = 45, ExactDegrees = 2 }),
        ["schoenbat: options.ExactDegrees takes more features than there can be"] = () => Schoenbat(new() { Features = 4096, ExactDegrees = 2 }, Shape with { HeadDimension = 90 }),
        ["schoenbat: options.Features differs from the draw's"] = () => Schoenbat(new() { Features = 21, Draw = MaclaurinFeatures.Create(20, 8) }),
        ["schoenbat: options.ExactDegrees is 3"] = () => Schoenbat(new() { ExactDegrees = 3 }),
        ["schoenbat: options.ExactDegrees differs from the draw's"] = () => Schoenbat(new() { ExactDegrees = 1, Draw = MaclaurinFeatures.Create(20, 8) }),
        ["schoenbat: options.ExactDegrees in the literal form"] = () => Schoenbat(new() { ExactDegrees = 1, Literal = true }),
        ["schoenbat: options.Literal differs from the draw's"] = () => Schoenbat(new() { Literal = true, Draw = MaclaurinFeatures.Create(20, 8) }),
        ["schoenbat: options.Draw has another dimension"] = () => Schoenbat(new() { Draw = MaclaurinFeatures.Create(20, 9) }),
        ["schoenbat: options.Gamma has the wrong number of values"] = () => Schoenbat(new() { Gamma = [1, 2] }),
        ["schoenbat: options.Gamma holds ∞"] = () => Schoenbat(new() { Gamma = [float.PositiveInfinity] }),
        ["schoenbat: options.Beta has the wrong number of values"] = () => Schoenbat(new() { Beta = [] }),
        ["schoenbat: options.Beta holds 0"] = () => Schoenbat(new() { Beta = [1, 1, 1, 0, 1, 1] }),
        ["schoenbat: options.Method is linear with positions"] = () => Schoenbat(new() { Method = Method.Linear }, position: RelativePosition.Dense(new float[21], 10, 12)),
        ["schoenbat: options.Method is not one of its values"] = () => Schoenbat(new() { Method = (Method)99 }),
        ["schoenbat: options.Causal with more queries than keys and no offset"] = () => Schoenbat(new() { Causal = true }, Shape with { QueryLength = 13 }),
        ["schoenbat: options.Tolerance is NaN"] = () => Schoenbat(new() { Tolerance = float.NaN }),
        ["schoenbat: options.Threads is 0"] = () => Schoenbat(new() { Threads = 0 }),
        ["schoenbat: position is for other lengths"] = () => Schoenbat(new(), position: RelativePosition.Dense(new float[21], 11, 11)),
        ["query is empty"] = () => Forward(new() { Query = [] }),
        ["query has the wrong number of values"] = () => Forward(new() { Query = new float[321] }),
        ["key has the wrong number of values"] = () => Forward(new() { Key = new float[191] }),
        ["value has the wrong number of values"] = () => Forward(new() { Value = new float[12] }),
        ["destination has the wrong number of values"] = () => Forward(new() { Destination = new float[239] }),
        ["keyMask is neither [n_k] nor [B, n_k]"] = () => Forward(new() { KeyMask = new bool[11] }),
        ["lengths is not [B]"] = () => Forward(new() { Lengths = [1, 2] }),
        ["lengths holds a negative number"] = () => Forward(new() { Lengths = [-1] }),
        ["lengths holds more than n_k"] = () => Forward(new() { Lengths = [13] }),
        ["destination overlaps query"] = () => Overlap((memory, attention) => attention.Forward(memory.AsSpan(0, 320), new float[192], new float[144], memory.AsSpan(319, 240))),
        ["destination overlaps key"] = () => Overlap((memory, attention) => attention.Forward(new float[320], memory.AsSpan(200, 192), new float[144], memory.AsSpan(0, 240))),
        ["destination overlaps value"] = () => Overlap((memory, attention) => attention.Forward(new float[320], new float[192], memory.AsSpan(0, 144), memory.AsSpan(0, 240))),
        ["query is a tensor of rank 1"] = () => Tensors(new float[320], [320], [1]),
        ["query is a tensor of rank 5"] = () => Tensors(new float[320], [1, 1, 4, 10, 8], [0, 0, 80, 8, 1]),
        ["query is a tensor of another length"] = () => Tensors(new float[320], [1, 4, 9, 8], [0, 80, 8, 1]),
        ["query is a tensor whose last stride is not 1"] = () => Tensors(new float[640], [1, 4, 10, 8], [0, 160, 16, 2]),
        ["query is at address 0"] = AtAddressZero,
        ["query has an element type that is not one of its values"] = () => Typed((ElementType)7),
        ["query is float16 at an odd address"] = () => Typed(ElementType.Float16, byteOffset: 1),
        ["query is float32 at an address between its elements"] = () => Typed(ElementType.Float32, byteOffset: 2),
        ["destination overlaps a bfloat16 query"] = () => Typed(ElementType.Bfloat16, byteOffset: 2, destination: 160),
        ["a plan that was disposed of"] = Disposed,
        ["softmax: shape.HeadDimension is 0"] = () => new SoftmaxAttention(Shape with { HeadDimension = 0 }),
        ["softmax: options.Scale is 0"] = () => new SoftmaxAttention(Shape, new() { Scale = 0 }),
        ["softmax: options.Scale is not finite"] = () => new SoftmaxAttention(Shape, new() { Scale = float.NaN }),
        ["softmax: options.Causal with more queries than keys and no offset"] = () => new SoftmaxAttention(Shape with { QueryLength = 13 }, new() { Causal = true }),
        ["softmax: options.Threads is 0"] = () => new SoftmaxAttention(Shape, new() { Threads = 0 }),
        ["softmax: position is for other lengths"] = () => new SoftmaxAttention(Shape, null, RelativePosition.Dense(new float[21], 11, 11)),
        ["softmax: position has another number of heads"] = () => new SoftmaxAttention(Shape, null, RelativePosition.Alibi(new float[3])),
        ["softmax: a grid and causal"] = () => new SoftmaxAttention(Shape with { QueryLength = 12 }, new() { Causal = true }, RelativePosition.Grid(new float[35], 3, 4)),
        ["softmax: query has the wrong number of values"] = () => new SoftmaxAttention(Shape).Forward(new float[1], new float[192], new float[144], new float[240]),
        ["gaussian: shape.QueryLength is negative"] = () => new GaussianAttention(Shape with { QueryLength = -1 }),
        ["gaussian: options.Causal with more queries than keys and no offset"] = () => new GaussianAttention(Shape with { QueryLength = 13 }, new() { Causal = true }),
        ["gaussian: options.Threads is 0"] = () => new GaussianAttention(Shape, new() { Threads = 0 }),
        ["gaussian: position is for other lengths"] = () => new GaussianAttention(Shape, null, RelativePosition.Dense(new float[21], 11, 11)),
        ["gaussian: key has the wrong number of values"] = () => new GaussianAttention(Shape).Forward(new float[320], new float[191], new float[144], new float[240]),
        ["skyformer: shape.ValueDimension is 0"] = () => new SkyformerAttention(Shape with { ValueDimension = 0 }),
        ["skyformer: options.Landmarks is 0"] = () => new SkyformerAttention(Shape, new() { Landmarks = 0 }),
        ["skyformer: options.Landmarks is above 4096"] = () => new SkyformerAttention(Shape, new() { Landmarks = 4097 }),
        ["skyformer: options.Gamma is 0 with replacement"] = () => new SkyformerAttention(Shape, new() { Gamma = 0, Sampling = LandmarkSampling.Replacement }),
        ["skyformer: options.LandmarkIndices is empty"] = () => new SkyformerAttention(Shape, new() { LandmarkIndices = [] }),
        ["skyformer: options.LandmarkIndices holds a negative number"] = () => new SkyformerAttention(Shape, new() { LandmarkIndices = [3, -1] }),
        ["skyformer: options.LandmarkIndices holds a row that is not there"] = () => new SkyformerAttention(Shape, new() { LandmarkIndices = [21, 22] }),
        ["skyformer: options.LandmarkIndices repeats and Gamma is 0"] = () => new SkyformerAttention(Shape, new() { LandmarkIndices = [3, 4, 3], Gamma = 0 }),
        ["skyformer: options.Gamma is negative"] = () => new SkyformerAttention(Shape, new() { Gamma = -1e-3f }),
        ["skyformer: options.Gamma is not finite"] = () => new SkyformerAttention(Shape, new() { Gamma = float.NaN }),
        ["skyformer: options.Inverse is not one of its values"] = () => new SkyformerAttention(Shape, new() { Inverse = (SkyformerInverse)9 }),
        ["skyformer: options.Sampling is not one of its values"] = () => new SkyformerAttention(Shape, new() { Sampling = (LandmarkSampling)9 }),
        ["skyformer: options.Threads is 0"] = () => new SkyformerAttention(Shape, new() { Threads = 0 }),
        ["skyformer: value has the wrong number of values"] = () => new SkyformerAttention(Shape).Forward(new float[320], new float[192], new float[143], new float[240]),
        ["toeplitz: coefficients has the wrong number of values"] = () => new ToeplitzPlan(new float[20], 10, 12),
        ["toeplitz: coefficients holds NaN"] = () => new ToeplitzPlan(With(new float[21], 5, float.NaN), 10, 12),
        ["toeplitz: coefficients holds ∞"] = () => new ToeplitzPlan(With(new float[21], 5, float.NegativeInfinity), 10, 12),
        ["toeplitz: outputLength is negative"] = () => new ToeplitzPlan(new float[11], -1, 12),
        ["toeplitz: inputLength is negative"] = () => new ToeplitzPlan(new float[11], 12, -1),
        ["toeplitz: heads is 0"] = () => new ToeplitzPlan(new float[21], 10, 12, heads: 0),
        ["toeplitz: x has the wrong number of values"] = () => Toeplitz().Multiply(new float[23], new float[20], 2),
        ["toeplitz: destination has the wrong number of values"] = () => Toeplitz().Multiply(new float[24], new float[21], 2),
        ["toeplitz: columns is negative"] = () => Toeplitz().Multiply([], [], -1),
        ["toeplitz: heads of the operands differ"] = () => new ToeplitzPlan(new float[42], 10, 12, heads: 2).Multiply(new float[72], new float[60], 2, heads: 3),
        ["toeplitz: destination overlaps x"] = () => Overlap((memory, _) => Toeplitz().Multiply(memory.AsSpan(0, 24), memory.AsSpan(23, 20), 2)),
        ["toeplitz: threads is 0"] = () => Toeplitz().Multiply(new float[24], new float[20], 2, threads: 0),
        ["toeplitz: x is a tensor of another length"] = () => ToeplitzTensors(new(0, 1, 1, 11, 3, 0, 0, 3), new(0, 1, 1, 10, 3, 0, 0, 3)),
        ["toeplitz: x is a tensor of a batch"] = () => ToeplitzTensors(new(0, 2, 1, 12, 3, 0, 0, 3), new(0, 2, 1, 10, 3, 0, 0, 3)),
        ["toeplitz: destination is a tensor of other columns"] = () => ToeplitzTensors(new(0, 1, 1, 12, 3, 0, 0, 3), new(0, 1, 1, 10, 4, 0, 0, 4)),
        ["toeplitz: destination is a tensor that overlaps x"] = () => ToeplitzTensors(new(0, 1, 1, 12, 3, 0, 0, 3), new(0, 1, 1, 10, 3, 0, 0, 3)),
        ["fast_rpb: weights has the wrong number of values"] = () => new FastRpb(new float[18], 10),
        ["fast_rpb: weights is empty"] = () => new FastRpb([], 10),
        ["fast_rpb: symmetric weights has the wrong number of values"] = () => new FastRpb(new float[19], 10, new() { Symmetric = true }),
        ["fast_rpb: weights holds NaN"] = () => new FastRpb(With(new float[19], 3, float.NaN), 10),
        ["fast_rpb: weights holds ∞"] = () => new FastRpb(With(new float[19], 18, float.PositiveInfinity), 10),
        ["fast_rpb: length is negative"] = () => new FastRpb(new float[19], -1),
        ["fast_rpb: length is beyond what can be transformed"] = () => new FastRpb(new float[19], int.MaxValue),
        ["fast_rpb: options.Heads is 0"] = () => new FastRpb(new float[19], 10, new() { Heads = 0 }),
        ["fast_rpb: options.Prefix is negative"] = () => new FastRpb(new float[19], 10, new() { Prefix = -1 }),
        ["fast_rpb: options.Suffix is negative"] = () => new FastRpb(new float[19], 10, new() { Suffix = -2 }),
        ["fast_rpb grid: vertical has the wrong number of values"] = () => FastRpb.Grid(new float[9], new float[9], 4, 5),
        ["fast_rpb grid: horizontal has the wrong number of values"] = () => FastRpb.Grid(new float[7], new float[7], 4, 5),
        ["fast_rpb grid: horizontal holds NaN"] = () => FastRpb.Grid(new float[7], With(new float[9], 8, float.NaN), 4, 5),
        ["fast_rpb grid: height is 0"] = () => FastRpb.Grid(new float[7], new float[9], 0, 5),
        ["fast_rpb grid: width is 0"] = () => FastRpb.Grid(new float[7], new float[9], 4, 0),
        ["fast_rpb grid: side is 0"] = () => FastRpb.Grid(new float[7], 0),
        ["fast_rpb grid: sides whose product no transform holds"] = () => FastRpb.Grid(new float[7], new float[9], 1 << 20, 1 << 20),
        ["fast_rpb grid: options.Causal"] = () => FastRpb.Grid(new float[7], new float[9], 4, 5, new() { Causal = true }),
        ["fast_rpb: shape.QueryLength is not the rows of the weights"] = () => Rpb().Forward(RpbShape with { QueryLength = 13 }, new float[144], new float[312]),
        ["fast_rpb: shape.KeyLength is not the rows of the weights"] = () => Rpb().Forward(RpbShape with { KeyLength = 13 }, new float[156], new float[288]),
        ["fast_rpb: shape.Heads is 0"] = () => Rpb().Forward(RpbShape with { Heads = 0 }, new float[144], new float[288]),
        ["fast_rpb: value has the wrong number of values"] = () => Rpb().Forward(RpbShape, new float[143], new float[288]),
        ["fast_rpb: destination has the wrong number of values"] = () => Rpb().AddTo(RpbShape, new float[144], new float[289]),
        ["fast_rpb: destination overlaps value"] = () => Overlap((memory, _) => Rpb().AddTo(RpbShape, memory.AsSpan(0, 144), memory.AsSpan(143, 288))),
        ["fast_rpb: keyMask is neither [n] nor [B, n]"] = () => Rpb().Forward(RpbShape, new float[144], new float[288], new bool[11]),
        ["fast_rpb: lengths is not [B]"] = () => Rpb().Forward(RpbShape, new float[144], new float[288], default, [12, 12]),
        ["fast_rpb: lengths holds more than n"] = () => Rpb().Forward(RpbShape, new float[144], new float[288], default, [13]),
        ["fast_rpb: threads is 0"] = () => Rpb().Forward(RpbShape, new float[144], new float[288], threads: 0),
        ["fast_rpb: value is a tensor of other rows"] = () => RpbTensors([2, 11, 6], [4, 12, 6]),
        ["fast_rpb: destination is a tensor of other columns"] = () => RpbTensors([2, 12, 6], [4, 12, 7]),
        ["fast_rpb: value is a tensor whose heads do not divide"] = () => RpbTensors([3, 12, 6], [4, 12, 6]),
        ["fast_rpb: destination is a tensor of other heads than the weights"] = () => RpbTensors([2, 12, 6], [4, 12, 6], heads: 3),
        ["a word that is not known"] = () => Words.Parse<FeatureMap>("softmax", "feature_map"),
    };

    public static TheoryData<string, string, string> Lines()
    {
        var lines = new TheoryData<string, string, string>();
        foreach (string line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "BAD-INPUT.md")))
        {
            string[] cells = [.. line.Split('|', StringSplitOptions.TrimEntries)];
            if (cells.Length == 5 && cells[2].StartsWith('`')) lines.Add(cells[1], cells[2].Trim('`'), cells[3].Trim('`'));
        }

        return lines;
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void EveryLineOfTheTable(string what, string argument, string error)
    {
        Assert.True(Calls.TryGetValue(what, out Action? call), $"no call for the line '{what}'");
        Exception thrown = Assert.ThrowsAny<Exception>(call);
        Assert.Equal(error, thrown.GetType().Name);
        if (thrown is ObjectDisposedException) return;
        Assert.Contains(argument, thrown.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("expected", thrown.Message, StringComparison.OrdinalIgnoreCase);
        Assert.False(string.IsNullOrEmpty(Assert.IsAssignableFrom<ArgumentException>(thrown).ParamName));
    }

    [Fact]
    public void EveryCallHasItsLine() =>
        Assert.Equal(Calls.Keys.Order(), Lines().Select(line => (string)line[0]).Order());

    /// <summary>Numbers in a message do not follow the culture of the caller's thread.</summary>
    [Theory]
    [MemberData(nameof(ForeignCulture.Names), MemberType = typeof(ForeignCulture))]
    public void EveryMessageIsTheSameInEveryCulture(string culture)
    {
        foreach ((string name, Action call) in Calls)
        {
            string? expected = Record.Exception(call)?.Message, found = null;
            ForeignCulture.Run(culture, () => found = Record.Exception(call)?.Message);
            Assert.Equal(expected, found);
            Assert.False(string.IsNullOrEmpty(found), name);
        }
    }

    [Fact]
    public void AFailedCallLeavesTheDestinationAsItWas()
    {
        var arguments = new Arguments { Key = new float[1] };
        arguments.Destination.AsSpan().Fill(7);
        Assert.Throws<ShapeException>(() => Forward(arguments));
        Assert.All(arguments.Destination, value => Assert.Equal(7f, value));
    }

    private static void Schoenbat(SchoenbatOptions options, AttentionShape? shape = null, RelativePosition? position = null) =>
        new SchoenbatAttention(shape ?? Shape, options, position).Dispose();

    private static void Plan(AttentionShape shape, KernelizedAttentionOptions? options = null, RelativePosition? position = null) =>
        new KernelizedAttention(shape, options, position).Dispose();

    private static GridPosition Special(SpecialTokens special) => RelativePosition.Grid(new float[35], 3, 4, special);

    private static void Forward(Arguments arguments)
    {
        using var attention = new KernelizedAttention(Shape);
        attention.Forward(arguments.Query, arguments.Key, arguments.Value, arguments.Destination, arguments.KeyMask, arguments.Lengths);
    }

    private static void Overlap(Action<float[], KernelizedAttention> call)
    {
        using var attention = new KernelizedAttention(Shape);
        call(new float[1000], attention);
    }

    private static void Tensors(float[] query, nint[] lengths, nint[] strides)
    {
        using var attention = new KernelizedAttention(Shape);
        attention.Forward(
            new ReadOnlyTensorSpan<float>(query, lengths, strides), new ReadOnlyTensorSpan<float>(new float[192], [1, 2, 12, 8]),
            new ReadOnlyTensorSpan<float>(new float[144], [1, 2, 12, 6]), new TensorSpan<float>(new float[240], [1, 4, 10, 6]));
    }

    private static unsafe void AtAddressZero()
    {
        using var attention = new KernelizedAttention(Shape);
        float* memory = stackalloc float[320 + 192 + 144 + 240];
        attention.Forward(
            StridedTensor.Dense(memory, 1, 4, 10, 8) with { Data = 0 }, StridedTensor.Dense(memory + 320, 1, 2, 12, 8),
            StridedTensor.Dense(memory + 512, 1, 2, 12, 6), StridedTensor.Dense(memory + 656, 1, 4, 10, 6));
    }

    /// <summary>A query of another element type. The addresses stand in messages, and are never read.</summary>
    private static unsafe void Typed(ElementType element, int byteOffset = 0, int destination = 656)
    {
        using var attention = new KernelizedAttention(Shape);
        float* memory = (float*)(1 << 20);
        attention.Forward(
            StridedTensor.Dense((byte*)memory + byteOffset, element, 1, 4, 10, 8), StridedTensor.Dense(memory + 320, 1, 2, 12, 8),
            StridedTensor.Dense(memory + 512, 1, 2, 12, 6), StridedTensor.Dense(memory + destination, 1, 4, 10, 6));
    }

    private static void ToeplitzTensors(StridedTensor x, StridedTensor destination)
    {
        const nint Memory = 1 << 20;
        Toeplitz().Multiply(x with { Data = Memory }, destination with { Data = Memory + (2 * destination.Rows) });
    }

    private static void Disposed()
    {
        var attention = new KernelizedAttention(Shape);
        attention.Dispose();
        attention.Dispose();
        attention.Forward(new float[320], new float[192], new float[144], new float[240]);
    }

    private static readonly AttentionShape RpbShape = Shape with { QueryLength = 12 };

    private static FastRpb Rpb(int heads = 1) => new(new float[heads * 19], 10, new() { Heads = heads, Prefix = 1, Suffix = 1 });

    private static void RpbTensors(nint[] value, nint[] destination, int heads = 1) =>
        Rpb(heads).AddTo(
            new ReadOnlyTensorSpan<float>(new float[1000], value, [value[1] * value[2], value[2], 1]),
            new TensorSpan<float>(new float[1000], destination, [destination[1] * destination[2], destination[2], 1]));

    private static ToeplitzPlan Toeplitz() => new(new float[21], 10, 12);

    private static float[] With(float[] values, int index, float value)
    {
        values[index] = value;
        return values;
    }

    private sealed class Arguments
    {
        public float[] Query { get; init; } = new float[320];

        public float[] Key { get; init; } = new float[192];

        public float[] Value { get; init; } = new float[144];

        public float[] Destination { get; init; } = new float[240];

        public bool[]? KeyMask { get; init; }

        public int[]? Lengths { get; init; }
    }
}
