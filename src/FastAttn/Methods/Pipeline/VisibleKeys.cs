using FastAttn.Features;
using FastAttn.Memory;
using FastAttn.Positions;

namespace FastAttn.Methods;

/// <summary>
/// For every query, what it can see: whether any kept key at all, and the largest ‖v_j‖ among them. Visibility is structural.
/// With many gaps in the visible offsets (scattered −∞) only the longest runs are looked at, so both answers are lower bounds;
/// a row for which nothing, or nothing but zeros, was found is then looked at key by key.
/// </summary>
internal static unsafe class VisibleKeys
{
    /// <summary>Fills the largest visible ‖v_j‖ of each query, −1 where no kept key is visible.</summary>
    public static void LargestValueNorm(in HeadProblem problem, RowState* keyStates, double* largest, ref Arena arena)
    {
        long mark = arena.Mark;
        int* queue = arena.Take<int>(problem.KeyCount);
        if (!arena.IsMeasuring)
        {
            new Span<double>(largest, problem.QueryCount).Fill(-1);
            HeadPosition position = problem.Position;
            foreach (OffsetRun whole in position.LongestRuns)
            {
                OffsetRun run = OfPlaces(problem, whole);
                if (run.Last < run.First) continue;
                if (Window(problem, run, Queries(problem).End - 1).First <= problem.Layout.Prefix) GrowOver(problem, keyStates, run, largest);
                else SlideOver(problem, keyStates, run, largest, queue);
            }

            LookAtSpecials(problem, keyStates, largest);
            for (int i = 0; i < problem.QueryCount && position.HasFurtherRuns; i++)
            {
                if (largest[i] <= 0) largest[i] = LookAtAll(problem, keyStates, i);
            }
        }

        arena.Release(mark);
    }

    /// <summary>Queries that have places.</summary>
    private static (int First, int End) Queries(in HeadProblem problem) => (problem.Layout.Prefix, problem.QueryCount - problem.Layout.Suffix);

    /// <summary>What a run has of offsets between places.</summary>
    private static OffsetRun OfPlaces(in HeadProblem problem, OffsetRun run) =>
        problem.Layout.Specials == 0 ? run : run with { Last = Math.Min(run.Last, problem.Layout.FirstSpecialOffset - 1) };

    /// <summary>Pairs that a special token takes part in, one by one: there are few such tokens.</summary>
    private static void LookAtSpecials(in HeadProblem problem, RowState* keyStates, double* largest)
    {
        for (int i = 0; i < problem.QueryCount && problem.Layout.Specials > 0; i++)
        {
            if (problem.Layout.IsSpecial(i)) largest[i] = LookAtAll(problem, keyStates, i);
            else
            {
                for (int b = 0; b < problem.Layout.Specials; b++)
                {
                    int j = b < problem.Layout.Prefix ? b : b + problem.Layout.GridTokens;
                    if (keyStates[j] != RowState.Masked && problem.Position.IsVisible(problem.OffsetBetween(i, j)))
                        largest[i] = Math.Max(largest[i], problem.ValueNorm[j]);
                }
            }
        }
    }

    /// <summary>The first key a query sees through a run, perhaps before all keys, and the key after the last.</summary>
    private static (long First, long End) Window(in HeadProblem problem, OffsetRun run, int query)
    {
        TokenLayout layout = problem.Layout;
        long place = (long)layout.Place(query) - problem.Offset;
        return (layout.TokensBefore(run.First + place), Math.Min(layout.TokensBefore(run.Last + place + 1), problem.KeyCount));
    }

    /// <summary>A running maximum: every query sees the first key, and the window only grows.</summary>
    private static void GrowOver(in HeadProblem problem, RowState* keyStates, OffsetRun run, double* largest)
    {
        double most = -1;
        (int firstQuery, int endQuery) = Queries(problem);
        long next = problem.Layout.Prefix;
        for (int i = firstQuery; i < endQuery; i++)
        {
            for (long end = Window(problem, run, i).End; next < end; next++)
            {
                if (keyStates[next] != RowState.Masked) most = Math.Max(most, problem.ValueNorm[next]);
            }

            largest[i] = Math.Max(largest[i], most);
        }
    }

    /// <summary>A sliding maximum: the queue holds keys of the window in order, their norms falling.</summary>
    private static void SlideOver(in HeadProblem problem, RowState* keyStates, OffsetRun run, double* largest, int* queue)
    {
        int head = 0, tail = 0;
        (int firstQuery, int endQuery) = Queries(problem);
        long next = problem.Layout.Prefix;
        for (int i = firstQuery; i < endQuery; i++)
        {
            (long first, long end) = Window(problem, run, i);
            for (next = Math.Max(next, Math.Max(first, problem.Layout.Prefix)); next < end; next++)
            {
                if (keyStates[next] == RowState.Masked) continue;
                double norm = problem.ValueNorm[next];
                while (tail > head && problem.ValueNorm[queue[tail - 1]] <= norm) tail--;
                queue[tail++] = (int)next;
            }

            while (head < tail && queue[head] < first) head++;
            if (head < tail) largest[i] = Math.Max(largest[i], problem.ValueNorm[queue[head]]);
        }
    }

    private static double LookAtAll(in HeadProblem problem, RowState* keyStates, int query)
    {
        double largest = -1;
        for (int j = 0; j < problem.KeyCount; j++)
        {
            if (keyStates[j] != RowState.Masked && problem.Position.IsVisible(problem.OffsetBetween(query, j)))
                largest = Math.Max(largest, problem.ValueNorm[j]);
        }

        return largest;
    }
}
