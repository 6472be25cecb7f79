namespace FastAttn.Bench.Inputs;

/// <summary>Other implementations, in a library of this process or in a program of their own.</summary>
internal interface IPeers
{
    /// <summary>What the implementations of a head are called.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>What the implementations of Toeplitz products are called.</summary>
    IReadOnlyList<string> ToeplitzNames { get; }

    /// <summary>Versions and the kernels chosen on this machine, one a name.</summary>
    IReadOnlyList<string> About { get; }

    /// <summary>A head for one implementation; null when it cannot do these sizes.</summary>
    /// <param name="index">Which of <see cref="Names"/>.</param>
    /// <param name="coefficients">c = exp(b), <c>[2n − 1]</c>.</param>
    /// <param name="query">φ(q), <c>[n, m]</c>.</param>
    /// <param name="key">φ(k), <c>[n, m]</c>.</param>
    /// <param name="value">v, <c>[n, d]</c>.</param>
    /// <param name="length">n.</param>
    PeerRun? Create(int index, float[] coefficients, float[] query, float[] key, float[] value, int length);

    /// <summary>A Toeplitz product for one implementation; null when it cannot do these sizes.</summary>
    /// <param name="index">Which of <see cref="ToeplitzNames"/>.</param>
    /// <param name="coefficients">c, <c>[2n − 1]</c>.</param>
    /// <param name="x">The operand, <c>[n, columns]</c>.</param>
    /// <param name="length">n.</param>
    PeerRun? CreateToeplitz(int index, float[] coefficients, float[] x, int length);

    /// <summary>What <paramref name="path"/> holds: a shared library with the functions of <c>peers.h</c>, or a Python program that serves by <c>pipe.py</c>.</summary>
    static IPeers Open(string path) => Path.GetExtension(path) == ".py" ? new PeerProgram("/usr/bin/python3", path) : new PeerLibrary(path);
}
