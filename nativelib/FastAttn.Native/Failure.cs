using System.Runtime.InteropServices;

namespace FastAttn.Native;

/// <summary>Turns exceptions into a status and a message for this thread: nothing may leave an export as an exception.</summary>
internal static unsafe partial class Failure
{
    private const int MessageBytes = 2048;

    public static Status Record(Exception exception)
    {
        try
        {
            Exception cause = exception is AggregateException { InnerException: { } inner } ? inner : exception;
            Status status = StatusOf(cause);
            Utf8Text.Store(Describe(cause, status), MessageOfThisThread(), MessageBytes);
            return status;
        }
        catch (Exception)
        {
            // Only running out of memory gets here; the previous message stays.
            return Status.OutOfMemory;
        }
    }

    private static Status StatusOf(Exception exception) => exception switch
    {
        AbiException e => e.Status,
        ShapeException => Status.Shape,
        ArgumentNullException => Status.Null,
        ArgumentException => Status.Argument,
        ObjectDisposedException => Status.Handle,
        OutOfMemoryException => Status.OutOfMemory,
        OperationCanceledException => Status.Cancelled,
        _ => Status.Internal,
    };

    /// <summary>One line that names the argument, what came and what was expected.</summary>
    private static string Describe(Exception exception, Status status)
    {
        if (status == Status.Internal) return $"internal error: {exception.GetType().Name}: {exception.Message}";
        if (status == Status.OutOfMemory) return DescribeMemory(exception);
        if (exception is not ArgumentException { ParamName: { Length: > 0 } name }) return exception.Message;

        // .NET appends the name in its own way, and the actual value that the message has told already.
        int appended = exception.Message.IndexOf($" (Parameter '{name}')", StringComparison.Ordinal);
        string message = appended < 0 ? exception.Message : exception.Message[..appended];
        return ArgumentNames.ToNative(message.Contains(name, StringComparison.OrdinalIgnoreCase) ? message : $"{name}: {message}");
    }

    /// <summary>Says which limit was met: memory to work in comes from the system, all other memory from the runtime, which has a limit of its own.</summary>
    private static string DescribeMemory(Exception exception) => exception is InsufficientMemoryException
        ? $"out of memory: {exception.Message}"
        : $"out of memory: attentions, positions, biases and projections may take {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20} MiB together in this library; "
            + "expected smaller ones, or fewer at a time";

    /// <summary>Where <c>fa_last_error</c> reads, <see cref="MessageBytes"/> long. It is the door's, which answers when no managed code may run.</summary>
    [LibraryImport("door", EntryPoint = "door_message")]
    [SuppressGCTransition]
    private static partial byte* MessageOfThisThread();
}
