namespace FastAttn.Features;

/// <summary>
/// Philox4x32-10 (Salmon et al. 2011): random numbers as a pure function of seed and position, the same on every machine.
/// </summary>
internal struct Philox(ulong seed, uint stream, PhiloxPurpose purpose = PhiloxPurpose.Projection)
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;

    private ulong _position;
    private double _spareNormal;
    private bool _hasSpare;
    private (uint X0, uint X1, uint X2, uint X3) _words;
    private int _wordsTaken;

    /// <summary>The four words at a counter under a key: the published function.</summary>
    public static (uint X0, uint X1, uint X2, uint X3) Block(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (int round = 0; round < Rounds; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0, p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>The next number of N(0, 1), by Box–Muller from two 53-bit uniforms.</summary>
    public double NextNormal()
    {
        if (_hasSpare)
        {
            _hasSpare = false;
            return _spareNormal;
        }

        (uint x0, uint x1, uint x2, uint x3) = NextBlock();

        // In (0, 1]: the logarithm of zero must not occur.
        double radius = Math.Sqrt(-2 * PortableMath.Log(Uniform(x0, x1)));
        (double sine, double cosine) = PortableMath.SinCosTurns(Uniform(x2, x3));
        _spareNormal = radius * sine;
        _hasSpare = true;
        return radius * cosine;
    }

    /// <summary>The next 32 random bits: the words of one block after the other, in order.</summary>
    public uint NextWord()
    {
        if (_wordsTaken % 4 == 0) _words = NextBlock();
        return (_wordsTaken++ % 4) switch
        {
            0 => _words.X0,
            1 => _words.X1,
            2 => _words.X2,
            _ => _words.X3,
        };
    }

    /// <summary>A whole number below <paramref name="bound"/>, each as likely as any other (Lemire 2019).</summary>
    public uint NextBelow(uint bound)
    {
        ulong product = (ulong)NextWord() * bound;

        // Products whose low half is below 2³² mod bound come up once more often than the others.
        while ((uint)product < bound && (uint)product < (0 - bound) % bound) product = (ulong)NextWord() * bound;
        return (uint)(product >> 32);
    }

    private (uint X0, uint X1, uint X2, uint X3) NextBlock()
    {
        (uint X0, uint X1, uint X2, uint X3) block = Block((uint)_position, (uint)(_position >> 32), stream, (uint)purpose, (uint)seed, (uint)(seed >> 32));
        _position++;
        return block;
    }

    private static double Uniform(uint low, uint high) =>
        (((((ulong)high << 32) | low) >> 11) + 1) * (1.0 / (1UL << 53));
}
