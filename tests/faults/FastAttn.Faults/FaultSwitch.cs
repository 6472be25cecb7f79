using System.Text;

namespace FastAttn.Faults;

/// <summary>
/// Plants many faults in one library, each asleep: a member with faults gets the statements of each beside its own, and the variable
/// <see cref="Variable"/> of the process chooses. One compilation serves them all.
/// </summary>
internal static class FaultSwitch
{
    public const string Variable = "FASTATTN_FAULT";

    private const string Chooser = "namespace FastAttn; internal static class PlantedFault { private static readonly int Number = "
        + $"int.Parse(System.Environment.GetEnvironmentVariable(\"{Variable}\") ?? \"0\"); internal static bool Is(int number) => Number == number; }}";

    /// <summary>Writes the library with faults into <paramref name="folder"/>; returns those it holds, the others must be planted alone.</summary>
    public static IReadOnlyList<Fault> Emit(Library library, IEnumerable<Fault> faults, string folder)
    {
        List<FaultyMember> members =
            [.. faults.AsParallel().AsOrdered().Select(fault => FaultyMember.Find(fault, library.Text(fault.File))).OfType<FaultyMember>()];
        while (true)
        {
            Library faulty = library.And("PlantedFault.cs", Chooser);
            foreach (var file in members.GroupBy(member => member.Fault.File))
                faulty = faulty.With(file.Key, Rewrite(library.Text(file.Key), file));
            var errors = faulty.Emit(folder);
            if (errors.Count == 0) return [.. members.Select(member => member.Fault)];
            if (members.RemoveAll(member => errors.Any(error => faulty.IsIn(error, member.Fault.File))) == 0)
                throw new InvalidOperationException($"the library does not compile: {errors[0]}");
        }
    }

    private static string Rewrite(string text, IEnumerable<FaultyMember> members)
    {
        foreach (var same in members.GroupBy(member => member.Span).OrderByDescending(group => group.Key.Start))
        {
            var block = new StringBuilder("{ ");
            foreach (FaultyMember member in same)
                block.Append("if (global::FastAttn.PlantedFault.Is(").Append(member.Fault.Number).Append(")) ").Append(member.Wrong).Append(" else ");
            block.Append(same.First().Right).Append(" }");
            text = text[..same.Key.Start] + string.Format(null, same.First().Form, block) + text[same.Key.End..];
        }

        return text;
    }
}
