using System;
using System.Collections.Generic;
using System.Linq;

namespace FastAttn.Generators.Codelets;

/// <summary>
/// Pointers that are a run-time stride apart, one for each leg of a butterfly. Every fourth leg has its own pointer and the
/// others add one, two or three strides to it: few registers, and every address is one addressing mode.
/// </summary>
internal sealed class StridedLegs(string pointer, string stride, int count)
{
    public IEnumerable<string> Declarations
    {
        get
        {
            for (var leg = 2; leg < Math.Min(count, 4); leg++) yield return $"var {stride}{leg} = {leg} * {stride};";
            for (var leg = 4; leg < count; leg += 4) yield return $"var {pointer}{leg} = {pointer} + ({leg} * {stride});";
        }
    }

    public string this[int leg] => (leg - (leg % 4), leg % 4) switch
    {
        (0, var rest) => Within(pointer, rest),
        var (group, rest) => Within($"{pointer}{group}", rest),
    };

    public IEnumerable<string> Advance(string floats) =>
        Enumerable.Range(0, (count + 3) / 4).Select(group => $"{pointer}{(group == 0 ? "" : $"{4 * group}")} += {floats};");

    private string Within(string group, int rest) => rest switch
    {
        0 => group,
        1 => $"{group} + {stride}",
        _ => $"{group} + {stride}{rest}",
    };
}
