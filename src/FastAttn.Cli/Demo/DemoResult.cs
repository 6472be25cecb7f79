namespace FastAttn.Cli.Demo;

/// <summary>All that was measured at one length.</summary>
/// <param name="Length">Positions n.</param>
/// <param name="SoftmaxSeconds">Time of exact softmax attention on the same data.</param>
/// <param name="Chosen">The method the planner chose.</param>
/// <param name="Reason">Why, in the planner's words.</param>
/// <param name="Methods">The methods run, <see cref="Method.Auto"/> last.</param>
internal sealed record DemoResult(int Length, double SoftmaxSeconds, Method Chosen, string Reason, IReadOnlyList<DemoMethodResult> Methods);

/// <summary>One method at one length.</summary>
/// <param name="Method">The method that was asked for.</param>
/// <param name="Report">What the library said it did.</param>
/// <param name="Seconds">Median time of the call, all heads.</param>
/// <param name="Error">Worst checked row: ‖Δz‖₂ as a share of the largest ‖v‖₂ of its head.</param>
internal sealed record DemoMethodResult(Method Method, ForwardReport Report, double Seconds, double Error);
