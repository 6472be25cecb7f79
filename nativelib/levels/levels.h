/*
 * Which of the builds x86-64, x86-64-v2, x86-64-v3 and x86-64-v4 a processor can run, decided as the dynamic linker decides it:
 * by CPUID and by what the operating system saves of the registers (XCR0), never by a text of the kernel, which may leave
 * features out. The lists are those of the x86-64 psABI, "Micro-Architecture Levels". Plain C that starts no runtime.
 */
#ifndef FASTATTN_LEVELS_H
#define FASTATTN_LEVELS_H

#include <stdint.h>

/* What a processor says of itself; 0 where it has no such leaf. XCR0 is 0 without OSXSAVE. */
typedef struct levels_words {
    uint32_t leaf1_ecx, leaf7_ebx, extended1_ecx, xcr0;
} levels_words;

/* The words of this processor. */
void levels_read(levels_words *words);

/*
 * Counts what a processor lacks for a level, 1 ... 4; 0: it runs that build. The names go to text, separated by ", ", as many as
 * find room, with a zero at the end.
 */
int32_t levels_lack(int32_t level, const levels_words *words, char *text, int32_t size);

#endif
