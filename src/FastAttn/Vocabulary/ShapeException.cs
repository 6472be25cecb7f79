namespace FastAttn;

/// <summary>An argument's length, rank or stride does not fit the others. The message names the argument, what came and what was expected.</summary>
public sealed class ShapeException : ArgumentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What came and what was expected.</param>
    /// <param name="parameterName">The argument at fault.</param>
    public ShapeException(string message, string parameterName)
        : base(message, parameterName)
    {
    }
}
