namespace FastAttn.Cli;

/// <summary>What the shell sees.</summary>
internal static class ExitCode
{
    /// <summary>The command did what it was asked.</summary>
    public const int Success = 0;

    /// <summary>The command line was understood, but the data or files do not fit, and nothing was written; or a row of the demonstration was wrong.</summary>
    public const int BadData = 1;

    /// <summary>Unknown option or word, missing argument, number out of range.</summary>
    public const int Usage = 2;
}
