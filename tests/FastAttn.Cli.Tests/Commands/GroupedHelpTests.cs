using System.CommandLine;
using FastAttn.Cli.Commands;

namespace FastAttn.Cli.Tests.Commands;

public class GroupedHelpTests
{
    public static TheoryData<string> Commands => ["run", "explain"];

    [Fact]
    public void The_commands_with_many_options_have_groups() =>
        Assert.Equal(["run", "explain"], CommandLine.Create().Subcommands.Where(command => command.Options.Count > 8 || command is GroupedCommand).Select(command => command.Name));

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_option_is_in_one_group(string name)
    {
        GroupedCommand command = Find(name);
        Assert.Equal(command.Options.Select(option => option.Name).Order(), command.Groups.SelectMany(group => group.Options).Select(option => option.Name).Order());
        Assert.All(command.Groups, group => Assert.NotEmpty(group.Options));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_group_has_an_example_that_is_right_and_uses_it(string name)
    {
        Command root = CommandLine.Create();
        Assert.All(Find(name).Groups, group =>
        {
            string[] words = [name, .. group.Example.Split(' ')];
            Assert.Empty(root.Parse(words).Errors);
            Assert.Contains(group.Options, option => words.Contains(option.Name));
        });
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void The_help_has_every_group_option_and_example(string name)
    {
        string output = Cli.Run(name, "--help").AssertSucceeded().Output;
        Assert.StartsWith(Find(name).Description!.Split('.')[0], output, StringComparison.Ordinal);
        Assert.Contains($"{Environment.NewLine}Usage: fastattn {name} [options]{Environment.NewLine}", output, StringComparison.Ordinal);
        foreach (OptionGroup group in Find(name).Groups)
        {
            Assert.Contains($"{Environment.NewLine}{group.Title}:{Environment.NewLine}", output, StringComparison.Ordinal);
            Assert.Contains($"  Example: fastattn {name} {group.Example}{Environment.NewLine}", output, StringComparison.Ordinal);
            Assert.All(group.Options, option => Assert.Matches($@"(?m)^  (-o, )?{option.Name}( <.*>)?( \(required\))?\r?$", output));
        }
    }

    private static GroupedCommand Find(string name) => CommandLine.Create().Subcommands.OfType<GroupedCommand>().Single(command => command.Name == name);
}
