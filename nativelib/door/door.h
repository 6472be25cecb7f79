/*
 * The door: plain C between the caller and the managed code of FastAttn.
 *
 * Every public function of fastattn.h is a few lines of C, made from the header by thunks.awk. They refuse in a process that was
 * forked from one that had entered the managed code, and put the thread's floating-point mode to the default for the length of
 * the call. Only then do they call the managed function of the same name, which the build has renamed to managed_fa_....
 */
#ifndef FASTATTN_DOOR_H
#define FASTATTN_DOOR_H

#include <fastattn.h>
#include <stdbool.h>

/* What fa_last_error() gives on this thread. The managed side writes its messages here; bytes, the zero at the end included. */
#define DOOR_MESSAGE_BYTES 2048
char *door_message(void);

/* Asks whether this call may enter the managed code, and remembers that it did. When not: the message is written. */
bool door_opens(void);

#endif
