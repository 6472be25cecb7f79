using System.CommandLine;

namespace FastAttn.Cli.Commands;

/// <summary>A command whose help shows its options in groups.</summary>
internal sealed class GroupedCommand(string name, string description) : Command(name, description)
{
    private readonly List<OptionGroup> _groups = [];

    /// <summary>The groups, in the order of the help. Every option of the command is in one.</summary>
    public IReadOnlyList<OptionGroup> Groups => _groups;

    /// <summary>Adds the options of a group.</summary>
    public void Add(OptionGroup group)
    {
        _groups.Add(group);
        foreach (Option option in group.Options) Add(option);
    }
}
