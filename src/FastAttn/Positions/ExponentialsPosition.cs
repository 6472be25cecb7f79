using System.Numerics.Tensors;
using FastAttn.Positions;

namespace FastAttn;

/// <summary>Coefficients that are a sum of exponentials; made by <see cref="RelativePosition.Exponentials"/>.</summary>
public sealed class ExponentialsPosition : RelativePosition
{
    private const int Chunk = 128;

    private readonly float[] _weights;
    private readonly float[] _rates;

    internal ExponentialsPosition(ReadOnlySpan<float> weights, ReadOnlySpan<float> rates, int heads)
        : base(heads)
    {
        ArgumentCheck.AtLeastOne(heads);
        if (weights.Length == 0 || weights.Length % heads != 0)
            throw new ShapeException(Invariant($"weights has {weights.Length} values; expected heads × terms = {heads} × at least 1"), nameof(weights));
        if (rates.Length != weights.Length)
            throw new ShapeException(Invariant($"rates has {rates.Length} values; expected {weights.Length}, as many as weights"), nameof(rates));
        ArgumentCheck.Positive(weights);
        ArgumentCheck.NotNegative(rates);
        _weights = weights.ToArray();
        _rates = rates.ToArray();
        Terms = weights.Length / heads;
    }

    /// <inheritdoc/>
    public override PositionKind Kind => PositionKind.Exponentials;

    /// <summary>Terms a head.</summary>
    public int Terms { get; }

    /// <summary><c>[heads, terms]</c>.</summary>
    public ReadOnlySpan<float> Weights => _weights;

    /// <summary><c>[heads, terms]</c>.</summary>
    public ReadOnlySpan<float> Rates => _rates;

    private protected override int EntriesPerHead => Terms;

    internal override void Biases(int head, long first, Span<double> biases)
    {
        for (int done = 0; done < biases.Length; done += Chunk)
            ChunkOfBiases(head, first + done, biases.Slice(done, Math.Min(Chunk, biases.Length - done)));
    }

    internal override IReadOnlyList<ExponentialTerm> ExponentialTerms(int head)
    {
        var terms = new ExponentialTerm[Terms];
        for (int term = 0; term < Terms; term++)
            terms[term] = new ExponentialTerm(Math.Log(_weights[(head * Terms) + term]), _rates[(head * Terms) + term]);
        return terms;
    }

    /// <summary>−slowest·|t| + ln Σ weight·e^(−(rate − slowest)·|t|): far out, where every exponential underflows, the slowest one remains.</summary>
    private void ChunkOfBiases(int head, long first, Span<double> biases)
    {
        ReadOnlySpan<float> weights = _weights.AsSpan(head * Terms, Terms), rates = _rates.AsSpan(head * Terms, Terms);
        double slowest = TensorPrimitives.Min(rates);
        Span<double> distances = stackalloc double[biases.Length], term = stackalloc double[biases.Length];
        Distances.Fill(first, distances);
        biases.Clear();
        for (int index = 0; index < Terms; index++)
        {
            TensorPrimitives.Multiply(distances, slowest - rates[index], term);
            TensorPrimitives.Exp(term, term);
            TensorPrimitives.MultiplyAdd(term, weights[index], biases, biases);
        }

        TensorPrimitives.Log(biases, biases);
        TensorPrimitives.MultiplyAdd(distances, -slowest, biases, biases);
    }
}
