using System.Runtime.InteropServices;
using System.Text;

namespace FastAttn.Native;

/// <summary>Turns exceptions into a status and a message for this thread: nothing may leave an export as an exception.</summary>
internal static unsafe class Failure
{
    private const int MessageBytes = 2048;

    /// <summary>On the pinned heap, so that the address given to the caller stays good and ends with the thread.</summary>
    [ThreadStatic]
    private static byte[]? s_message;

    /// <summary>Whether the last failure of this thread was <see cref="RecordFork"/>, whose message is not in <see cref="s_message"/>.</summary>
    [ThreadStatic]
    private static bool s_forked;

    /// <summary>The last message of this thread, zero-terminated.</summary>
    public static byte* Message
    {
        get
        {
            if (s_forked)
            {
                return StaticText.Literal(
                    "this process was forked from one that had used the library; expected exec (\"spawn\") in between, or first use after the fork"u8);
            }

            return s_message is null ? StaticText.Empty : (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(s_message, 0);
        }
    }

    /// <summary>Refuses a call in a forked process, without allocating.</summary>
    public static Status RecordFork()
    {
        s_forked = true;
        return Status.Forked;
    }

    public static Status Record(Exception exception)
    {
        try
        {
            Exception cause = exception is AggregateException { InnerException: { } inner } ? inner : exception;
            Status status = StatusOf(cause);
            Store(Describe(cause, status));
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
        _ => Status.Internal,
    };

    /// <summary>One line that names the argument, what came and what was expected.</summary>
    private static string Describe(Exception exception, Status status)
    {
        if (status == Status.Internal) return $"internal error: {exception.GetType().Name}: {exception.Message}";
        if (exception is not ArgumentException { ParamName: { Length: > 0 } name }) return exception.Message;

        // .NET appends the name in its own way, and the actual value that the message has told already.
        int appended = exception.Message.IndexOf($" (Parameter '{name}')", StringComparison.Ordinal);
        string message = appended < 0 ? exception.Message : exception.Message[..appended];
        return ArgumentNames.ToNative(message.Contains(name, StringComparison.OrdinalIgnoreCase) ? message : $"{name}: {message}");
    }

    private static void Store(string message)
    {
        s_forked = false;
        s_message ??= GC.AllocateArray<byte>(MessageBytes, pinned: true);

        // The encoder stops at a whole character when room runs out; the last byte stays zero.
        Encoding.UTF8.GetEncoder().Convert(message, s_message.AsSpan(0, MessageBytes - 1), flush: true, out _, out int written, out _);
        s_message[written] = 0;
    }
}
