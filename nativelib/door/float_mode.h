/*
 * A thread's floating-point mode: how results are rounded, whether tiny numbers become zero, which exceptions trap. Other
 * libraries change it; a library linked with -ffast-math does so as soon as it is loaded. Threads inherit it from the thread
 * that starts them, so results would depend on who started whom. Every call therefore runs in the default mode, and its
 * helpers with it: round to nearest, tiny numbers kept, no trap.
 */
#ifndef FASTATTN_FLOAT_MODE_H
#define FASTATTN_FLOAT_MODE_H

#include <stdint.h>

#if defined(__x86_64__)

#include <xmmintrin.h>

typedef struct float_mode {
    uint32_t control_and_flags;  /* MXCSR */
} float_mode;

enum { FLOAT_FLAGS = 0x3f, FLOAT_DEFAULT = 0x1f80 };

/* Sets the default mode; gives the one before. */
static inline float_mode float_mode_default(void) {
    float_mode before = {_mm_getcsr()};
    if ((before.control_and_flags & ~(uint32_t)FLOAT_FLAGS) != FLOAT_DEFAULT) _mm_setcsr(FLOAT_DEFAULT);
    return before;
}

/* Sets mode and exception flags as they were. */
static inline void float_mode_restore(float_mode before) {
    if (_mm_getcsr() != before.control_and_flags) _mm_setcsr(before.control_and_flags);
}

#elif defined(__aarch64__)

typedef struct float_mode {
    uint64_t control, flags;  /* FPCR, FPSR */
} float_mode;

static inline float_mode float_mode_default(void) {
    float_mode before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before.control));
    __asm__ volatile("mrs %0, fpsr" : "=r"(before.flags));
    if (before.control != 0) __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
    return before;
}

static inline void float_mode_restore(float_mode before) {
    if (before.control != 0) __asm__ volatile("msr fpcr, %0" : : "r"(before.control));
    __asm__ volatile("msr fpsr, %0" : : "r"(before.flags));
}

#else
#error "the registers of the floating-point mode are known for x86-64 and AArch64 only"
#endif

#endif
