namespace FastAttn.Native;

/// <summary>A mistake that only a caller from outside .NET can make, with the status that names it.</summary>
internal sealed class AbiException(Status status, string message, string parameterName) : ArgumentException(message, parameterName)
{
    public Status Status { get; } = status;
}
