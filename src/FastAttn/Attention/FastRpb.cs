using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using FastAttn.Attention;
using FastAttn.Tensors;
using FastAttn.Threading;
using FastAttn.Toeplitz;

namespace FastAttn;

/// <summary>
/// FastRPB (Zubkov and Gavrilov 2022, section 3): a relative position bias beside any attention rather than within it,
/// <c>out = Attention(Q, K, V) + W V</c> with <c>W_ij = w_{i−j}</c>. Weights are of either sign; nothing is exponentiated or normalised.
/// </summary>
/// <remarks>
/// <para>O(d·n·log n) a head by fast Fourier transform, or directly where that is cheaper; on a grid O(d·(n + s·log s)) with s its longer side.
/// No n×n matrix is made.</para>
/// <para>Two bounds hold for each element: its error is at most a few 2⁻²⁴·‖w‖₂·‖v_column‖₂, and at most 2⁻¹⁵·‖w_i‖₂·‖v_i‖₂. Here w_i are the weights of its
/// own row, and v_i is the part of its column from the first to the last of them that is not zero. So a later value never reaches a causal row, however
/// large it is. On a grid both bounds hold for each axis, for the sums of values along rows and along columns.</para>
/// <para>A NaN or an infinity in a value reaches its channel in the rows whose weight for it is not zero, and nothing else (on a grid, whose
/// weight along either axis is not zero). The same input gives the same bits for any number of threads.</para>
/// <para>Immutable and thread-safe; work memory is kept for reuse, so that the steady state allocates nothing.</para>
/// </remarks>
public sealed unsafe class FastRpb
{
    private readonly FastRpbOptions _options;
    private readonly ConvertedProduct? _product;

    /// <summary>Prepares the weights of sequences; nothing of the span is kept.</summary>
    /// <param name="weights">
    /// <c>[Heads, 2n − 1]</c>, entry <c>(i − j) + (n − 1)</c> multiplies v_j in row i, query minus key: the opposite of a bias. Or, symmetric,
    /// <c>[Heads, n]</c>, entry <c>|i − j|</c>. Finite.
    /// </param>
    /// <param name="length">Tokens n that are not special, at least 0; without any there are no weights, and W V is zero.</param>
    /// <param name="options">The choices; defaults when null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    /// <exception cref="ShapeException">There are more or fewer weights than the length asks for.</exception>
    /// <exception cref="ArgumentException">A weight is NaN or infinite.</exception>
    public FastRpb(ReadOnlySpan<float> weights, int length, FastRpbOptions? options = null)
        : this(Checked(options, length), length, Product(weights, length, options ?? new FastRpbOptions(), nameof(weights), nameof(length)))
    {
    }

    private FastRpb(FastRpbOptions options, int length, IColumnProduct? product)
    {
        _options = options;
        _product = product is null ? null : new ConvertedProduct(product, length, length);
        Length = length;
    }

    /// <summary>Vectors of weights: one a head, or 1 for all.</summary>
    public int Heads => _options.Heads;

    /// <summary>Tokens n that take part.</summary>
    public int Length { get; }

    /// <summary>Rows of value and destination: special tokens before, n tokens, special tokens after.</summary>
    public int Rows => _options.Prefix + Length + _options.Suffix;

    /// <summary>
    /// Weights of an image of <paramref name="height"/> × <paramref name="width"/> tokens, row by row: <c>W[(y, x), (y', x')] = w^y_{y−y'} + w^x_{x−x'}</c>
    /// (section 3.3), one vector an axis.
    /// </summary>
    /// <param name="vertical">w^y, <c>[Heads, 2·height − 1]</c> or, symmetric, <c>[Heads, height]</c>; finite.</param>
    /// <param name="horizontal">w^x, <c>[Heads, 2·width − 1]</c> or, symmetric, <c>[Heads, width]</c>; finite.</param>
    /// <param name="height">Rows of tokens, at least 1.</param>
    /// <param name="width">Tokens of a row, at least 1.</param>
    /// <param name="options">The choices; never causal.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    /// <exception cref="ShapeException">There are more or fewer weights than a side asks for.</exception>
    /// <exception cref="ArgumentException">A weight is NaN or infinite, or the options are causal.</exception>
    public static FastRpb Grid(ReadOnlySpan<float> vertical, ReadOnlySpan<float> horizontal, int height, int width, FastRpbOptions? options = null)
    {
        ArgumentCheck.AtLeastOne(height);
        ArgumentCheck.AtLeastOne(width);
        if ((long)height * width > ToeplitzProduct.MaximumLength)
            throw new ArgumentOutOfRangeException(
                nameof(height), Invariant($"height × width is {(long)height * width}; expected at most {ToeplitzProduct.MaximumLength} tokens"));
        options = Checked(options, height * width);
        if (options.Causal) throw new ArgumentException("Causal is true; expected false, a grid has no order", nameof(options.Causal));
        return new FastRpb(options, height * width, new SeparableProduct(
            Product(vertical, height, options, nameof(vertical), nameof(height))!,
            Product(horizontal, width, options, nameof(horizontal), nameof(width))!, height, width));
    }

    /// <summary>Weights of a square image, one vector for both axes, as the authors have it.</summary>
    /// <param name="weights"><c>[Heads, 2·side − 1]</c> or, symmetric, <c>[Heads, side]</c>; finite.</param>
    /// <param name="side">Rows of tokens and tokens of a row, at least 1.</param>
    /// <param name="options">The choices; never causal.</param>
    /// <inheritdoc cref="Grid(ReadOnlySpan{float}, ReadOnlySpan{float}, int, int, FastRpbOptions?)"/>
    public static FastRpb Grid(ReadOnlySpan<float> weights, int side, FastRpbOptions? options = null)
    {
        ArgumentCheck.AtLeastOne(side);
        return Grid(weights, weights, side, side, options);
    }

    /// <summary>
    /// Weights as the authors' code stores them, turned into ours. Its "full" vector has 2N − 1 entries for N tokens at most, and their Fourier product reads it
    /// with the last offset first: the vector is rotated by one. For fewer tokens it takes the middle of the vector.
    /// </summary>
    /// <param name="stored"><c>[heads, 2N − 1]</c>, N at least <paramref name="length"/>.</param>
    /// <param name="length">Tokens n that are not special, at least 1.</param>
    /// <param name="heads">Vectors of weights, at least 1.</param>
    /// <returns><c>[heads, 2n − 1]</c>, as the constructor takes them. Their code does not mask values: give no key mask and no lengths for the same result.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    /// <exception cref="ShapeException">The number of values is not heads times an odd number that is large enough.</exception>
    public static float[] WeightsFromCheckpoint(ReadOnlySpan<float> stored, int length, int heads = 1)
    {
        ArgumentCheck.AtLeastOne(length);
        ArgumentCheck.AtLeastOne(heads);
        int each = stored.Length / heads;
        if (stored.Length % heads != 0 || each % 2 == 0 || each < (2L * length) - 1)
            throw new ShapeException(Invariant($"stored has {stored.Length} values; expected heads × (2N − 1) = {heads} × an odd number, at least {(2L * length) - 1}"), nameof(stored));
        int offsets = (2 * length) - 1;
        float[] weights = new float[heads * offsets];
        for (int head = 0; head < heads; head++)
        {
            ReadOnlySpan<float> middle = stored.Slice((head * each) + ((each - offsets) / 2), offsets);
            Span<float> own = weights.AsSpan(head * offsets, offsets);
            middle[1..].CopyTo(own);
            own[^1] = middle[0];
        }

        return weights;
    }

    /// <summary>Writes W V of dense tensors; rows of special tokens become zeros.</summary>
    /// <param name="shape">The sizes: B, H, H_k, d_v, and n_q = n_k = <see cref="Rows"/>, such as an attention has whose output this is added to.</param>
    /// <param name="value"><c>[B, H_k, Rows, d_v]</c>; head h of the destination takes value head h / (H / H_k).</param>
    /// <param name="destination"><c>[B, H, Rows, d_v]</c>; shares no memory with <paramref name="value"/>.</param>
    /// <param name="keyMask"><c>[Rows]</c> or <c>[B, Rows]</c>, true = the value counts; empty for all. What others hold is not looked at.</param>
    /// <param name="lengths"><c>[B]</c>: rows whose values count, from the front; empty for all.</param>
    /// <param name="threads">Threads to use, at least 1. Default: <c>FASTATTN_THREADS</c>, else the cores this process may use.</param>
    /// <param name="cancellationToken">Ends the call early, within some tens of milliseconds.</param>
    /// <exception cref="ShapeException">Sizes do not fit each other or the weights; nothing was written.</exception>
    /// <exception cref="ArgumentException">The destination overlaps the values, or a number is out of range; nothing was written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, or <see cref="InterruptCheck"/> said so. The destination holds unspecified numbers; the weights can be used again.</exception>
    public void Forward(
        AttentionShape shape, ReadOnlySpan<float> value, Span<float> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(shape, value, destination, ElementType.Float32, keyMask, lengths, threads, adds: false, cancellationToken);

    /// <summary>The same of <see cref="Half"/>. Tensors of other types, or of different ones, come as <see cref="StridedTensor"/>.</summary>
    /// <inheritdoc cref="Forward(AttentionShape, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, int?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public void Forward(
        AttentionShape shape, ReadOnlySpan<Half> value, Span<Half> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(shape, value, destination, ElementType.Float16, keyMask, lengths, threads, adds: false, cancellationToken);

    /// <summary>
    /// Tensors of rank 2, 3 or 4 (leading axes may be absent when they are 1) with any strides on batch, head and row; the last
    /// stride is 1. A transposed <c>[B, n, H, d]</c> is read and written in place.
    /// </summary>
    /// <inheritdoc cref="Forward(AttentionShape, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, int?, CancellationToken)"/>
    public void Forward(
        in ReadOnlyTensorSpan<float> value, in TensorSpan<float> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(value, destination, ElementType.Float32, keyMask, lengths, threads, adds: false, cancellationToken);

    /// <summary>The same of <see cref="Half"/>.</summary>
    /// <inheritdoc cref="Forward(in ReadOnlyTensorSpan{float}, in TensorSpan{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, int?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public void Forward(
        in ReadOnlyTensorSpan<Half> value, in TensorSpan<Half> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(value, destination, ElementType.Float16, keyMask, lengths, threads, adds: false, cancellationToken);

    /// <summary>Raw memory with explicit strides and a type each: for element types without spans, for mixed ones, and for bindings to other languages.</summary>
    /// <inheritdoc cref="Forward(AttentionShape, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, int?, CancellationToken)"/>
    public void Forward(
        StridedTensor value, StridedTensor destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(value, destination, keyMask, lengths, threads, adds: false, cancellationToken);

    /// <summary>Adds W V to an attention's output, or to anything else; rows of special tokens stay as they are.</summary>
    /// <inheritdoc cref="Forward(AttentionShape, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, int?, CancellationToken)"/>
    public void AddTo(
        AttentionShape shape, ReadOnlySpan<float> value, Span<float> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(shape, value, destination, ElementType.Float32, keyMask, lengths, threads, adds: true, cancellationToken);

    /// <summary>The same of <see cref="Half"/>. Tensors of other types, or of different ones, come as <see cref="StridedTensor"/>.</summary>
    /// <inheritdoc cref="AddTo(AttentionShape, ReadOnlySpan{float}, Span{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, int?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public void AddTo(
        AttentionShape shape, ReadOnlySpan<Half> value, Span<Half> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(shape, value, destination, ElementType.Float16, keyMask, lengths, threads, adds: true, cancellationToken);

    /// <inheritdoc cref="Forward(in ReadOnlyTensorSpan{float}, in TensorSpan{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, int?, CancellationToken)"/>
    public void AddTo(
        in ReadOnlyTensorSpan<float> value, in TensorSpan<float> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(value, destination, ElementType.Float32, keyMask, lengths, threads, adds: true, cancellationToken);

    /// <summary>The same of <see cref="Half"/>.</summary>
    /// <inheritdoc cref="AddTo(in ReadOnlyTensorSpan{float}, in TensorSpan{float}, ReadOnlySpan{bool}, ReadOnlySpan{int}, int?, CancellationToken)"/>
    [OverloadResolutionPriority(-1)]
    public void AddTo(
        in ReadOnlyTensorSpan<Half> value, in TensorSpan<Half> destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(value, destination, ElementType.Float16, keyMask, lengths, threads, adds: true, cancellationToken);

    /// <inheritdoc cref="Forward(StridedTensor, StridedTensor, ReadOnlySpan{bool}, ReadOnlySpan{int}, int?, CancellationToken)"/>
    public void AddTo(
        StridedTensor value, StridedTensor destination,
        ReadOnlySpan<bool> keyMask = default, ReadOnlySpan<int> lengths = default, int? threads = null, CancellationToken cancellationToken = default) =>
        Run(value, destination, keyMask, lengths, threads, adds: true, cancellationToken);

    /// <summary>The options, or the default ones, when they are in range for so many tokens.</summary>
    private static FastRpbOptions Checked(FastRpbOptions? options, int length)
    {
        options ??= new FastRpbOptions();
        ArgumentCheck.InRange(length, 0, ToeplitzProduct.MaximumLength);
        ArgumentCheck.AtLeastOne(options.Heads, nameof(options.Heads));
        ArgumentCheck.InRange(options.Prefix, 0, ToeplitzProduct.MaximumLength, nameof(options.Prefix));
        ArgumentCheck.InRange(options.Suffix, 0, ToeplitzProduct.MaximumLength, nameof(options.Suffix));
        return options;
    }

    /// <summary>W of one axis, as a product with coefficients by key minus query; null without tokens.</summary>
    private static ToeplitzProduct? Product(ReadOnlySpan<float> weights, int length, FastRpbOptions options, string name, string lengthName)
    {
        int heads = options.Heads, diagonals = Math.Max((2 * length) - 1, 0), each = options.Symmetric ? length : diagonals;
        if (weights.Length != (long)heads * each)
        {
            string expected = options.Symmetric ? Invariant($"{lengthName} {length}") : Invariant($"(2 × {lengthName} {length} − 1)");
            throw new ShapeException(Invariant($"{name} holds {weights.Length} numbers; expected {(long)heads * each} = heads {heads} × {expected}"), name);
        }

        if (length == 0) return null;
        ArgumentCheck.Finite(weights, name);
        var coefficients = new float[checked(heads * diagonals)];
        for (int head = 0; head < heads; head++)
        {
            ReadOnlySpan<float> own = weights.Slice(head * each, each);
            for (int offset = options.Causal ? 0 : 1 - length; offset < length; offset++)
                coefficients[(head * diagonals) + (length - 1) - offset] = own[options.Symmetric ? Math.Abs(offset) : offset + (length - 1)];
        }

        return ToeplitzProduct.Create(coefficients, length, length, heads);
    }

    private void Run<T>(
        AttentionShape shape, ReadOnlySpan<T> value, Span<T> destination, ElementType element,
        ReadOnlySpan<bool> keyMask, ReadOnlySpan<int> lengths, int? threads, bool adds, CancellationToken cancellationToken)
        where T : unmanaged
    {
        ProblemCheck.Shape(shape);
        if (shape.QueryLength != Rows)
            throw new ShapeException(Invariant($"QueryLength is {shape.QueryLength}; expected {Rows}, the rows that the weights are for"), nameof(shape));
        if (shape.KeyLength != Rows)
            throw new ShapeException(Invariant($"KeyLength is {shape.KeyLength}; expected {Rows}, the rows that the weights are for"), nameof(shape));
        ArgumentCheck.Elements(value.Length, shape.Batch, shape.KeyHeads, Rows, shape.ValueDimension, nameof(value));
        ArgumentCheck.Elements(destination.Length, shape.Batch, shape.Heads, Rows, shape.ValueDimension, nameof(destination));
        fixed (T* v = value, z = destination)
        {
            Run(
                StridedTensor.Dense(v, element, shape.Batch, shape.KeyHeads, Rows, shape.ValueDimension),
                StridedTensor.Dense(z, element, shape.Batch, shape.Heads, Rows, shape.ValueDimension), keyMask, lengths, threads, adds, cancellationToken);
        }
    }

    private void Run<T>(
        in ReadOnlyTensorSpan<T> value, in TensorSpan<T> destination, ElementType element,
        ReadOnlySpan<bool> keyMask, ReadOnlySpan<int> lengths, int? threads, bool adds, CancellationToken cancellationToken)
        where T : unmanaged
    {
        fixed (T* v = &value.GetPinnableReference(), z = &destination.GetPinnableReference())
        {
            Run(
                TensorAxes.Describe(v, element, value.Lengths, value.Strides, nameof(value)),
                TensorAxes.Describe(z, element, destination.Lengths, destination.Strides, nameof(destination)), keyMask, lengths, threads, adds, cancellationToken);
        }
    }

    private void Run(
        StridedTensor value, StridedTensor destination, ReadOnlySpan<bool> keyMask, ReadOnlySpan<int> lengths, int? threads, bool adds, CancellationToken cancellationToken)
    {
        int blocks = Check(value, destination);
        KeySelection.Check(keyMask.Length, lengths, value.Batch, Rows);
        int threadCount = ThreadCount.Resolve(threads, nameof(threads));
        if (blocks == 0)
        {
            if (!adds) Clear(destination);
            return;
        }

        fixed (bool* mask = keyMask)
        fixed (int* kept = lengths)
        {
            var selection = new KeySelection(mask, keyMask.Length > Rows, kept, Rows);
            int heads = Heads == 1 ? value.Heads : destination.Heads;
            using CallWatch? watch = CallWatch.Begin(cancellationToken);
            WorkTeam.Run(new Blocks(this, value, destination, selection, heads, blocks, adds), value.Batch * heads * blocks, threadCount);
        }
    }

    private static void Clear(StridedTensor destination)
    {
        for (int batch = 0; batch < destination.Batch; batch++)
        {
            for (int head = 0; head < destination.Heads; head++)
            {
                RowSource rows = destination.RowsOf(batch, head);
                for (int row = 0; row < rows.Count; row++) rows.Fill(row, 0);
            }
        }
    }

    /// <summary>Checks the tensors; returns the blocks of columns of a head, 0 where W V is empty or zero.</summary>
    private int Check(StridedTensor value, StridedTensor destination)
    {
        HeadsAndColumns(value, nameof(value));
        HeadsAndColumns(destination, nameof(destination));
        TensorCheck.Extents(value, value.Batch, value.Heads, Rows, value.Columns, nameof(value));
        TensorCheck.Extents(destination, value.Batch, destination.Heads, Rows, value.Columns, nameof(destination));
        if (destination.Heads % value.Heads != 0)
            throw new ShapeException(Invariant($"value has {value.Heads} heads; expected a divisor of the destination's {destination.Heads}"), nameof(value));
        if (Heads != 1 && destination.Heads != Heads)
            throw new ShapeException(Invariant($"destination has {destination.Heads} heads; expected {Heads}, one a vector of weights"), nameof(destination));
        TensorCheck.Distinct(destination);
        TensorCheck.Apart(destination, value, nameof(value));
        if (_product is null || value.Batch == 0) return 0;
        int blocks = ((value.Columns - 1) / _product.BlockColumns) + 1;
        if ((Int128)destination.Batch * destination.Heads * blocks > int.MaxValue)
            throw new ShapeException(
                Invariant($"destination is [{destination.Batch}, {destination.Heads}, {destination.Rows}, {destination.Columns}]; expected at most 2³¹ blocks of {_product.BlockColumns} columns"), nameof(destination));
        return blocks;
    }

    private static void HeadsAndColumns(StridedTensor tensor, string name)
    {
        if (tensor.Batch < 0 || tensor.Heads < 1 || tensor.Columns < 1)
            throw new ShapeException(
                Invariant($"{name} is [{tensor.Batch}, {tensor.Heads}, {tensor.Rows}, {tensor.Columns}]; expected at least one head and one column"), name);
    }

    /// <summary>Blocks of columns. Heads that share weights and values share the product: it is made once for all of them.</summary>
    private readonly struct Blocks(
        FastRpb owner, StridedTensor value, StridedTensor destination, KeySelection selection, int heads, int blocks, bool adds) : IParallelWork
    {
        public void Run(int index, int worker)
        {
            ConvertedProduct product = owner._product!;
            (int item, int block) = Math.DivRem(index, blocks);
            (int batch, int head) = Math.DivRem(item, heads);
            int group = destination.Heads / value.Heads, copies = destination.Heads / heads, first = block * product.BlockColumns;
            int prefix = owner._options.Prefix, width = Math.Min(product.BlockColumns, value.Columns - first);
            bool* mask = selection.Mask(batch);
            RowSource x = value.RowsOf(batch, head * copies / group).SliceColumns(first, width), y = destination.RowsOf(batch, head * copies).SliceColumns(first, width);
            product.Run(
                head, x.Slice(prefix, Math.Clamp(selection.Kept(batch) - prefix, 0, owner.Length)), mask is null ? null : mask + prefix,
                y.Slice(prefix, owner.Length), copies, destination.HeadStride, adds);
            for (int copy = 0; copy < copies && !adds; copy++)
            {
                RowSource specials = y.From(copy * destination.HeadStride);
                for (int row = 0; row < prefix; row++) specials.Fill(row, 0);
                for (int row = prefix + owner.Length; row < owner.Rows; row++) specials.Fill(row, 0);
            }
        }
    }
}
