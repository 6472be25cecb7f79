using FastAttn.Methods;
using FastAttn.Positions;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Methods;

/// <summary>
/// Every method computes <c>F(c; X, Y, W)</c> for any arrays in these roles, signed or not, with c or its transpose, for any part of the rows and keys, within the bounds that it states. So
/// the methods of forward are the methods of every gradient.
/// </summary>
public sealed class RolesTests
{
    private static readonly Method[] Methods = [Method.Direct, Method.Fft, Method.Linear, Method.Band, Method.Decay, Method.Multipole];

    /// <summary>Features and value columns of forward; of ∂φ(q), which has values, ones and features in each other's place; of ∂φ(k); and odd ones.</summary>
    private static readonly (int Inner, int Outer)[] Roles = [(16, 9), (10, 16), (9, 16), (1, 1), (33, 2), (3, 67)];

    public static TheoryData<Method, bool, bool> Directions
    {
        get
        {
            var data = new TheoryData<Method, bool, bool>();
            foreach (Method method in Methods)
            {
                foreach (bool causal in (bool[])[false, true])
                {
                    foreach (bool transposed in (bool[])[false, true]) data.Add(method, causal, transposed);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Directions))]
    public void EveryMethodComputesEveryForm(Method method, bool causal, bool transposed)
    {
        var numbers = new Numbers(7);
        foreach ((int queries, int keys) in ((int, int)[])[(1, 1), (5, 3), (64, 65), (127, 300), (509, 509), (700, 257)])
        {
            // A multipole tree needs some boxes, and tails need offsets.
            if (method is Method.Multipole or Method.Band or Method.Decay && Math.Max(queries, keys) < 257) continue;
            foreach ((int inner, int outer) in queries > 300 ? Roles.AsSpan(0, 3) : Roles)
            {
                PreparedPosition positions = Positions(method, queries, keys, causal);
                double worst = Worst(method, positions, transposed, queries, keys, inner, outer, numbers);
                Assert.True(worst <= 1, $"n_q = {queries}, n_k = {keys}, r = {inner}, s = {outer}: {worst} of what it may be");
            }
        }
    }

    /// <summary>Transposed forms of a part of the rows over a part of the keys, on some threads.</summary>
    [Theory]
    [MemberData(nameof(Directions))]
    public void PartsAreFormsToo(Method method, bool causal, bool transposed)
    {
        const int queries = 700, keys = 600;
        var numbers = new Numbers(8);
        PreparedPosition positions = Positions(method, queries, keys, causal);
        if (transposed) positions = positions.Transposed;
        (int rows, int others) = transposed ? (keys, queries) : (queries, keys);
        foreach ((int first, int end, int firstKey, int endKey) in ((int, int, int, int)[])[(0, rows, 64, others), (13, 401, 0, 333), (rows - 300, rows, others - 301, others)])
        {
            var form = new MethodRoles(method, positions, numbers.Normals(rows * 12), numbers.Normals(others * 12), numbers.Normals(others * 5))
            {
                Sizes = (rows, others, 12, 5),
                Rows = (first, end),
                Keys = (firstKey, endKey),
                Threads = 3,
            };
            double worst = form.WorstShare();
            Assert.True(worst <= 1, $"rows {first} … {end}, keys {firstKey} … {endKey}: {worst} of what it may be");
        }
    }

    /// <summary>As many columns as the longest projection makes features, and one.</summary>
    [Theory]
    [InlineData(4097, 1)]
    [InlineData(1, 4097)]
    public void FormsMayBeWide(int inner, int outer)
    {
        var numbers = new Numbers(9);
        foreach (Method method in Methods)
        {
            const int queries = 261, keys = 259;
            PreparedPosition positions = Positions(method, queries, keys, causal: true);
            foreach (bool transposed in (bool[])[false, true])
            {
                double worst = Worst(method, positions, transposed, queries, keys, inner, outer, numbers);
                Assert.True(worst <= 1, $"{method}, transposed {transposed}: {worst} of what it may be");
            }
        }
    }

    /// <summary>Grids, with special tokens or without.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(2, 3)]
    public void GridsAreTransposedToo(int prefix, int suffix)
    {
        const int height = 7, width = 9;
        var numbers = new Numbers(10);
        int tokens = prefix + (height * width) + suffix, specials = prefix + suffix;
        float[] bias = numbers.Normals(((2 * height) - 1) * ((2 * width) - 1));
        RelativePosition grid = specials == 0
            ? RelativePosition.Grid(bias, height, width)
            : RelativePosition.Grid(bias, height, width, new SpecialTokens
            {
                Prefix = prefix,
                Suffix = suffix,
                SpecialToGrid = numbers.Normals(specials),
                GridToSpecial = numbers.Normals(specials),
                SpecialToSpecial = numbers.Normals(specials * specials),
            });
        var positions = grid.Prepare(new PositionExtent(tokens, tokens, 0, tokens - 1));
        foreach (Method method in (Method[])[Method.Direct, Method.Fft])
        {
            foreach (bool transposed in (bool[])[false, true])
            {
                double worst = Worst(method, positions, transposed, tokens, tokens, 12, 5, numbers);
                Assert.True(worst <= 1, $"{method}, transposed {transposed}: {worst} of what it may be");
            }
        }
    }

    /// <summary>Bit for bit, and for every kind of position.</summary>
    [Fact]
    public void TransposedTwiceIsAsBefore()
    {
        foreach (Method method in Methods)
        {
            PreparedPosition positions = Positions(method, 300, 200, causal: true);
            HeadPosition once = positions.Head(0), twice = positions.Transposed.Transposed.Head(0), transposed = positions.Transposed.Head(0);
            for (int t = once.FirstOffset; t <= once.LastOffset; t++)
            {
                Assert.Equal(once.Bias(t), twice.Bias(t));
                Assert.Equal(once.Bias(t), transposed.Bias(-t));
                Assert.Equal(once.IsVisible(t), transposed.IsVisible(-t));
            }
        }
    }

    private static double Worst(Method method, PreparedPosition positions, bool transposed, int queries, int keys, int inner, int outer, Numbers numbers)
    {
        (int rows, int others) = transposed ? (keys, queries) : (queries, keys);
        var form = new MethodRoles(
            method, transposed ? positions.Transposed : positions, numbers.Normals(rows * inner), numbers.Normals(others * inner), numbers.Normals(others * outer))
        {
            Sizes = (rows, others, inner, outer),
            Rows = (0, rows),
            Keys = (0, others),
        };
        return form.WorstShare();
    }

    /// <summary>Positions that the method is made for; queries stand anywhere among the keys.</summary>
    private static PreparedPosition Positions(Method method, int queries, int keys, bool causal)
    {
        var numbers = new Numbers(queries + (1000 * keys));
        int offset = method is Method.Direct or Method.Fft ? 0 : keys - queries;
        RelativePosition? position = method switch
        {
            Method.Linear => null,
            Method.Band => RelativePosition.T5(numbers.Normals(32)),
            Method.Decay => RelativePosition.Alibi([0.03f]),
            Method.Multipole => RelativePosition.KerpleLog([1.5f], [0.25f]),
            _ => RelativePosition.Dense(WithHoles(numbers.Normals(queries + keys - 1)), queries, keys),
        };
        var extent = new PositionExtent(queries, keys, offset, causal ? Math.Clamp(offset, -queries, keys - 1) : keys - 1);
        return position?.Prepare(extent) ?? new PreparedPosition(null, extent);
    }

    private static float[] WithHoles(float[] bias)
    {
        for (int t = 2; t < bias.Length; t += 11) bias[t] = float.NegativeInfinity;
        return bias;
    }
}
