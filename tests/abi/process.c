/* What a process may do with the library: load and unload it, fork, start many threads, have few threads and little address space.
 * Linked to nothing of ours: argv[1] is the library. */
#define _GNU_SOURCE
#include <fastattn.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *last_error(void);
#define CHECK_LAST_ERROR last_error
#include "check.h"

static const char *path;
static void *library;

static struct {
    uint32_t (*abi_version)(void);
    const char *(*last_error)(void);
    fa_status (*toeplitz_create)(const fa_tensor *, int64_t, int64_t, fa_toeplitz *);
    fa_status (*toeplitz_multiply)(fa_toeplitz, const fa_tensor *, const fa_tensor *, int32_t);
    fa_status (*toeplitz_destroy)(fa_toeplitz);
} fa;

static const char *last_error(void) { return fa.last_error != NULL ? fa.last_error() : dlerror(); }

/* At most so many further threads at a time, as under a limit of the system, which does not bind the superuser. */
static atomic_int threads_left = 1 << 20;

typedef struct start {
    void *(*run)(void *);
    void *argument;
} start;

static void *run_and_count(void *given) {
    start own = *(start *)given;
    free(given);
    void *result = own.run(own.argument);
    atomic_fetch_add(&threads_left, 1);
    return result;
}

/* Stands before the C library's: the library under test calls this one. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    if (atomic_fetch_sub(&threads_left, 1) <= 0) {
        atomic_fetch_add(&threads_left, 1);
        return EAGAIN;
    }
    start *own = malloc(sizeof *own);
    if (own == NULL) return EAGAIN;
    *own = (start){run, argument};
    return real(thread, attributes, run_and_count, own);
}

static int load(void) {
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return 0;
    *(void **)&fa.abi_version = dlsym(library, "fa_abi_version");
    *(void **)&fa.last_error = dlsym(library, "fa_last_error");
    *(void **)&fa.toeplitz_create = dlsym(library, "fa_toeplitz_create");
    *(void **)&fa.toeplitz_multiply = dlsym(library, "fa_toeplitz_multiply");
    *(void **)&fa.toeplitz_destroy = dlsym(library, "fa_toeplitz_destroy");
    return fa.abi_version != NULL && fa.last_error != NULL && fa.toeplitz_create != NULL && fa.toeplitz_multiply != NULL &&
           fa.toeplitz_destroy != NULL;
}

/* A product large enough for several threads; its last row is checked. FA_OK, a status, -1 for a wrong number, -2 for a
 * destroy that failed. */
static fa_status multiply(int32_t threads) {
    enum { N = 2048, COLUMNS = 64, HEADS = 4 };
    float *c = malloc(sizeof(float) * (2 * N - 1)), *x = malloc(sizeof(float) * HEADS * N * COLUMNS);
    float *y = malloc(sizeof(float) * HEADS * N * COLUMNS);
    if (c == NULL || x == NULL || y == NULL) return FA_ERROR_OUT_OF_MEMORY;
    for (int t = 0; t < 2 * N - 1; t++) c[t] = 1.0f;
    for (int i = 0; i < HEADS * N * COLUMNS; i++) x[i] = (float)(i % COLUMNS);
    fa_tensor ct = {.data = c, .ndim = 1, .shape = {2 * N - 1}, .strides = {1}};
    fa_tensor xt = {.data = x, .ndim = 3, .shape = {HEADS, N, COLUMNS}, .strides = {N * COLUMNS, COLUMNS, 1}};
    fa_tensor yt = xt;
    yt.data = y;
    fa_toeplitz t = {0};
    fa_status status = fa.toeplitz_create(&ct, N, N, &t);
    if (status == FA_OK) status = fa.toeplitz_multiply(t, &xt, &yt, threads);
    for (int column = 0; status == FA_OK && column < COLUMNS; column++) {
        float got = y[HEADS * N * COLUMNS - COLUMNS + column], expected = (float)N * (float)column;
        if (!(got >= expected - 1.0f && got <= expected + 1.0f)) status = -1;
    }
    if (fa.toeplitz_destroy(t) != FA_OK && status == FA_OK) status = -2;
    free(c);
    free(x);
    free(y);
    return status;
}

/* Runs a function in a forked child that has 20 seconds; its result, or -100 when it crashed or hung. */
static int in_child(int (*function)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        _exit(function());
    }
    int state;
    if (child < 0 || waitpid(child, &state, 0) != child || !WIFEXITED(state)) return -100;
    return WEXITSTATUS(state);
}

static int multiply_in_child(void) { return multiply(2) & 0xff; }

static void test_fork_after_load_before_use(void) {
    CHECK(load());
    CHECK(fa.abi_version() == FA_ABI_VERSION);
    CHECK(in_child(multiply_in_child) == FA_OK);
    CHECK(in_child(multiply_in_child) == FA_OK);
}

static int few_threads;

/* Twice: a refusal must leave the library able to do the next call. */
static int multiply_with_few_threads(void) {
    atomic_store(&threads_left, few_threads);
    fa_status first = multiply(4), second = multiply(4);
    if (few_threads == 0 && (first != FA_ERROR_OUT_OF_MEMORY || second != first || strstr(last_error(), "thread") == NULL)) return 100;
    atomic_store(&threads_left, few_threads + 1);
    return few_threads == 0 ? multiply(2) : first != FA_OK ? first : second;
}

static void test_computes_with_the_threads_there_are(void) {
    for (few_threads = 0; few_threads < 8; few_threads++) CHECK(in_child(multiply_with_few_threads) == FA_OK);
}

static rlim_t few_megabytes;

static int multiply_in_little_space(void) {
    struct rlimit limit = {few_megabytes << 20, RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 100;
    fa_status first = multiply(4), second = multiply(4);
    if ((first != FA_OK && first != FA_ERROR_OUT_OF_MEMORY) || (second != FA_OK && second != FA_ERROR_OUT_OF_MEMORY)) return 101;
    limit.rlim_cur = RLIM_INFINITY;
    return setrlimit(RLIMIT_AS, &limit) == 0 ? multiply(2) : 102;
}

/* Every step is a status or a right answer, and with room enough the library works. */
static void test_little_address_space_is_a_status(void) {
    for (few_megabytes = 16; few_megabytes <= 8192; few_megabytes += few_megabytes < 512 ? 16 : few_megabytes)
        CHECK(in_child(multiply_in_little_space) == FA_OK);
}

static void test_close_and_open_again(void) {
    CHECK(multiply(2) == FA_OK);
    CHECK(dlclose(library) == 0);
    CHECK(load());
    CHECK(multiply(2) == FA_OK);
    CHECK(dlclose(library) == 0);
    CHECK(load());
}

static void test_fork_after_use(void) {
    CHECK(multiply(2) == FA_OK);
    CHECK(in_child(multiply_in_child) == FA_ERROR_FORKED);
    CHECK(multiply(2) == FA_OK);
}

static void *multiply_in_thread(void *unused) {
    (void)unused;
    return multiply(1) == FA_OK ? &fa : NULL;
}

static void test_many_threads(void) {
    enum { THREADS = 256 };
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++) CHECK(pthread_create(&threads[t], NULL, multiply_in_thread, NULL) == 0);
    for (int t = 0; t < THREADS; t++) {
        void *result;
        CHECK(pthread_join(threads[t], &result) == 0 && result != NULL);
    }
}

static void test_address_space_is_small(void) {
    char line[256];
    long kilobytes = -1;
    FILE *status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof line, status) != NULL) sscanf(line, "VmPeak: %ld kB", &kilobytes);
    fclose(status);
    CHECK(kilobytes > 0 && kilobytes < 32L * 1024 * 1024);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: process /path/to/libfastattn.so\n");
        return 2;
    }
    path = argv[1];
    RUN(test_fork_after_load_before_use);
    RUN(test_computes_with_the_threads_there_are);
    RUN(test_little_address_space_is_a_status);
    RUN(test_close_and_open_again);
    RUN(test_fork_after_use);
    RUN(test_many_threads);
    RUN(test_address_space_is_small);
    return check_summary("process.c");
}
