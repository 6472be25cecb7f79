using FastAttn.Fft;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>Cosine and sine of the skew half's angle for every slot. Immutable.</summary>
internal sealed unsafe class SlotTwist
{
    private readonly AlignedBuffer _buffer;

    public SlotTwist(LaneFft fft)
    {
        _buffer = new AlignedBuffer(2L * fft.Length * sizeof(float));
        Cosine = (float*)_buffer.Data;
        Sine = Cosine + fft.Length;
        for (int t = 0; t < fft.Length; t++)
        {
            int slot = fft.Slot(t);
            Cosine[slot] = fft.Twist[2 * t];
            Sine[slot] = fft.Twist[(2 * t) + 1];
        }
    }

    public float* Cosine { get; }

    public float* Sine { get; }
}
