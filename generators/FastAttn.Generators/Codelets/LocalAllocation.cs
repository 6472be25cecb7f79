using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// Pass: a local for every value, reused as soon as its value is dead, so that a method declares few: the JIT stops
/// inlining beyond 512 locals and stops tracking them beyond 1024.
/// </summary>
internal sealed class LocalAllocation
{
    private readonly Dictionary<Expression, int> _local = [];

    private LocalAllocation()
    {
    }

    /// <summary>Locals in use at the same time, at most.</summary>
    public int Count { get; private set; }

    public bool Has(Expression node) => _local.ContainsKey(node);

    public string NameOf(Expression node) => $"v{_local[node]}";

    public static LocalAllocation Run(IReadOnlyList<ScheduledSection> sections)
    {
        var instructions = sections.SelectMany(section => section.Instructions).ToArray();
        var lastUse = new Dictionary<Expression, int>();
        for (var i = 0; i < instructions.Length; i++)
        {
            lastUse[instructions[i].Node] = i;
            if (instructions[i].StoreAddress is not null) continue;
            foreach (var operand in instructions[i].Node.Operands) lastUse[operand] = i;
        }

        var allocation = new LocalAllocation();
        var free = new Stack<int>();
        for (var i = 0; i < instructions.Length; i++)
        {
            var (node, store) = instructions[i];
            if (store is null)
            {
                Release(node.Operands.Distinct(), i);
                allocation._local.Add(node, free.Count > 0 ? free.Pop() : allocation.Count++);
            }

            Release([node], i);
        }

        return allocation;

        void Release(IEnumerable<Expression> nodes, int now)
        {
            foreach (var node in nodes)
                if (allocation._local.TryGetValue(node, out var local) && lastUse[node] == now) free.Push(local);
        }
    }
}
