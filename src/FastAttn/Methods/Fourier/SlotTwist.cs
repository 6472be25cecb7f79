using FastAttn.Fft;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>Cosine and sine of the skew half's angle for every slot. Immutable.</summary>
internal sealed unsafe class SlotTwist
{
    private readonly AlignedBuffer _buffer;

    public SlotTwist(LaneFft fft, ColumnRuns runs)
    {
        int slots = runs.Columns * fft.Rows;
        _buffer = new AlignedBuffer(2L * slots * sizeof(float));
        Cosine = (float*)_buffer.Data;
        Sine = Cosine + slots;
        for (int slot = 0; slot < slots; slot++)
        {
            int t = (slot % fft.Rows * fft.Columns) + runs.Column(slot / fft.Rows);
            Cosine[slot] = fft.Twist[2 * t];
            Sine[slot] = fft.Twist[(2 * t) + 1];
        }
    }

    public float* Cosine { get; }

    public float* Sine { get; }
}
