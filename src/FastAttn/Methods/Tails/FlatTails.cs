using FastAttn.Kernels;

namespace FastAttn.Methods;

/// <summary>
/// What rows see through constant tails. A row's place does not matter to a constant: the states of both sides, weighed, add up
/// to one, and every stretch of rows that sees the same blocks meets it in one product.
/// </summary>
/// <param name="left">The left tail's sweep; null when that tail has no constant.</param>
/// <param name="right">The right tail's.</param>
internal readonly unsafe struct FlatTails<TKernels>(TailSweep<TKernels>* left, TailSweep<TKernels>* right)
    where TKernels : struct, IKernels
{
    /// <summary>Adds what rows <paramref name="first"/> … <paramref name="end"/>−1 see.</summary>
    public void Apply(in HeadProblem problem, in PartialSums sums, int first, int end, in TailScratch<TKernels> scratch)
    {
        if (left is null && right is null) return;
        int floats = TailSweep<TKernels>.StateFloats(problem, sums.NumeratorStride);
        int blocks = left is null ? right->Reach.Blocks : left->Reach.Blocks, joined = 0, beyond = blocks, firstBeyond = blocks;
        if (left is not null)
        {
            joined = left->Reach.Boundary(first);
            left->Load(problem, joined, scratch.State);
        }

        if (right is not null)
        {
            // From the last row backwards blocks join, so that nothing is ever subtracted; rows then take the states in rising order.
            beyond = right->Reach.Boundary(end);
            firstBeyond = right->Reach.Boundary(first + 1);
            right->Load(problem, beyond, scratch.Met + ((long)(beyond - firstBeyond) * floats));
            for (; beyond > firstBeyond; beyond--)
            {
                float* state = scratch.Met + ((long)(beyond - firstBeyond) * floats);
                right->Join(problem, beyond - 1, state, state - floats);
            }
        }

        for (int row = first, next; row < end; row = next)
        {
            for (; left is not null && joined < blocks && left->Reach.Row(joined) <= row; joined++) left->Join(problem, joined, scratch.State, scratch.State);
            while (right is not null && beyond < blocks && right->Reach.Row(beyond) <= row) beyond++;
            next = end;
            if (left is not null && joined < blocks) next = Math.Min(next, left->Reach.Row(joined));
            if (right is not null && beyond < blocks) next = Math.Min(next, right->Reach.Row(beyond));
            if (joined == 0 && beyond == blocks) continue;
            Add(scratch.Sum, floats, joined > 0 ? scratch.State : null, beyond < blocks ? scratch.Met + ((long)(beyond - firstBeyond) * floats) : null);
            TailSweep<TKernels>.ApplyState(problem, sums, row, next - row, problem.Query + ((long)row * problem.FeatureStride), scratch.Sum);
        }
    }

    /// <summary>The weighed sum of the states that there are.</summary>
    private void Add(float* sum, int floats, float* leftState, float* rightState)
    {
        if (leftState is null)
        {
            TKernels.Scale(rightState, sum, floats, (float)right->Term.Weight);
            return;
        }

        TKernels.Scale(leftState, sum, floats, (float)left->Term.Weight);
        if (rightState is not null) TKernels.AddScaled(rightState, sum, floats, (float)right->Term.Weight);
    }
}
