namespace FastAttn.Cli;

/// <summary>A command line that cannot be meant, found only after parsing, e.g. a number that the library finds out of range.</summary>
internal sealed class UsageException(string message) : Exception(message);
