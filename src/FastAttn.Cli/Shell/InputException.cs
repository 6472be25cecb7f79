namespace FastAttn.Cli;

/// <summary>Data that cannot be used. The message is the one line the user sees: the argument and file, what came, what was expected.</summary>
internal sealed class InputException(string message) : Exception(message);
