using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace FastAttn.Tests.Layers;

/// <summary>
/// Reads a compiled assembly and its debug file: which type uses which other type of the same assembly, and in which folder each was written.
/// A type counts as used when a base, an interface, a field, a parameter, a local variable or an instruction names it. A nested type counts as
/// a part of the type around it. Constants do not count: the compiler copies their values.
/// </summary>
internal sealed class AssemblyUses : IDisposable
{
    private static readonly Guid s_typeDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");
    private static readonly Dictionary<short, OperandType> s_operands = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value, code => code.OperandType);

    private readonly PEReader _file;
    private readonly MetadataReaderProvider _debugFile;
    private readonly MetadataReader _metadata, _debug;
    private readonly string _project;

    /// <param name="path">The assembly; its debug file lies beside it.</param>
    /// <param name="project">The folder of the project from the root of the repository, such as <c>src/FastAttn</c>.</param>
    public AssemblyUses(string path, string project)
    {
        _project = "/" + project + "/";
        _file = new PEReader(File.OpenRead(path));
        _debugFile = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(Path.ChangeExtension(path, ".pdb")));
        _metadata = _file.GetMetadataReader();
        _debug = _debugFile.GetMetadataReader();
    }

    public void Dispose()
    {
        _file.Dispose();
        _debugFile.Dispose();
    }

    /// <summary>All pairs (type, folder) → (type that it uses, folder), where the folders differ.</summary>
    public IEnumerable<(string From, string FromFolder, string To, string ToFolder)> BetweenFolders()
    {
        Dictionary<TypeDefinitionHandle, string> folders = [];
        foreach (TypeDefinitionHandle type in _metadata.TypeDefinitions)
        {
            if (Outermost(type) == type && FolderOf(type) is string folder) folders[type] = folder;
        }

        HashSet<(TypeDefinitionHandle, TypeDefinitionHandle)> seen = [];
        foreach (TypeDefinitionHandle part in _metadata.TypeDefinitions)
        {
            TypeDefinitionHandle from = Outermost(part);
            if (!folders.TryGetValue(from, out string? fromFolder)) continue;
            foreach (TypeDefinitionHandle used in UsedBy(part).Select(Outermost))
            {
                if (folders.TryGetValue(used, out string? toFolder) && fromFolder != toFolder && seen.Add((from, used)))
                    yield return (NameOf(from), fromFolder, NameOf(used), toFolder);
            }
        }
    }

    private string NameOf(TypeDefinitionHandle type) => _metadata.GetString(_metadata.GetTypeDefinition(type).Name);

    private TypeDefinitionHandle Outermost(TypeDefinitionHandle type)
    {
        while (_metadata.GetTypeDefinition(type).GetDeclaringType() is { IsNil: false } outer) type = outer;
        return type;
    }

    // ---- Folders -----------------------------------------------------------------------------------------------------

    /// <summary>The folder of the first file by hand; for a type that is generated whole, the last word of its namespace; null for the compiler's own.</summary>
    private string? FolderOf(TypeDefinitionHandle type)
    {
        IEnumerable<string> files = Parts(type).SelectMany(DocumentsOf).Select(handle => _debug.GetString(_debug.GetDocument(handle).Name).Replace('\\', '/'));
        foreach (string file in files.Order(StringComparer.Ordinal))
        {
            // A build that hides where it was made writes /_/ for the project's folder.
            string root = file.StartsWith("/_/", StringComparison.Ordinal) ? "/_/" : _project;
            int start = file.IndexOf(root, StringComparison.Ordinal);
            if (start < 0) continue;
            string inside = file[(start + root.Length)..];
            if (!inside.StartsWith("obj/", StringComparison.Ordinal)) return inside.Contains('/') ? inside[..inside.LastIndexOf('/')] : "";
        }

        string name = _metadata.GetString(_metadata.GetTypeDefinition(type).Namespace);
        return name.StartsWith("FastAttn.", StringComparison.Ordinal) ? name[(name.LastIndexOf('.') + 1)..] : null;
    }

    private IEnumerable<TypeDefinitionHandle> Parts(TypeDefinitionHandle type)
    {
        TypeDefinition definition = _metadata.GetTypeDefinition(type);
        return definition.GetNestedTypes().SelectMany(Parts).Prepend(type);
    }

    private IEnumerable<DocumentHandle> DocumentsOf(TypeDefinitionHandle type)
    {
        foreach (MethodDefinitionHandle method in _metadata.GetTypeDefinition(type).GetMethods())
        {
            MethodDebugInformation information = _debug.GetMethodDebugInformation(method);
            if (!information.Document.IsNil) yield return information.Document;
        }

        foreach (CustomDebugInformationHandle handle in _debug.GetCustomDebugInformation(type))
        {
            CustomDebugInformation information = _debug.GetCustomDebugInformation(handle);
            if (_debug.GetGuid(information.Kind) != s_typeDocuments) continue;
            BlobReader blob = _debug.GetBlobReader(information.Value);
            while (blob.RemainingBytes > 0) yield return MetadataTokens.DocumentHandle(blob.ReadCompressedInteger());
        }
    }

    // ---- Uses --------------------------------------------------------------------------------------------------------

    private HashSet<TypeDefinitionHandle> UsedBy(TypeDefinitionHandle type)
    {
        var names = new TypeCollector();
        TypeDefinition definition = _metadata.GetTypeDefinition(type);
        Add(definition.BaseType, names);
        foreach (InterfaceImplementationHandle handle in definition.GetInterfaceImplementations()) Add(_metadata.GetInterfaceImplementation(handle).Interface, names);
        foreach (FieldDefinitionHandle handle in definition.GetFields()) _metadata.GetFieldDefinition(handle).DecodeSignature(names, null);
        foreach (MethodDefinitionHandle handle in definition.GetMethods()) AddMethod(_metadata.GetMethodDefinition(handle), names);
        foreach (GenericParameterHandle handle in definition.GetGenericParameters()) AddConstraints(handle, names);
        return names.Found;
    }

    private void AddConstraints(GenericParameterHandle handle, TypeCollector names)
    {
        foreach (GenericParameterConstraintHandle constraint in _metadata.GetGenericParameter(handle).GetConstraints())
            Add(_metadata.GetGenericParameterConstraint(constraint).Type, names);
    }

    private void AddMethod(MethodDefinition method, TypeCollector names)
    {
        method.DecodeSignature(names, null);
        foreach (GenericParameterHandle handle in method.GetGenericParameters()) AddConstraints(handle, names);
        if (method.RelativeVirtualAddress == 0) return;
        MethodBodyBlock body = _file.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil) _metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(names, null);
        foreach (ExceptionRegion region in body.ExceptionRegions) Add(region.CatchType, names);
        BlobReader code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            short value = code.ReadByte();
            if (value == 0xFE) value = (short)(0xFE00 | code.ReadByte());
            switch (s_operands[value])
            {
                case OperandType.InlineNone: break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar: code.Offset++; break;
                case OperandType.InlineVar: code.Offset += 2; break;
                case OperandType.InlineI8 or OperandType.InlineR: code.Offset += 8; break;
                case OperandType.InlineSwitch:
                    int targets = code.ReadInt32();
                    code.Offset += 4 * targets;
                    break;
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    Add(MetadataTokens.EntityHandle(code.ReadInt32()), names);
                    break;
                default: code.Offset += 4; break;
            }
        }
    }

    private void Add(EntityHandle handle, TypeCollector names)
    {
        if (handle.IsNil) return;
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                names.Found.Add((TypeDefinitionHandle)handle);
                break;
            case HandleKind.TypeSpecification:
                _metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(names, null);
                break;
            case HandleKind.MethodDefinition:
                names.Found.Add(_metadata.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                names.Found.Add(_metadata.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                MemberReference member = _metadata.GetMemberReference((MemberReferenceHandle)handle);
                Add(member.Parent, names);
                if (member.GetKind() == MemberReferenceKind.Method) member.DecodeMethodSignature(names, null);
                else member.DecodeFieldSignature(names, null);
                break;
            case HandleKind.MethodSpecification:
                MethodSpecification specification = _metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                Add(specification.Method, names);
                specification.DecodeSignature(names, null);
                break;
            case HandleKind.StandaloneSignature:
                _metadata.GetStandaloneSignature((StandaloneSignatureHandle)handle).DecodeMethodSignature(names, null);
                break;
            default:
                break;
        }
    }

    /// <summary>Collects the types of this assembly that a signature names.</summary>
    private sealed class TypeCollector : ISignatureTypeProvider<int, object?>
    {
        public HashSet<TypeDefinitionHandle> Found { get; } = [];

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte kind)
        {
            Found.Add(handle);
            return 0;
        }

        public int GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte kind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, context);

        public int GetPrimitiveType(PrimitiveTypeCode code) => 0;

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte kind) => 0;

        public int GetGenericInstantiation(int type, ImmutableArray<int> arguments) => 0;

        public int GetSZArrayType(int element) => 0;

        public int GetArrayType(int element, ArrayShape shape) => 0;

        public int GetByReferenceType(int element) => 0;

        public int GetPointerType(int element) => 0;

        public int GetPinnedType(int element) => 0;

        public int GetModifiedType(int modifier, int type, bool isRequired) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericMethodParameter(object? context, int index) => 0;

        public int GetGenericTypeParameter(object? context, int index) => 0;
    }
}
