using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using FastAttn.Costs;
using FastAttn.Tests.Infrastructure;

namespace FastAttn.Tests.Texts;

/// <summary>What the library writes and reads does not follow the culture of the caller's thread; <c>BadInputTests</c> has the same for errors.</summary>
public sealed class CultureTests
{
    public static TheoryData<string> Cultures => ForeignCulture.Names;

    /// <summary>
    /// Looks at the compiled library: it calls no function that follows the culture where one that does not exists. Holes of a text
    /// that are all strings, at most four parts, are no matter: the compiler joins them without a culture.
    /// </summary>
    [Fact]
    public void TheLibraryCallsNothingThatFollowsTheCulture()
    {
        using var file = new PEReader(File.OpenRead(typeof(FastAttnInfo).Assembly.Location));
        MetadataReader metadata = file.GetMetadataReader();
        List<string> found = [];
        foreach (MemberReferenceHandle handle in metadata.MemberReferences)
        {
            MemberReference member = metadata.GetMemberReference(handle);
            if (member.GetKind() != MemberReferenceKind.Method || member.Parent.Kind != HandleKind.TypeReference) continue;
            TypeReference type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
            string call = $"{metadata.GetString(type.Name)}.{metadata.GetString(member.Name)}({string.Join(", ", member.DecodeMethodSignature(new TypeNames(), null).ParameterTypes)})";
            if (FollowsCulture(call)) found.Add(call);
        }

        Assert.True(found.Count == 0, $"write Invariant($\"…\") or give the invariant culture instead of {string.Join(", ", found)}");
    }

    [Theory]
    [InlineData("DefaultInterpolatedStringHandler..ctor(Int32, Int32)", true)]
    [InlineData("DefaultInterpolatedStringHandler..ctor(Int32, Int32, IFormatProvider)", false)]
    [InlineData("Single.ToString()", true)]
    [InlineData("Single.ToString(String, IFormatProvider)", false)]
    [InlineData("String.ToLower()", true)]
    [InlineData("Double.Parse(String)", true)]
    [InlineData("String.StartsWith(String)", true)]
    [InlineData("String.Concat(String, String)", false)]
    public void CallsThatFollowTheCultureAreKnown(string call, bool follows) => Assert.Equal(follows, FollowsCulture(call));

    [Theory]
    [MemberData(nameof(Cultures))]
    public void PlansExplainThemselvesTheSameWay(string culture)
    {
        string expected = Explanations(), found = "";
        ForeignCulture.Run(culture, () => found = Explanations());
        Assert.Equal(expected, found);
    }

    [Theory]
    [MemberData(nameof(Cultures))]
    public void CostFilesAreWrittenAndReadTheSameWay(string culture)
    {
        string folder = Directory.CreateTempSubdirectory("fastattn-culture-").FullName, file = Path.Combine(folder, "costs.json");
        CostTable table = CostTable.Shipped(InstructionTier.Avx2) with { DirectGflops = 12.5 };
        ForeignCulture.Run(culture, () => CostTableFile.Write(file, table, FastAttnInfo.Tier));
        Assert.Equal(12.5, CostTableFile.Read(file, FastAttnInfo.Tier, out _)!.DirectGflops);
        ForeignCulture.Run(culture, () => Assert.Equal(12.5, CostTableFile.Read(file, FastAttnInfo.Tier, out _)!.DirectGflops));
        ForeignCulture.Run(culture, () => Assert.Contains("12.5 ", string.Join('\n', table.Figures) + " "));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Every kind of position, so that every method gives its reason; and what the machine says of itself.</summary>
    private static string Explanations()
    {
        var shape = new AttentionShape(1, 300, 8);
        RelativePosition?[] positions =
        [
            null, RelativePosition.Dense(new Numbers(1).Normals(599), 300, 300), RelativePosition.Alibi([0.5f]), RelativePosition.T5(new float[32]),
            RelativePosition.KerpleLog([1.5f], [0.25f]), RelativePosition.Clipped(new float[9]),
        ];
        IEnumerable<string> texts = positions.Select(position =>
        {
            using var attention = new KernelizedAttention(shape, new KernelizedAttentionOptions { Features = 8 }, position);
            return attention.Plan.Explain() + new ForwardReport(Method.Fft, 3, 1, FastAttnInfo.Tier);
        });
        return string.Join('\n', [.. texts, FastAttnInfo.TierReason, MachineCosts.Current.Source]);
    }

    private static bool FollowsCulture(string call)
    {
        string[] numbers = ["Int32", "Int64", "UInt32", "UInt64", "Int128", "IntPtr", "Single", "Double", "Half", "TimeSpan", "DateTime"];
        int parameters = call.IndexOf('(', StringComparison.Ordinal);
        string type = call[..call.IndexOf('.', StringComparison.Ordinal)], name = call[(type.Length + 1)..parameters], list = call[parameters..];
        return type switch
        {
            "DefaultInterpolatedStringHandler" => name == ".ctor" && list == "(Int32, Int32)",
            "AppendInterpolatedStringHandler" => name == ".ctor" && list == "(Int32, Int32, StringBuilder)",
            "String" => (name is "ToLower" or "ToUpper" && list == "()") || (name is "Format" && list.StartsWith("(String", StringComparison.Ordinal))
                || (name is "StartsWith" or "EndsWith" or "IndexOf" or "LastIndexOf" or "Compare" or "CompareTo" && list.Contains("String", StringComparison.Ordinal)
                    && !list.Contains("StringComparison", StringComparison.Ordinal)),
            "Char" => name is "ToLower" or "ToUpper" && list == "(Char)",
            _ => numbers.Contains(type) && name is "ToString" or "Parse" or "TryParse" or "TryFormat" && !list.Contains("IFormatProvider", StringComparison.Ordinal)
                && !list.Contains("CultureInfo", StringComparison.Ordinal),
        };
    }

    /// <summary>Parameter types by their simple names.</summary>
    private sealed class TypeNames : ISignatureTypeProvider<string, object?>
    {
        public string GetPrimitiveType(PrimitiveTypeCode code) => code.ToString();

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte kind) => reader.GetString(reader.GetTypeReference(handle).Name);

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte kind) => reader.GetString(reader.GetTypeDefinition(handle).Name);

        public string GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte kind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, context);

        public string GetGenericInstantiation(string type, ImmutableArray<string> arguments) => type;

        public string GetSZArrayType(string element) => element + "[]";

        public string GetArrayType(string element, ArrayShape shape) => element + "[,]";

        public string GetByReferenceType(string element) => element;

        public string GetPointerType(string element) => element + "*";

        public string GetPinnedType(string element) => element;

        public string GetModifiedType(string modifier, string type, bool isRequired) => type;

        public string GetFunctionPointerType(MethodSignature<string> signature) => "function";

        public string GetGenericMethodParameter(object? context, int index) => "T";

        public string GetGenericTypeParameter(object? context, int index) => "T";
    }
}
