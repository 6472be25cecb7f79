namespace FastAttn.Cli.Npy;

/// <summary>
/// Key masks in the forms that other programs keep them in: bool and integers, 1 = attend, 0 = leave out; or numbers to be added to scores,
/// 0 = attend, −∞ = leave out.
/// </summary>
internal static class NpyMask
{
    /// <summary>Reads a mask; true = attend.</summary>
    /// <exception cref="NpyFormatException">The stream holds something else.</exception>
    public static NpyArray<bool> Read(Stream stream)
    {
        NpyHeader header = NpyHeader.Read(stream);
        bool isAdditive = header.Type is "f2" or "f4" or "f8";
        NpyArray<double> numbers = header.Type switch
        {
            "b1" => NpyElements.Read<byte, double>(stream, header, (source, target) => Each(source, target, x => x != 0 ? 1 : 0)),
            "u1" => NpyElements.Read<byte, double>(stream, header, (source, target) => Each(source, target, x => x)),
            "i1" => NpyElements.Read<sbyte, double>(stream, header, (source, target) => Each(source, target, x => x)),
            "u2" => NpyElements.Read<ushort, double>(stream, header, (source, target) => Each(source, target, x => x)),
            "i2" => NpyElements.Read<short, double>(stream, header, (source, target) => Each(source, target, x => x)),
            "u4" => NpyElements.Read<uint, double>(stream, header, (source, target) => Each(source, target, x => x)),
            "i4" => NpyElements.Read<int, double>(stream, header, (source, target) => Each(source, target, x => x)),
            "u8" => NpyElements.Read<ulong, double>(stream, header, (source, target) => Each(source, target, x => x)),
            "i8" => NpyElements.Read<long, double>(stream, header, (source, target) => Each(source, target, x => x)),
            "f2" => NpyElements.Read<Half, double>(stream, header, (source, target) => Each(source, target, x => (double)x)),
            "f4" => NpyElements.Read<float, double>(stream, header, (source, target) => Each(source, target, x => x)),
            "f8" => NpyElements.Read<double, double>(stream, header, (source, target) => source.CopyTo(target)),
            _ => throw new NpyFormatException($"has elements of type {header.Descr}, expected bool, integers of 0 and 1, or floats of 0 and -inf"),
        };
        double attend = isAdditive ? 0 : 1, leaveOut = isAdditive ? double.NegativeInfinity : 0;
        bool[] mask = new bool[numbers.Values.Length];
        for (int entry = 0; entry < mask.Length; entry++)
        {
            double number = numbers.Values[entry];
            mask[entry] = number == attend;
            if (number != attend && number != leaveOut) throw Refused(header, numbers, entry, isAdditive);
        }

        return new NpyArray<bool>(numbers.Shape, mask);
    }

    private static void Each<TStored>(ReadOnlySpan<TStored> source, Span<double> target, Func<TStored, double> widen)
    {
        for (int i = 0; i < source.Length; i++) target[i] = widen(source[i]);
    }

    private static NpyFormatException Refused(NpyHeader header, NpyArray<double> numbers, int entry, bool isAdditive)
    {
        int[] index = new int[numbers.Shape.Length];
        for (int axis = index.Length - 1, rest = entry; axis >= 0; axis--) (rest, index[axis]) = Math.DivRem(rest, numbers.Shape[axis]);
        string expected = isAdditive ? "0 (attend) or -inf (leave out), the numbers that are added to scores" : "1 (attend) or 0 (leave out)";
        return new(FormattableString.Invariant($"holds {numbers.Values[entry]:R} at [{string.Join(',', index)}] of its {header.Descr} elements, expected {expected}"));
    }
}
