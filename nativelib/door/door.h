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

/* What fa_last_error() gives on this thread. The managed side writes its messages here; bytes, the zero at the end included. */
#define DOOR_MESSAGE_BYTES 2048
char *door_message(void);

/* What fa_set_interrupt was given on this thread; the managed side reads it when a call begins. */
typedef struct door_interrupt_check {
    fa_interrupt_check check;
    void *context;
    int32_t milliseconds;
} door_interrupt_check;

const door_interrupt_check *door_interrupt(void);

/* Asks whether this call may enter the managed code, and remembers that it did. When not: why, and the message is written. */
fa_status door_opens(void);

#endif
