namespace FastAttn.Methods;

/// <summary>How far coefficients may be from what a method takes in their place, in words.</summary>
internal static class ErrorText
{
    /// <summary>The end of a sentence.</summary>
    /// <param name="relative">Of each coefficient.</param>
    /// <param name="absolute">Of the head's largest coefficient.</param>
    public static string Of(double relative, double absolute) => (relative, absolute) switch
    {
        (0, 0) => "without error",
        (_, 0) => Invariant($"with an error of at most {relative:0.#e0} of exp(bias)"),
        (0, _) => Invariant($"with an error of at most {absolute:0.#e0} of the largest exp(bias)"),
        _ => Invariant($"with an error of at most {relative:0.#e0} of exp(bias) plus {absolute:0.#e0} of the largest"),
    };
}
