using FastAttn.Attention;
using FastAttn.Tensors;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Attention;

/// <summary>Strided tensors share memory exactly when they have a byte in common, whatever their element types.</summary>
public sealed class SharedElementsTests
{
    /// <summary>Small random tensors, strides of any sign, against a list of all bytes.</summary>
    [Fact]
    public void AgreesWithAListOfAllBytes()
    {
        int shared = 0, apart = 0;
        for (int seed = 0; seed < 20_000; seed++)
        {
            var numbers = new Numbers(seed);
            StridedTensor one = Random(numbers), other = Random(numbers);
            bool expected = Bytes(one).Overlaps(Bytes(other));
            Assert.True(expected == SharedElements.Between(one, other), $"seed {seed}: {one} and {other} share: {expected}");
            if (expected) shared++;
            else apart++;
        }

        Assert.True(shared > 2000 && apart > 2000);
    }

    /// <summary>Query, key, value and output packed as [B, n, 4, H, d]: no two share an element, each shares all with itself.</summary>
    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(2, 300, 8, 64)]
    [InlineData(64, 1 << 20, 96, 128)]
    public void PartsOfAPackedArrayAreApart(int batch, int length, int heads, int columns)
    {
        long token = 4L * heads * columns;
        StridedTensor[] parts =
        [
            .. Enumerable.Range(0, 4).Select(part => new StridedTensor(
                (nint)(4096 + (4L * part * heads * columns)), batch, heads, length, columns, token * length, columns, token)),
        ];
        for (int i = 0; i < parts.Length; i++)
        {
            for (int j = 0; j < parts.Length; j++) Assert.Equal(i == j, parts[i].Overlaps(parts[j]));
        }

        // One column more than there is room for reaches into what lies next: the following head, or the following part.
        StridedTensor next = parts[1] with { Data = parts[1].Data + (4 * columns), Heads = Math.Max(heads - 1, 1) };
        Assert.True((parts[1] with { Columns = columns + 1, Heads = 1 }).Overlaps(next));
    }

    /// <summary>Strides without any order take no long search: they count as shared.</summary>
    [Fact]
    public void TheSearchEnds()
    {
        var one = new StridedTensor(1 << 20, 1 << 15, 1 << 15, 1 << 15, 2, 30_011, 30_013, 30_029);
        Assert.True(SharedElements.Between(one, one with { Data = one.Data + 8, BatchStride = 30_047, HeadStride = 30_059, RowStride = 30_071 }));
    }

    private static StridedTensor Random(Numbers numbers)
    {
        long Stride() => numbers.Between(-12, 12);
        ElementType element = numbers.Pick(ElementType.Float32, ElementType.Float16, ElementType.Bfloat16);
        int size = element == ElementType.Float32 ? 4 : 2;
        return new StridedTensor(
            4096 + (size * numbers.Between(0, 160 / size)), numbers.Between(1, 3), numbers.Between(1, 3), numbers.Between(1, 4), numbers.Between(1, 4),
            Stride() * numbers.Between(1, 4), Stride(), Stride())
        {
            Element = element,
        };
    }

    private static HashSet<long> Bytes(StridedTensor tensor)
    {
        HashSet<long> bytes = [];
        int size = tensor.Element == ElementType.Float32 ? 4 : 2;
        for (int b = 0; b < tensor.Batch; b++)
        {
            for (int h = 0; h < tensor.Heads; h++)
            {
                for (int r = 0; r < tensor.Rows; r++)
                {
                    for (int c = 0; c < tensor.Columns * size; c++)
                        bytes.Add(tensor.Data + (size * ((b * tensor.BatchStride) + (h * tensor.HeadStride) + (r * tensor.RowStride))) + c);
                }
            }
        }

        return bytes;
    }
}
