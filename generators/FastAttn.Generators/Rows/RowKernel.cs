using System;
using System.Collections.Generic;
using FastAttn.Generators.Isa;
using FastAttn.Generators.Statements;

namespace FastAttn.Generators.Rows;

/// <summary>An array a row kernel walks over.</summary>
/// <param name="Name">Its parameter.</param>
/// <param name="Read">Whether elements are loaded into a local called <c>{Name}Value</c>.</param>
/// <param name="Written">Whether elements are stored back.</param>
/// <param name="Padding">What fills the lanes past the end, so that they change no result.</param>
internal sealed record RowStream(string Name, bool Read = true, bool Written = false, string Padding = "0f");

/// <summary>How the lanes of the partial results become one number.</summary>
internal enum Reduction
{
    None,
    Sum,
    Max,

    /// <summary>True when the sum is zero: terms are x·0, which is NaN unless x is finite.</summary>
    IsZero,
}

/// <summary>One elementwise kernel: everything but the loop, which all share.</summary>
/// <param name="Signature">Return type, name and parameters.</param>
/// <param name="Streams">The arrays, in the order of the parameters.</param>
/// <param name="Scalars">Scalar parameters, broadcast once into <c>{name}Vector</c>.</param>
/// <param name="Reduction">What is returned.</param>
/// <param name="Ways">Partial results that a reduction alternates between, so that it does not wait for its own adds.</param>
/// <param name="Emit">Adds the statements of one vector; the argument after the body names the partial result.</param>
internal sealed record RowKernel(
    string Signature,
    IReadOnlyList<RowStream> Streams,
    IReadOnlyList<string> Scalars,
    Reduction Reduction,
    int Ways,
    Action<Body, InstructionSet, string> Emit);
