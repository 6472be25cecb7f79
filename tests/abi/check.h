/* A test is a function; CHECK ends it at the first condition that does not hold. RUN counts. C11 and C++17. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static int checks_passed;
static int checks_failed;
static int check_in_test_failed;

#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            printf("  %s:%d: %s\n  last error: %s\n", __FILE__, __LINE__, #condition, fa_last_error()); \
            check_in_test_failed = 1;                                                    \
            return;                                                                      \
        }                                                                                \
    } while (0)

#define RUN(test)                                        \
    do {                                                 \
        check_in_test_failed = 0;                        \
        test();                                          \
        if (check_in_test_failed) {                      \
            checks_failed++;                             \
            printf("FAILED %s\n", #test);                \
        } else {                                         \
            checks_passed++;                             \
        }                                                \
    } while (0)

static int check_summary(const char *name) {
    printf("%s: %d passed, %d failed\n", name, checks_passed, checks_failed);
    return checks_failed != 0;
}

#endif
