/*
 * Who may enter, and what can be answered without entering. Nothing here calls managed code, and only the first call, which
 * looks for room, waits or allocates.
 */
#define _GNU_SOURCE
#include "door.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char no_room_message[] =
    "the .NET runtime needs a thread and address space to start, and the limits of this process leave too little (see ulimit -u, ulimit -v)";

static const char forked_message[] =
    "this process was forked from one that had used the library; expected exec (\"spawn\") in between, or first use after the fork";

/* Per thread, and copied to the child with the thread that forks. */
static _Thread_local char message[DOOR_MESSAGE_BYTES];

static atomic_bool entered;
static atomic_bool forked;

static _Thread_local door_interrupt_check interrupt_check;

char *door_message(void) { return message; }

const door_interrupt_check *door_interrupt(void) { return &interrupt_check; }

/*
 * What the collector reserves (five times System.GC.HeapHardLimit), and what else is mapped while the runtime starts: 64 MB of
 * its own, and 128 MB for a moment where the C library makes a heap for one of its threads.
 */
static const size_t collector_bytes = (size_t)5 << 30, startup_bytes = (size_t)192 << 20;

static void *tell_id(void *id) {
    *(pid_t *)id = (pid_t)syscall(SYS_gettid);
    return NULL;
}

/* Whether one more thread can be started; it has left the process's account again when this returns. */
static bool thread_can_start(void) {
    pthread_t thread;
    pid_t id;
    if (pthread_create(&thread, NULL, tell_id, &id) != 0) return false;
    pthread_join(thread, NULL);
    while (syscall(SYS_tgkill, getpid(), id, 0) == 0) sched_yield();
    return true;
}

/*
 * The runtime cannot say that it found no room to start: it ends the process. So the first call tries what the runtime is going
 * to do: it starts a thread, and reserves address space, under a limit (ulimit -v) half of it at most.
 */
static bool runtime_can_start(void) {
    struct rlimit limit;
    size_t bytes = collector_bytes;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur / 2 < bytes) bytes = (size_t)limit.rlim_cur / 2;
    bytes += startup_bytes;
    void *space = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) return false;
    bool can = thread_can_start();
    munmap(space, bytes);
    return can;
}

/* Whether this is a forked child, which is then told so. */
static bool refuses_child(void) {
    if (!atomic_load_explicit(&forked, memory_order_relaxed)) return false;
    memcpy(message, forked_message, sizeof forked_message);
    return true;
}

fa_status door_opens(void) {
    if (refuses_child()) return FA_ERROR_FORKED;
    /* Written once only, so that threads do not take the cache line from each other. */
    if (!atomic_load_explicit(&entered, memory_order_relaxed)) {
        if (!runtime_can_start()) {
            memcpy(message, no_room_message, sizeof no_room_message);
            return FA_ERROR_OUT_OF_MEMORY;
        }
        atomic_store(&entered, true);
    }
    return FA_OK;
}

/*
 * A child has none of its parent's other threads. One that was running managed code never answers the garbage collector again,
 * and whoever holds a lock never gives it back. So the child must not enter.
 */
static void after_fork_in_child(void) {
    if (atomic_load(&entered)) atomic_store(&forked, true);
}

__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(NULL, NULL, after_fork_in_child); }

/*
 * The runtime takes leave of every thread that ends, under a lock that a thread of the parent may have held. In a child there is
 * nothing to take leave of. The linker (--wrap) sends the call here; the name is that of RuntimeThreadShutdown(void *) in C++.
 */
void __real__Z21RuntimeThreadShutdownPv(void *thread);
void __wrap__Z21RuntimeThreadShutdownPv(void *thread);

void __wrap__Z21RuntimeThreadShutdownPv(void *thread) {
    if (!atomic_load(&forked)) __real__Z21RuntimeThreadShutdownPv(thread);
}

/* ---- Functions that do not start the runtime ---------------------------------------------------------------------------- */

uint32_t fa_abi_version(void) { return FA_ABI_VERSION; }

const char *fa_version_string(void) { return FASTATTN_VERSION; }

const char *fa_last_error(void) { return message; }

fa_status fa_set_interrupt(fa_interrupt_check check, void *context, int32_t milliseconds) {
    if (refuses_child()) return FA_ERROR_FORKED;
    if (milliseconds < 0) {
        snprintf(message, sizeof message, "milliseconds is %d; expected at least 0", (int)milliseconds);
        return FA_ERROR_ARGUMENT;
    }
    interrupt_check = (door_interrupt_check){check, context, milliseconds};
    return FA_OK;
}

const char *fa_status_string(fa_status status) {
#define NAME(value) case value: return #value
    switch (status) {
        NAME(FA_OK);
        NAME(FA_ERROR_NULL);
        NAME(FA_ERROR_ARGUMENT);
        NAME(FA_ERROR_SHAPE);
        NAME(FA_ERROR_WORD);
        NAME(FA_ERROR_HANDLE);
        NAME(FA_ERROR_STRUCT_SIZE);
        NAME(FA_ERROR_FORKED);
        NAME(FA_ERROR_OUT_OF_MEMORY);
        NAME(FA_ERROR_INTERNAL);
        NAME(FA_ERROR_CANCELLED);
        default: return "unknown status";
    }
#undef NAME
}
