using System.Runtime.CompilerServices;
using FastAttn.Features;
using FastAttn.Heads;
using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Tensors;
using FastAttn.Threading;

namespace FastAttn.Methods;

/// <summary>
/// Chunks of queries that become features just before the method reads them, and of sums that are certified and stored just after:
/// in long sequences neither all features of queries nor all sums go through memory, only what a thread has in its second-level cache.
/// </summary>
internal readonly unsafe struct PassingRows<TKernels>
    where TKernels : struct, IKernels
{
    private readonly FeatureStage _stage;
    private readonly RowSource _queries;
    private readonly int _head;
    private readonly RowState* _states;
    private readonly CertifiedRows<TKernels> _certified;
    private readonly int _chunkRows;
    private readonly int _columns;
    private readonly float* _features;
    private readonly double* _logScales;
    private readonly float* _numerators;
    private readonly float* _perRow;
    private readonly byte* _mapping;
    private readonly long _mappingBytes;

    /// <param name="stage">Makes features.</param>
    /// <param name="call">The caller's queries.</param>
    /// <param name="states">States of the queries.</param>
    /// <param name="certified">Takes the sums.</param>
    /// <param name="chunkRows">Rows of a chunk.</param>
    /// <param name="columns">Floats between numerator rows.</param>
    /// <param name="crew">The threads.</param>
    /// <param name="arena">Room for a chunk of each thread.</param>
    public PassingRows(
        FeatureStage stage, in HeadCall call, RowState* states, in CertifiedRows<TKernels> certified, int chunkRows, int columns, Crew crew, ref Arena arena)
    {
        _stage = stage;
        _queries = call.Query;
        _head = call.Head;
        _states = states;
        _certified = certified;
        _chunkRows = chunkRows;
        _columns = columns;
        var measuring = Arena.Measuring;
        stage.Map(Chunk(0), RowRole.Query, 0, logarithmic: false, null, null, null, Crew.Alone, ref measuring);
        _mappingBytes = measuring.Peak;
        _features = arena.Take<float>(crew.Workers * FeatureFloats);
        _logScales = arena.Take<double>((long)crew.Workers * chunkRows);
        _numerators = arena.Take<float>((long)crew.Workers * chunkRows * columns);
        _perRow = arena.Take<float>(3L * crew.Workers * chunkRows);
        _mapping = arena.Take<byte>(crew.Workers * _mappingBytes);
    }

    private long FeatureFloats => (long)_stage.PaddedRows(_chunkRows) * _stage.Stride;

    /// <summary>As methods take it. This struct stays where it is until the method has returned.</summary>
    public RowChunks Chunks => new(Unsafe.AsPointer(ref Unsafe.AsRef(in this)), &Open, &Close);

    private static void Open(void* rows, int chunk, int worker, ref HeadProblem problem, ref PartialSums sums) =>
        Unsafe.AsRef<PassingRows<TKernels>>(rows).Open(chunk, worker, ref problem, ref sums);

    private static void Close(void* rows, int chunk, in HeadProblem problem, in PartialSums sums) =>
        Unsafe.AsRef<PassingRows<TKernels>>(rows)._certified.Store(problem, sums, chunk);

    private void Open(int chunk, int worker, ref HeadProblem problem, ref PartialSums sums)
    {
        int first = chunk * _chunkRows;
        float* features = _features + (worker * FeatureFloats), perRow = _perRow + (3L * worker * _chunkRows) - first;
        var arena = new Arena(_mapping + (worker * _mappingBytes), _mappingBytes);
        double* logScales = _logScales + ((long)worker * _chunkRows);
        _stage.Map(Chunk(chunk), RowRole.Query, _head, logarithmic: false, _states + first, features, logScales, Crew.Alone, ref arena);
        problem.Query = features - ((long)first * problem.FeatureStride);
        problem.QueryLogScales = logScales - first;
        sums.Numerators = _numerators + ((long)worker * _chunkRows * _columns) - ((long)first * _columns);
        sums.Denominators = perRow;
        sums.NumeratorErrors = perRow + _chunkRows;
        sums.DenominatorErrors = perRow + (2 * _chunkRows);
    }

    private RowSource Chunk(int chunk)
    {
        int first = chunk * _chunkRows;
        return _queries.Slice(first, Math.Min(_chunkRows, _queries.Count - first));
    }
}
