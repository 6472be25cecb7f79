using System.Collections;
using System.Collections.Generic;
using System.Linq;

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

    /// <summary>Equally long bodies, one statement of each at a time, so that none waits for its own results.</summary>
    public static IEnumerable<Statement> InStep(IEnumerable<Body> bodies)
    {
        Body[] all = [.. bodies];
        return Enumerable.Range(0, all[0].Count).SelectMany(step => all.Select(body => body[step]));
    }

    public IEnumerator<Statement> GetEnumerator() => _statements.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
