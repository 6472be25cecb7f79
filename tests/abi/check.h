/* A test is a function; CHECK ends it at the first condition that does not hold. RUN counts. C11 and C++17. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

/* A program that is not linked to the library says where else its messages come from. */
#ifndef CHECK_LAST_ERROR
#define CHECK_LAST_ERROR fa_last_error
#endif

static int checks_passed;
static int checks_failed;
static int check_in_test_failed;

#define CHECK(condition)                                                                                          \
    do {                                                                                                          \
        if (!(condition)) {                                                                                       \
            printf("  %s:%d: %s\n  last error: %s\n", __FILE__, __LINE__, #condition, CHECK_LAST_ERROR());        \
            check_in_test_failed = 1;                                                                             \
            return;                                                                                               \
        }                                                                                                         \
    } while (0)

#ifdef __cplusplus
static void check_call(void (*test)()) {
    try {
        test();
    } catch (const std::exception &exception) {
        printf("  exception: %s\n", exception.what());
        check_in_test_failed = 1;
    }
}
#else
static void check_call(void (*test)(void)) { test(); }
#endif

static void check_run(const char *name, void (*test)(void)) {
    check_in_test_failed = 0;
    check_call(test);
    if (check_in_test_failed) {
        checks_failed++;
        printf("FAILED %s\n", name);
    } else {
        checks_passed++;
    }
    fflush(stdout);
}

#define RUN(test) check_run(#test, test)

static int check_summary(const char *name) {
    printf("%s: %d passed, %d failed\n", name, checks_passed, checks_failed);
    return checks_failed != 0;
}

#endif
