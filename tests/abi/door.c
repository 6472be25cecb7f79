/* What stands before every function: processes forked while the library computes, and the floating-point mode of the caller.
 * The arguments are the names of all functions that give a status; a new one is tested as soon as the header has it. */
#define _GNU_SOURCE
#include <fastattn.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { N = 96, COLUMNS = 32, HEADS = 4, SIZE = HEADS * N * COLUMNS };

static char **status_functions;

static float coefficients[2 * N - 1], operand[SIZE];

/* In the usual mode, which others would spoil: sums of these are below the smallest normal number, 1.2e-38. */
static void make_inputs(void) {
    for (int t = 0; t < 2 * N - 1; t++) coefficients[t] = 0.5f;
    for (int i = 0; i < SIZE; i++) operand[i] = 1e-41f * (float)(i % 7);
}

/* A product on some threads. */
static fa_status multiply(float *y, int32_t threads) {
    fa_tensor ct = {.data = coefficients, .ndim = 1, .shape = {2 * N - 1}, .strides = {1}};
    fa_tensor xt = {.data = operand, .ndim = 3, .shape = {HEADS, N, COLUMNS}, .strides = {N * COLUMNS, COLUMNS, 1}};
    fa_tensor yt = xt;
    yt.data = y;
    fa_toeplitz t = {0};
    fa_status status = fa_toeplitz_create(&ct, N, N, &t);
    if (status == FA_OK) status = fa_toeplitz_multiply(t, &xt, &yt, threads);
    if (status == FA_OK) status = fa_toeplitz_destroy(t);
    return status;
}

/* ---- fork ------------------------------------------------------------------------------------------------------------- */

static atomic_bool enough;

/* Keeps the garbage collector and helper threads busy, so that forks meet them in every state. */
static void *use_without_pause(void *unused) {
    static _Thread_local float y[SIZE];
    (void)unused;
    while (!enough) {
        fa_projection p = {0};
        for (int i = 0; i < 50; i++) {
            if (fa_projection_create(64, 16, "iid", 1, &p) != FA_OK || fa_projection_destroy(p) != FA_OK) abort();
        }
        if (multiply(y, 2) != FA_OK) abort();
    }
    return NULL;
}

/* Every function, each with zeros for all arguments. The number of the first that does not refuse, or 0. */
static int first_that_answers(void) {
    for (int i = 0; status_functions[i] != NULL; i++) {
        fa_status (*function)(long, long, long, long, long, long, long, long, long);
        *(void **)&function = dlsym(RTLD_DEFAULT, status_functions[i]);
        if (function == NULL || function(0, 0, 0, 0, 0, 0, 0, 0, 0) != FA_ERROR_FORKED) return i + 1;
        if (strstr(fa_last_error(), "forked") == NULL) return i + 1;
    }
    if (fa_simd_tier() != NULL || fa_simd_tier_reason() != NULL || fa_cost_table_source() != NULL || fa_default_threads() != 0) return 101;
    return fa_abi_version() == FA_ABI_VERSION && strcmp(fa_status_string(FA_ERROR_FORKED), "FA_ERROR_FORKED") == 0 ? 0 : 102;
}

/* Forks while others compute. Returns how the first child ended that did not end well, else 0. */
static void *fork_often(void *result) {
    int *ended = result;
    float y[SIZE];
    *ended = multiply(y, 1); /* The runtime knows this thread, also in the children. */
    for (int i = 0; i < 300 && *ended == 0; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            if (i % 3 == 0) _exit(first_that_answers());
            if (i % 3 == 1) exit(0);  /* a child that calls nothing */
            pthread_exit(NULL);       /* one whose thread ends, and the process with it */
        }
        if (child < 0 || waitpid(child, ended, 0) != child) *ended = -1;
    }
    return NULL;
}

static void test_children_of_a_process_that_computes(void) {
    pthread_t users[2], forker;
    int ended = -1;
    for (int t = 0; t < 2; t++) CHECK(pthread_create(&users[t], NULL, use_without_pause, NULL) == 0);
    CHECK(pthread_create(&forker, NULL, fork_often, &ended) == 0);
    CHECK(pthread_join(forker, NULL) == 0);
    enough = 1;
    for (int t = 0; t < 2; t++) CHECK(pthread_join(users[t], NULL) == 0);
    if (ended != 0) printf("  a child ended with status %#x (a signal in the low byte, %d: it hung)\n", (unsigned)ended, SIGALRM);
    CHECK(ended == 0);
}

/* ---- The caller's floating-point mode --------------------------------------------------------------------------------- */

#if defined(__x86_64__)
#include <xmmintrin.h>
typedef unsigned mode;
static mode get_mode(void) { return _mm_getcsr(); }
static void set_mode(mode m) { _mm_setcsr(m); }
/* Tiny numbers become zero, as results and as operands; rounding up; both; every exception but "inexact" traps. */
static const mode modes[] = {0x1f80 | 0x8040, 0x1f80 | 0x4000, 0x1f80 | 0x4000 | 0x8040, 0x1000};
#elif defined(__aarch64__)
typedef unsigned long mode;
static mode get_mode(void) {
    mode m;
    __asm__ volatile("mrs %0, fpcr" : "=r"(m));
    return m;
}
static void set_mode(mode m) { __asm__ volatile("msr fpcr, %0" : : "r"(m)); }
/* Tiny numbers become zero; rounding up; both. */
static const mode modes[] = {1ul << 24, 1ul << 22, 1ul << 24 | 1ul << 22};
#endif

static void test_the_mode_of_the_caller_changes_nothing(void) {
    static float expected[SIZE], got[SIZE];
    const mode usual = get_mode();
    CHECK(multiply(expected, 1) == FA_OK);
    CHECK(expected[1] > 0 && expected[1] < 1.1e-38f);
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
        for (int32_t threads = 1; threads <= 3; threads++) {
            memset(got, 0, sizeof got);
            set_mode(modes[m]);
            fa_status status = multiply(got, threads);
            mode after = get_mode();
            fa_status refused = fa_toeplitz_multiply((fa_toeplitz){0}, NULL, NULL, threads);
            mode after_error = get_mode();
            set_mode(usual);
            CHECK(status == FA_OK && refused == FA_ERROR_HANDLE);
            CHECK(after == modes[m] && after_error == modes[m]); /* On x86-64 with the flags of exceptions, all of them down. */
            CHECK(memcmp(got, expected, sizeof got) == 0);
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    status_functions = argv + 1;
    make_inputs();
    RUN(test_the_mode_of_the_caller_changes_nothing);
    RUN(test_children_of_a_process_that_computes);
    return check_summary("door.c");
}
