using FastAttn.Kernels;
using FastAttn.Memory;

namespace FastAttn.Methods;

/// <summary>
/// The bias of every offset as softmax tiles read it, in units of one binary logarithm and −∞ where causality removes the pair, for
/// all the rows and keys that padding adds. One array a head, or one for all.
/// </summary>
internal readonly unsafe struct SoftmaxBias
{
    private readonly SoftmaxCall _call;
    private readonly float* _data;
    private readonly int _before;
    private readonly int _length;

    private SoftmaxBias(SoftmaxCall call, int rowTile, ref Arena arena)
    {
        _call = call;
        _before = call.Shape.QueryLength - 1 + rowTile;
        _length = checked(_before + call.Shape.KeyLength + KernelShape.KeyTile);
        _data = arena.Take<float>((long)_length * Count);
    }

    /// <summary>Arrays.</summary>
    public int Count => _call.BiasIsPerHead ? _call.Shape.Heads : 1;

    public static SoftmaxBias Take<TKernels>(SoftmaxCall call, ref Arena arena)
        where TKernels : struct, IKernels => new(call, TKernels.RowTile, ref arena);

    /// <summary>Points at the bias of (query 0, key 0): query i and key j read entry j − i.</summary>
    public float* Of(int head) => _data + ((long)_length * (head % Count)) + _before;

    public void Prepare(int index)
    {
        float* source = _call.Bias(index), prepared = Of(index);
        int first = 1 - _call.Shape.QueryLength, end = _call.Shape.KeyLength;
        new Span<float>(prepared - _before, _length).Clear();
        for (int t = first; t < end && source is not null; t++)
        {
            // A large finite bias stays finite: it does not remove the pair.
            float scaled = source[t] * (float)Math.Log2(Math.E);
            prepared[t] = float.IsNegativeInfinity(source[t]) ? source[t] : Math.Clamp(scaled, float.MinValue, float.MaxValue);
        }

        int visible = _call.VisibleKeys(0);
        if (visible < end) new Span<float>(prepared + visible, end - visible).Fill(float.NegativeInfinity);
    }
}
