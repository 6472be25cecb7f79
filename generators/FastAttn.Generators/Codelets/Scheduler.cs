using System;
using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>One step of straight-line code: compute <paramref name="Node"/>, or store it when there is an address.</summary>
internal readonly record struct Instruction(Expression Node, string? StoreAddress);

/// <summary>The instructions of one section, in order.</summary>
internal sealed record ScheduledSection(string Title, IReadOnlyList<Instruction> Instructions);

/// <summary>
/// Pass: an order that keeps few values alive. Depth first from the outputs, and after every step whatever has become
/// computable and frees as many registers as it takes is computed at once; the two halves of a butterfly stay together.
/// Loads come as late as possible and stores as early.
/// </summary>
internal sealed class Scheduler
{
    private readonly Dictionary<Expression, List<Expression>> _users = [];
    private readonly Dictionary<Expression, int> _usesLeft = [];

    /// <summary>Constants, and loads and broadcasts with one use: they are spelled inside the expression that uses them.</summary>
    private readonly HashSet<Expression> _operands;

    private readonly HashSet<Expression> _done = [];
    private readonly HashSet<string> _stored = [];
    private HashSet<Expression> _section = [];
    private ILookup<Expression, string?> _stores = Enumerable.Empty<Output>().ToLookup(o => o.Value, o => o.Address);
    private List<Instruction> _instructions = [];

    private Scheduler(Block block)
    {
        foreach (var output in block.Sections.SelectMany(section => section.Outputs))
        {
            AddUsers(output.Value);
            if (output.Address is not null) AddUse(output.Value);
        }

        _operands = [.. _usesLeft.Keys.Where(node => node.IsConstant
            || (node.Operation is Operation.Load or Operation.Broadcast && _usesLeft[node] == 1))];
    }

    public static IReadOnlyList<ScheduledSection> Run(Block block)
    {
        var pass = new Scheduler(block);
        return block.Sections.Select(pass.Schedule).ToArray();
    }

    private ScheduledSection Schedule(Section section)
    {
        _section = [];
        foreach (var output in section.Outputs) Reach(output.Value);
        _stores = section.Outputs.Where(output => output.Address is not null).ToLookup(o => o.Value, o => o.Address);
        _instructions = [];
        foreach (var output in section.Outputs) Visit(output.Value);
        return new ScheduledSection(section.Title, _instructions);
    }

    private void AddUse(Expression node)
    {
        _usesLeft.TryGetValue(node, out var uses);
        _usesLeft[node] = uses + 1;
    }

    private void AddUsers(Expression node)
    {
        if (_users.ContainsKey(node)) return;
        _users.Add(node, []);
        foreach (var operand in node.Operands)
        {
            AddUsers(operand);
            AddUse(operand);
            if (!_users[operand].Contains(node)) _users[operand].Add(node);
        }
    }

    private void Reach(Expression node)
    {
        if (_done.Contains(node) || !_section.Add(node)) return;
        foreach (var operand in node.Operands) Reach(operand);
    }

    private void Visit(Expression node)
    {
        if (_done.Contains(node) || _operands.Contains(node)) return;
        foreach (var operand in node.Operands) Visit(operand);
        if (!_done.Contains(node)) Emit(node);
    }

    private void Emit(Expression node)
    {
        _done.Add(node);
        CheckMemory(node);
        foreach (var operand in node.Operands)
        {
            CheckMemory(operand);
            _usesLeft[operand]--;
        }

        _instructions.Add(new Instruction(node, null));
        foreach (var address in _stores[node])
        {
            _instructions.Add(new Instruction(node, address));
            _usesLeft[node]--;
            _stored.Add(address!);
        }

        foreach (var twin in TwinsOf(node).ToArray())
            if (IsReady(twin)) Emit(twin);

        foreach (var user in node.Operands.Append(node).SelectMany(value => _users[value]).Distinct().ToArray())
            if (IsReady(user) && Frees(user)) Emit(user);
    }

    /// <summary>Other nodes with the same operands, constants aside: the second half of a butterfly.</summary>
    private IEnumerable<Expression> TwinsOf(Expression node)
    {
        var operands = Variables(node);
        return operands.Length == 0
            ? []
            : _users[operands[0]].Where(other => Variables(other) is var others && others.Length == operands.Length && others.All(operands.Contains));

        static Expression[] Variables(Expression node) => node.Operands.Where(operand => !operand.IsConstant).ToArray();
    }

    private bool IsReady(Expression node) =>
        _section.Contains(node) && !_done.Contains(node)
        && node.Operands.All(operand => _done.Contains(operand) || _operands.Contains(operand));

    /// <summary>True when computing the node takes no register more than it gives back.</summary>
    private bool Frees(Expression node) => node.Operands.Any(operand => _done.Contains(operand) && _usesLeft[operand] == 1);

    private void CheckMemory(Expression node)
    {
        if (node.Operation == Operation.Load && _operands.Contains(node) && _stored.Contains(node.Text))
            throw new InvalidOperationException($"{node.Text} would be read after it was overwritten.");
    }
}
