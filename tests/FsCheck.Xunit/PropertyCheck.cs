using System.Globalization;
using System.Reflection;
using System.Text;
using Microsoft.FSharp.Collections;
using Microsoft.FSharp.Core;

namespace FsCheck.Xunit;

/// <summary>One property under FsCheck: settings from method, class and assembly, a seed that is always known, one verdict.</summary>
internal sealed class PropertyCheck(MethodInfo method)
{
    private readonly StringBuilder _report = new();

    /// <summary>What the run printed: the cases and the seed, or why it failed.</summary>
    public string Report => _report.ToString();

    /// <summary>Runs all cases; throws when the property does not hold.</summary>
    public void Run(object? instance)
    {
        PropertyAttribute[] levels =
        [
            method.GetCustomAttribute<PropertyAttribute>()!,
            .. Level(method.DeclaringType?.GetCustomAttribute<PropertiesAttribute>()),
            .. Level(method.DeclaringType?.Assembly.GetCustomAttribute<PropertiesAttribute>()),
        ];

        Config config = Config.Default;
        Replay replay = levels.Select(level => level.Replay).FirstOrDefault(text => !string.IsNullOrEmpty(text)) is string given
            ? ReadReplay(given)
            : new Replay(new Rnd((ulong)System.Random.Shared.NextInt64()), FSharpOption<int>.None);
        var verdict = new Verdict(levels.Any(level => level.Verbose) ? _report : null);
        config = config
            .WithMaxTest(First(levels, level => level.MaxTest, value => value > 0, config.MaxTest))
            .WithMaxRejected(First(levels, level => level.MaxRejected, value => value > 0, config.MaxRejected))
            .WithStartSize(First(levels, level => level.StartSize, value => value >= 0, config.StartSize))
            .WithEndSize(First(levels, level => level.EndSize, value => value >= 0, config.EndSize))
            .WithReplay(FSharpOption<Replay>.Some(replay))
            .WithArbitrary(levels.SelectMany(level => level.Arbitrary ?? []).ToArray())
            .WithRunner(verdict);

        Check.Method(config, method, instance is null ? FSharpOption<object>.None : FSharpOption<object>.Some(instance));

        string seed = string.Create(CultureInfo.InvariantCulture, $"Replay = \"{replay.Rnd.Seed},{replay.Rnd.Gamma}\"");
        if (verdict.Result is TestResult.Passed)
        {
            if (!levels.Any(level => level.QuietOnSuccess)) _report.AppendLine(verdict.Text.TrimEnd()).AppendLine(seed);
            return;
        }

        throw new PropertyFailedException($"{verdict.Text.TrimEnd()}{Environment.NewLine}{seed}", verdict.Cause);
    }

    private static PropertyAttribute[] Level(PropertiesAttribute? attribute) => attribute is null ? [] : [attribute];

    private static int First(PropertyAttribute[] levels, Func<PropertyAttribute, int> setting, Func<int, bool> isSet, int otherwise)
    {
        foreach (PropertyAttribute level in levels)
        {
            if (isSet(setting(level))) return setting(level);
        }

        return otherwise;
    }

    private static Replay ReadReplay(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        if (parts.Length is not (2 or 3)) throw new ArgumentException($"Replay is \"seed,gamma\" or \"seed,gamma,size\", not \"{text}\"");
        Rnd rnd = new Rnd(ulong.Parse(parts[0], CultureInfo.InvariantCulture), ulong.Parse(parts[1], CultureInfo.InvariantCulture));
        return new Replay(rnd, parts.Length == 3
            ? FSharpOption<int>.Some(int.Parse(parts[2], CultureInfo.InvariantCulture))
            : FSharpOption<int>.None);
    }

    /// <summary>Keeps what FsCheck reports instead of printing it.</summary>
    private sealed class Verdict(StringBuilder? cases) : IRunner
    {
        public TestResult? Result { get; private set; }

        public string Text => Runner.onFinishedToString("", Result);

        public Exception? Cause => Result is TestResult.Failed { Item4: Outcome.Failed failure } ? failure.Item : null;

        public void OnStartFixture(Type fixture)
        {
        }

        public void OnArguments(int number, FSharpList<object> arguments, FSharpFunc<int, FSharpFunc<FSharpList<object>, string>> every) =>
            cases?.AppendLine(CultureInfo.InvariantCulture, $"{number}: {string.Join(", ", arguments)}");

        public void OnShrink(FSharpList<object> arguments, FSharpFunc<FSharpList<object>, string> everyShrink) =>
            cases?.AppendLine(CultureInfo.InvariantCulture, $"shrink: {string.Join(", ", arguments)}");

        public void OnFinished(string name, TestResult result) => Result = result;
    }
}

/// <summary>A property does not hold: the counterexample and the seed that finds it again.</summary>
public sealed class PropertyFailedException(string message, Exception? cause) : Exception(message, cause);
