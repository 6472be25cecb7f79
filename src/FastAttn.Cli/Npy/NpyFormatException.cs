namespace FastAttn.Cli.Npy;

/// <summary>A file is not the <c>.npy</c> file that was expected. The message continues a sentence that begins with the file's name.</summary>
internal sealed class NpyFormatException(string message) : Exception(message);
