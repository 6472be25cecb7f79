#include "levels.h"

#include <cpuid.h>
#include <stddef.h>
#include <stdio.h>

enum { BIT_OSXSAVE = 1 << 27 };

static const struct {
    int32_t level;
    size_t word;
    uint32_t bits;
    const char *name;
} needed[] = {
#define NEED(level, word, bits, name) {level, offsetof(levels_words, word), bits, name}
    NEED(2, leaf1_ecx, 1u << 13, "CMPXCHG16B"),
    NEED(2, extended1_ecx, 1u << 0, "LAHF-SAHF"),
    NEED(2, leaf1_ecx, 1u << 23, "POPCNT"),
    NEED(2, leaf1_ecx, 1u << 0, "SSE3"),
    NEED(2, leaf1_ecx, 1u << 19, "SSE4.1"),
    NEED(2, leaf1_ecx, 1u << 20, "SSE4.2"),
    NEED(2, leaf1_ecx, 1u << 9, "SSSE3"),
    NEED(3, leaf1_ecx, 1u << 28, "AVX"),
    NEED(3, leaf7_ebx, 1u << 5, "AVX2"),
    NEED(3, leaf7_ebx, 1u << 3, "BMI1"),
    NEED(3, leaf7_ebx, 1u << 8, "BMI2"),
    NEED(3, leaf1_ecx, 1u << 29, "F16C"),
    NEED(3, leaf1_ecx, 1u << 12, "FMA"),
    NEED(3, extended1_ecx, 1u << 5, "LZCNT"),
    NEED(3, leaf1_ecx, 1u << 22, "MOVBE"),
    NEED(3, leaf1_ecx, BIT_OSXSAVE, "OSXSAVE"),
    NEED(3, xcr0, 0x06, "an operating system that saves the registers of AVX"),
    NEED(4, leaf7_ebx, 1u << 16, "AVX512F"),
    NEED(4, leaf7_ebx, 1u << 30, "AVX512BW"),
    NEED(4, leaf7_ebx, 1u << 28, "AVX512CD"),
    NEED(4, leaf7_ebx, 1u << 17, "AVX512DQ"),
    NEED(4, leaf7_ebx, 1u << 31, "AVX512VL"),
    NEED(4, xcr0, 0xe0, "an operating system that saves the registers of AVX-512"),
#undef NEED
};

void levels_read(levels_words *words) {
    uint32_t a, b, c, d;
    *words = (levels_words){0};
    if (__get_cpuid(1, &a, &b, &c, &d)) words->leaf1_ecx = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) words->leaf7_ebx = b;
    if (__get_cpuid(0x80000001, &a, &b, &c, &d)) words->extended1_ecx = c;
    if (words->leaf1_ecx & BIT_OSXSAVE) __asm__ volatile("xgetbv" : "=a"(words->xcr0), "=d"(d) : "c"(0));
}

int32_t levels_lack(int32_t level, const levels_words *words, char *text, int32_t size) {
    int32_t count = 0, used = 0;
    if (size > 0) text[0] = 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        uint32_t word = *(const uint32_t *)((const char *)words + needed[i].word);
        if (needed[i].level > level || (word & needed[i].bits) == needed[i].bits) continue;
        if (used < size) used += snprintf(text + used, (size_t)(size - used), "%s%s", count > 0 ? ", " : "", needed[i].name);
        count++;
    }
    return count;
}
