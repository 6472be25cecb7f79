using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>A result of a section: a value to store, or one to keep for the next section when there is no address.</summary>
internal readonly record struct Output(Expression Value, string? Address);

/// <summary>Part of a block that is finished before the next part begins, with a title for the reader.</summary>
internal sealed record Section(string Title, IReadOnlyList<Output> Outputs)
{
    public static Section Of(string title, IEnumerable<Output> outputs) => new(title, outputs.ToArray());
}

/// <summary>Straight-line code with nothing alive before or after it; locals are reused from block to block.</summary>
internal sealed record Block(IReadOnlyList<Section> Sections);

/// <summary>A method before the passes that turn expressions into instructions.</summary>
internal sealed record CodeletMethod(string Name, string Summary, string Parameters)
{
    /// <summary>Declarations before the loop or the straight-line code.</summary>
    public IReadOnlyList<string> Prologue { get; init; } = [];

    /// <summary>How often the blocks run; null for once.</summary>
    public string? LoopCount { get; init; }

    /// <summary>Pointer increments at the end of each round.</summary>
    public IReadOnlyList<string> LoopAdvance { get; init; } = [];

    public IReadOnlyList<Block> Blocks { get; init; } = [];
}

/// <summary>One emitted file.</summary>
internal sealed record CodeletFile(string Name, IReadOnlyList<string> Recipe, IReadOnlyList<CodeletMethod> Methods);
