using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace FastAttn.NeonCases;

/// <summary>The emitted source of the NEON kernels and the methods in it, numbered.</summary>
internal sealed class EmittedKernels
{
    private readonly List<(string File, CompilationUnitSyntax Root)> _files = [];

    /// <summary>Every method, public or not, in order of file and place: its index is its number everywhere.</summary>
    public List<EmittedMethod> Methods { get; } = [];

    public static EmittedKernels Read(IEnumerable<string> paths)
    {
        var kernels = new EmittedKernels();
        foreach (string path in Latest(paths).Order(StringComparer.Ordinal))
        {
            CompilationUnitSyntax root = CSharpSyntaxTree.ParseText(File.ReadAllText(path)).GetCompilationUnitRoot();
            kernels._files.Add((Path.GetFileName(path), root));
            foreach (MemberDeclarationSyntax member in root.DescendantNodes().OfType<MemberDeclarationSyntax>())
            {
                if (EmittedMethod.Of(member) is EmittedMethod method) kernels.Methods.Add(method);
            }
        }

        kernels.CheckAgainstTheLibrary();

        if (kernels.Methods.Count == 0) throw new InvalidOperationException("no emitted NEON method was found");
        foreach (IGrouping<string, EmittedMethod> overloads in kernels.Methods.GroupBy(method => method.Name).Where(group => group.Count() > 1))
        {
            throw new InvalidOperationException($"{overloads.Key} is emitted {overloads.Count()} times; methods are told apart by name");
        }

        return kernels;
    }

    /// <summary>
    /// Files of earlier generators stay where a build writes its own: those of the last compilation count, which writes all of
    /// them within moments.
    /// </summary>
    private static IEnumerable<string> Latest(IEnumerable<string> paths)
    {
        string[] all = [.. paths];
        DateTime last = all.Max(File.GetLastWriteTimeUtc);
        return all.Where(path => last - File.GetLastWriteTimeUtc(path) < TimeSpan.FromSeconds(30));
    }

    /// <summary>What was read must be what the library holds, neither more nor less.</summary>
    private void CheckAgainstTheLibrary()
    {
        Type neon = typeof(FastAttnInfo).Assembly.GetType("FastAttn.Kernels.NeonKernels", throwOnError: true)!;
        IEnumerable<string> held = neon.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Select(method => method.IsSpecialName ? method.Name["get_".Length..] : method.Name)
            .Where(name => name != nameof(FastAttnInfo.Tier));
        string[] differing = [.. held.Except(Methods.Select(method => method.Name)), .. Methods.Select(method => method.Name).Except(held)];
        if (differing.Length > 0) throw new InvalidOperationException($"emitted files and library differ in {string.Join(", ", differing)}");
    }

    /// <summary>File names and text; marked text sets <c>Marks[number]</c> when a method with a body is entered.</summary>
    public IEnumerable<(string File, string Text)> Sources(bool marked)
    {
        int number = 0;
        foreach ((string file, CompilationUnitSyntax root) in _files)
        {
            string text = root.ToFullString();
            int inserted = 0;
            foreach (MemberDeclarationSyntax member in root.DescendantNodes().OfType<MemberDeclarationSyntax>())
            {
                if (EmittedMethod.Of(member) is null) continue;
                if (marked && member is MethodDeclarationSyntax { Body: BlockSyntax body })
                {
                    string mark = $" Marks[{number}] = 1;";
                    text = text.Insert(body.OpenBraceToken.Span.End + inserted, mark);
                    inserted += mark.Length;
                }

                number++;
            }

            yield return (file, text);
        }
    }
}

/// <summary>A method or property of the emitted kernels.</summary>
/// <param name="Name">Its name, unique.</param>
/// <param name="Result">Its result type as written.</param>
/// <param name="Parameters">Type and name of each parameter.</param>
/// <param name="IsPublic">Whether it is part of a kernel contract or callable on its own; others run inside public ones.</param>
/// <param name="IsProperty">Whether it is read without parentheses.</param>
internal sealed record EmittedMethod(
    string Name, string Result, IReadOnlyList<(string Type, string Name)> Parameters, bool IsPublic, bool IsProperty)
{
    public static EmittedMethod? Of(MemberDeclarationSyntax member)
    {
        bool isPublic = member.Modifiers.Any(SyntaxKind.PublicKeyword);
        return member switch
        {
            MethodDeclarationSyntax method => new EmittedMethod(
                method.Identifier.Text, method.ReturnType.ToString(),
                [.. method.ParameterList.Parameters.Select(parameter => (parameter.Type!.ToString(), parameter.Identifier.Text))],
                isPublic, IsProperty: false),
            PropertyDeclarationSyntax property => new EmittedMethod(property.Identifier.Text, property.Type.ToString(), [], isPublic, IsProperty: true),
            _ => null,
        };
    }
}
