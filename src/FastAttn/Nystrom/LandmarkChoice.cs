using FastAttn.Features;
using FastAttn.Heads;
using FastAttn.Kernels;

namespace FastAttn.Nystrom;

/// <summary>
/// Which rows of [Q; K] are landmarks of a head: finite ones, and among keys those that take part. Where there are as many queries
/// as keys, query i is padding when key i is, and takes no part either. Immutable.
/// </summary>
/// <remarks>
/// A draw depends on the seed, the head and the rows to choose from, not on the place of a sequence in its batch, nor on how far it is padded.
/// </remarks>
/// <param name="count">Landmarks to draw.</param>
/// <param name="indices">The landmarks, in place of a draw; null for one.</param>
/// <param name="sampling">How they are drawn.</param>
/// <param name="seed">What they are drawn from.</param>
internal sealed unsafe class LandmarkChoice(int count, int[]? indices, LandmarkSampling sampling, ulong seed)
{
    /// <summary>The most there can be.</summary>
    public int Most { get; } = indices?.Length ?? count;

    /// <summary>Numbers that <see cref="Choose"/> needs room for: with replacement the rows to choose from stay where they are.</summary>
    public long Room(long rows) => sampling == LandmarkSampling.Replacement ? rows + Most : Math.Max(rows, Most);

    /// <summary>Writes the landmarks of a head; returns how many there are.</summary>
    /// <param name="call">The head.</param>
    /// <param name="landmarks">Scratch and result, as long as <see cref="Room"/> says.</param>
    public int Choose<TKernels>(in HeadCall call, int* landmarks)
        where TKernels : struct, IRowKernels
    {
        int queries = call.Query.Count, found = 0;
        if (indices is not null)
        {
            foreach (int row in indices)
            {
                if (TakesPart(call, row) && IsFinite<TKernels>(call, row)) landmarks[found++] = row;
            }

            return found;
        }

        for (int row = 0; row < queries; row++)
        {
            if (TakesPart(call, row)) landmarks[found++] = row;
        }

        int fromQueries = found;
        for (int row = queries; row < queries + call.KeptKeys; row++)
        {
            if (TakesPart(call, row)) landmarks[found++] = row;
        }

        var random = new Philox(seed, (uint)call.Head, PhiloxPurpose.Landmarks);
        if (sampling == LandmarkSampling.Replacement) return Repeat<TKernels>(call, landmarks, fromQueries, found, ref random);
        int drawn = Math.Min(count, found);
        if (sampling == LandmarkSampling.Uniform) return Draw<TKernels>(call, landmarks, found, drawn, ref random);

        // Where one side has too few, the other makes up for it.
        int fromKeys = found - fromQueries, half = Math.Clamp((drawn + 1) / 2, drawn - fromKeys, fromQueries);
        int* keys = landmarks + fromQueries;
        int queriesDrawn = Draw<TKernels>(call, landmarks, fromQueries, half, ref random);
        int keysDrawn = Draw<TKernels>(call, keys, fromKeys, drawn - half, ref random);
        new Span<int>(keys, keysDrawn).CopyTo(new Span<int>(landmarks + queriesDrawn, keysDrawn));
        return queriesDrawn + keysDrawn;
    }

    /// <summary>Draws half from the first rows and half from the rest, each with replacement; where one side has none, all from the other.</summary>
    private int Repeat<TKernels>(in HeadCall call, int* landmarks, int fromQueries, int found, ref Philox random)
        where TKernels : struct, IRowKernels
    {
        int* pool = landmarks + Most;
        int queries = 0, all = 0;
        for (int place = 0; place < found; place++)
        {
            if (!IsFinite<TKernels>(call, landmarks[place])) continue;
            landmarks[all++] = landmarks[place];
            if (place < fromQueries) queries++;
        }

        if (all == 0) return 0;
        new Span<int>(landmarks, all).CopyTo(new Span<int>(pool, all));
        for (int place = 0; place < count; place++)
        {
            bool isQuery = queries == all || (queries > 0 && place < (count + 1) / 2);
            int first = isQuery ? 0 : queries, choices = isQuery ? queries : all - queries;
            landmarks[place] = pool[first + (int)random.NextBelow((uint)choices)];
        }

        return count;
    }

    /// <summary>Moves rows drawn without replacement to the front (Fisher and Yates); one that is not finite is left out. Returns how many there are.</summary>
    private static int Draw<TKernels>(in HeadCall call, int* rows, int found, int wanted, ref Philox random)
        where TKernels : struct, IRowKernels
    {
        int drawn = 0;
        for (int left = found; left > 0 && drawn < wanted; left--)
        {
            int chosen = drawn + (int)random.NextBelow((uint)left), row = rows[chosen];
            bool finite = IsFinite<TKernels>(call, row);
            int place = finite ? drawn++ : drawn + left - 1;
            (rows[place], rows[chosen]) = (row, rows[place]);
        }

        return drawn;
    }

    private static bool TakesPart(in HeadCall call, int row)
    {
        int queries = call.Query.Count;
        return (row < queries && queries != call.Key.Count) || call.Keeps(row < queries ? row : row - queries);
    }

    private static bool IsFinite<TKernels>(in HeadCall call, int row)
        where TKernels : struct, IRowKernels
    {
        int queries = call.Query.Count;
        return row < queries ? call.Query.AllFinite<TKernels>(row) : call.Key.AllFinite<TKernels>(row - queries);
    }
}
