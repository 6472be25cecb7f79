/* Which build a processor runs, for made-up processors and, against the dynamic linker, for this one. */
#include "../../nativelib/levels/levels.h"

#include <stdlib.h>
#include <string.h>

static const char *no_message(void) { return ""; }
#define CHECK_LAST_ERROR no_message
#include "check.h"

/* Words of a Haswell and of a Skylake server under an operating system that saves every register. */
static const levels_words haswell = {0x7ffafbff, 0x000027ab, 0x00000021, 0x7}, server = {0x7ffefbff, 0xd39ffffb, 0x00000121, 0xe7};

static char text[512];

static int lacks(int level, levels_words words) { return levels_lack(level, &words, text, sizeof text); }

static void test_processors_run_their_level(void) {
    CHECK(lacks(4, server) == 0 && strcmp(text, "") == 0);
    CHECK(lacks(3, haswell) == 0);
    CHECK(lacks(4, haswell) == 6 && strncmp(text, "AVX512F, AVX512BW, AVX512CD, AVX512DQ, AVX512VL, an operating system", 68) == 0);
    CHECK(lacks(1, (levels_words){0}) == 0);
    CHECK(lacks(2, (levels_words){0}) == 7);
    CHECK(lacks(3, (levels_words){0}) == 17);
}

/* Each bit of a server's words, taken away alone, takes the level away that needs it, and is named. */
static void test_every_feature_counts(void) {
    static const struct { int level; uint32_t word, bit; const char *name; } features[] = {
        {2, 0, 13, "CMPXCHG16B"}, {2, 2, 0, "LAHF-SAHF"}, {2, 0, 23, "POPCNT"}, {2, 0, 0, "SSE3"}, {2, 0, 19, "SSE4.1"},
        {2, 0, 20, "SSE4.2"}, {2, 0, 9, "SSSE3"}, {3, 0, 28, "AVX"}, {3, 1, 5, "AVX2"}, {3, 1, 3, "BMI1"}, {3, 1, 8, "BMI2"},
        {3, 0, 29, "F16C"}, {3, 0, 12, "FMA"}, {3, 2, 5, "LZCNT"}, {3, 0, 22, "MOVBE"}, {3, 0, 27, "OSXSAVE"},
        {3, 3, 1, "an operating system that saves the registers of AVX"}, {3, 3, 2, "an operating system that saves the registers of AVX"},
        {4, 1, 16, "AVX512F"}, {4, 1, 30, "AVX512BW"}, {4, 1, 28, "AVX512CD"}, {4, 1, 17, "AVX512DQ"}, {4, 1, 31, "AVX512VL"},
        {4, 3, 5, "an operating system that saves the registers of AVX-512"},
        {4, 3, 6, "an operating system that saves the registers of AVX-512"},
        {4, 3, 7, "an operating system that saves the registers of AVX-512"},
    };
    for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
        uint32_t raw[4] = {server.leaf1_ecx, server.leaf7_ebx, server.extended1_ecx, server.xcr0};
        raw[features[i].word] &= ~(1u << features[i].bit);
        levels_words words = {raw[0], raw[1], raw[2], raw[3]};
        CHECK(lacks(features[i].level - 1, words) == 0);
        CHECK(lacks(features[i].level, words) == 1);
        CHECK(strcmp(text, features[i].name) == 0);
    }
}

static void test_names_stop_where_room_ends(void) {
    char small[8];
    levels_words none = {0};
    CHECK(levels_lack(4, &none, small, sizeof small) == 23);
    CHECK(strcmp(small, "CMPXCHG") == 0);
    CHECK(levels_lack(4, &none, NULL, 0) == 23);
}

/* What ld.so says of each level: "x86-64-v3 (supported, searched)". */
static void test_the_dynamic_linker_decides_alike(void) {
    levels_words words;
    char line[256];
    int seen = 0, same = 1;
    levels_read(&words);
    FILE *linker = popen("/lib64/ld-linux-x86-64.so.2 --help", "r");
    CHECK(linker != NULL);
    while (fgets(line, sizeof line, linker) != NULL) {
        int level;
        if (sscanf(line, "  x86-64-v%d", &level) != 1 || level > 4) continue;
        seen++;
        same &= (strstr(line, "(supported, searched)") != NULL) == (lacks(level, words) == 0);
    }
    pclose(linker);
    CHECK(same);
    CHECK(seen == 3);
}

int main(void) {
    RUN(test_processors_run_their_level);
    RUN(test_every_feature_counts);
    RUN(test_names_stop_where_room_ends);
    RUN(test_the_dynamic_linker_decides_alike);
    return check_summary("levels.c");
}
