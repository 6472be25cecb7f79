/* Who may enter, and what can be answered without entering. Nothing here waits, allocates or calls managed code. */
#include "door.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static const char forked_message[] =
    "this process was forked from one that had used the library; expected exec (\"spawn\") in between, or first use after the fork";

/* Per thread, and copied to the child with the thread that forks. */
static _Thread_local char message[DOOR_MESSAGE_BYTES];

static atomic_bool entered;
static atomic_bool forked;

char *door_message(void) { return message; }

bool door_opens(void) {
    if (atomic_load_explicit(&forked, memory_order_relaxed)) {
        memcpy(message, forked_message, sizeof forked_message);
        return false;
    }
    /* Written once only, so that threads do not take the cache line from each other. */
    if (!atomic_load_explicit(&entered, memory_order_relaxed)) atomic_store(&entered, true);
    return true;
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

/* ---- Functions that never fail, in a forked child either, and do not start the runtime --------------------------------- */

uint32_t fa_abi_version(void) { return FA_ABI_VERSION; }

const char *fa_version_string(void) { return FASTATTN_VERSION; }

const char *fa_last_error(void) { return message; }

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
        default: return "unknown status";
    }
#undef NAME
}
