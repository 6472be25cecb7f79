namespace FastAttn.Bench.Inputs;

/// <summary>One implementation ready to run on its inputs.</summary>
internal abstract class PeerRun : IDisposable
{
    private const double LargestDifference = 1e-3;

    /// <summary>Computes once.</summary>
    /// <returns>Seconds by the implementation's own clock.</returns>
    public abstract double Compute();

    /// <summary>Computes a piece by bare calls of the library, on data in cache.</summary>
    /// <returns>Seconds for the whole work at that speed; NaN where there is no such measure.</returns>
    public virtual double ComputeBare() => double.NaN;

    /// <summary>The result of the last <see cref="Compute"/>.</summary>
    public abstract ReadOnlySpan<float> Output();

    /// <summary>A peer that computes something else must not be compared with.</summary>
    public void CheckSameAs(ReadOnlySpan<float> ours, string name)
    {
        ReadOnlySpan<float> theirs = Output();
        double difference = 0, size = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            difference += Math.Pow(ours[i] - theirs[i], 2);
            size += Math.Pow(ours[i], 2);
        }

        double relative = Math.Sqrt(difference / size);
        if (!(relative < LargestDifference)) throw new InvalidOperationException($"the result of {name} differs by {relative:0.0e0} from ours");
    }

    public abstract void Dispose();
}
