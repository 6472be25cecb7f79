using System.Collections;
using System.Collections.Generic;

namespace FastAttn.Generators.Statements;

/// <summary>Straight-line statements in the making. Methods named after operations declare a new local and return its name.</summary>
internal sealed class Body : IReadOnlyList<Statement>
{
    private readonly List<Statement> _statements = [];
    private readonly Dictionary<double, string> _constants = [];

    /// <summary>
    /// The constants used, by value: locals declared before the loop. Loaded anew for every vector they, and not the arithmetic,
    /// would set the pace; those that find no register are read from the stack at the same price.
    /// </summary>
    public IReadOnlyDictionary<double, string> Constants => _constants;

    public int Count => _statements.Count;

    public Statement this[int index] => _statements[index];

    public string Declare(Operation operation, string target, string a = "", string b = "", string c = "")
    {
        _statements.Add(new Statement(operation, target, true, a, b, c));
        return target;
    }

    public void Assign(Operation operation, string target, string a = "", string b = "", string c = "") =>
        _statements.Add(new Statement(operation, target, false, a, b, c));

    public string Constant(double value)
    {
        if (!_constants.TryGetValue(value, out string? name)) _constants.Add(value, name = $"constant{_constants.Count}");
        return name;
    }

    public string Load(string target, string pointer) => Declare(Operation.Load, target, pointer);

    public string Broadcast(string target, string scalar) => Declare(Operation.Broadcast, target, scalar);

    public void Store(string pointer, string value) => Assign(Operation.Store, pointer, value);

    public IEnumerator<Statement> GetEnumerator() => _statements.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
