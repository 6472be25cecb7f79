using FastAttn.Kernels;
using FastAttn.Memory;
using FastAttn.Sums;

namespace FastAttn.Scores;

/// <summary>
/// What keeps the sums of a score tile exact however many keys there are: keys are summed in float32 for a part, and parts join totals
/// that do not drift (<see cref="CompensatedSums"/>). Where a row's reference was raised meanwhile, its totals follow.
/// </summary>
/// <remarks>
/// With u = 2⁻²⁴, a numerator is off by at most u·Σ w_j |v_j| times 64 additions of a block's keys, <see cref="BlocksPerPart"/> of blocks and
/// <see cref="CompensatedSums.Roundings"/>: 82u. A sum of weights has 64·BlocksPerPart additions over the lanes L of a vector, log₂ L where they are
/// joined, and those two: 70u with 16 lanes, 133u with 8, 260u with 4. With two roundings of the division an output is within 9.2e-6 (AVX-512),
/// 1.3e-5 (AVX2) or 2.1e-5 (others) of the largest ‖v_j‖ for any number of keys, beside what the weights themselves are off by.
/// </remarks>
internal readonly unsafe struct ScoreTotals<TKernels>
    where TKernels : struct, IKernels
{
    /// <summary>Blocks of keys that are summed before they join the total: a thousand keys, so that joining costs next to nothing.</summary>
    public const int BlocksPerPart = 16;

    private readonly int _rows;
    private readonly int _columns;
    private readonly long _floats;
    private readonly float* _references;
    private readonly float* _lost;
    private readonly float* _lostSums;

    /// <param name="rows">Rows of the tile, whole register tiles.</param>
    /// <param name="columns">Floats between numerator rows.</param>
    /// <param name="blocks">Blocks of keys.</param>
    /// <param name="arena">Where all of it stands.</param>
    public ScoreTotals(int rows, int columns, int blocks, ref Arena arena)
    {
        _rows = rows;
        _columns = columns;
        _floats = blocks > BlocksPerPart ? (long)rows * columns : 0;
        Part = arena.Take<float>(_floats);
        _lost = arena.Take<float>(_floats);
        _lostSums = arena.Take<float>(rows);
        _references = arena.Take<float>(rows);
    }

    /// <summary>Numerators of a part after the first, which is summed where its total will stand.</summary>
    public float* Part { get; }

    /// <summary>Before the first key: totals are in units of these references.</summary>
    public void Begin(float* references)
    {
        new ReadOnlySpan<float>(references, _rows).CopyTo(new Span<float>(_references, _rows));
        new Span<float>(_lostSums, _rows).Clear();
        Clearing.Clear(Part, _floats);
        Clearing.Clear(_lost, _floats);
    }

    /// <summary>A part joins the totals, and what it was summed in is zero again.</summary>
    /// <param name="references">What the part is in units of.</param>
    /// <param name="laneSums">The part's weights, one partial sum a lane.</param>
    /// <param name="sums">Totals of weights.</param>
    /// <param name="part">The part's numerators.</param>
    /// <param name="numerators">Totals of numerators; the first part's are these already.</param>
    public void Join(float* references, float* laneSums, float* sums, float* part, float* numerators)
    {
        bool isFirst = part == numerators;
        for (int row = 0; row < _rows; row++)
        {
            if (references[row] == _references[row]) continue;
            float factor = (float)Math.Pow(2, (double)_references[row] - references[row]);
            _references[row] = references[row];
            sums[row] *= factor;
            _lostSums[row] *= factor;
            if (isFirst) continue;
            TKernels.Scale(numerators + (row * _columns), numerators + (row * _columns), _columns, factor);
            TKernels.Scale(_lost + (row * _columns), _lost + (row * _columns), _columns, factor);
        }

        LaneSums.MoveTo<TKernels>(sums, _lostSums, laneSums, _rows);
        if (!isFirst) CompensatedSums.Move(part, numerators, _lost, _floats);
    }
}
