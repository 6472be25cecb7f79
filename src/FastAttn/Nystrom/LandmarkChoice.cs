using FastAttn.Features;
using FastAttn.Kernels;
using FastAttn.Methods;

namespace FastAttn.Nystrom;

/// <summary>
/// Which rows of [Q; K] are landmarks of a head. A row can be one when it is finite and, a key, takes part. Where there are as many queries
/// as keys, query i is padding when key i is, and cannot either. Immutable.
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

    /// <summary>Writes the landmarks of a head; returns how many there are.</summary>
    /// <param name="call">The head.</param>
    /// <param name="landmarks">Scratch and result, <c>[n_q + n_k]</c> or <see cref="Most"/>, whichever is more.</param>
    public int Choose<TKernels>(in HeadCall call, int* landmarks)
        where TKernels : struct, IRowKernels
    {
        int candidates = 0, queries = call.Query.Count;
        if (indices is not null)
        {
            foreach (int row in indices)
            {
                if (CanBe<TKernels>(call, row)) landmarks[candidates++] = row;
            }

            return candidates;
        }

        for (int row = 0; row < queries; row++)
        {
            if (CanBe<TKernels>(call, row)) landmarks[candidates++] = row;
        }

        int queryCandidates = candidates;
        for (int row = queries; row < queries + call.KeptKeys; row++)
        {
            if (CanBe<TKernels>(call, row)) landmarks[candidates++] = row;
        }

        var random = new Philox(seed, (uint)call.Head, PhiloxPurpose.Landmarks);
        int drawn = Math.Min(count, candidates);
        if (sampling == LandmarkSampling.Uniform)
        {
            Draw(landmarks, candidates, drawn, ref random);
            return drawn;
        }

        // Where one side has too few, the other makes up for it.
        int keyCandidates = candidates - queryCandidates;
        int fromQueries = Math.Clamp((drawn + 1) / 2, drawn - keyCandidates, queryCandidates);
        Draw(landmarks, queryCandidates, fromQueries, ref random);
        Draw(landmarks + queryCandidates, keyCandidates, drawn - fromQueries, ref random);
        new Span<int>(landmarks + queryCandidates, drawn - fromQueries).CopyTo(new Span<int>(landmarks + fromQueries, drawn - fromQueries));
        return drawn;
    }

    /// <summary>Moves a draw without replacement to the front (Fisher and Yates).</summary>
    private static void Draw(int* rows, int count, int drawn, ref Philox random)
    {
        for (int place = 0; place < drawn; place++)
        {
            int other = place + (int)random.NextBelow((uint)(count - place));
            (rows[place], rows[other]) = (rows[other], rows[place]);
        }
    }

    private static bool CanBe<TKernels>(in HeadCall call, int row)
        where TKernels : struct, IRowKernels
    {
        int queries = call.Query.Count, key = row < queries ? row : row - queries;
        if ((row >= queries || queries == call.Key.Count) && !call.Keeps(key)) return false;
        return TKernels.AllFinite(row < queries ? call.Query.Row(row) : call.Key.Row(key), call.Query.Columns);
    }
}
