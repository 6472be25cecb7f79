namespace FastAttn.Native;

/// <summary>The statuses of <c>fastattn.h</c>, number by number.</summary>
internal enum Status
{
    Ok = 0,
    Null = 1,
    Argument = 2,
    Shape = 3,
    Word = 4,
    Handle = 5,
    StructSize = 6,
    Forked = 7,
    OutOfMemory = 8,
    Internal = 9,
    Cancelled = 10,
}
