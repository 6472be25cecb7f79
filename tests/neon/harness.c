/* Runs every call of cases.bin on ARM64 and compares with what the portable kernels made of it.
 *
 *   harness cases.bin          compares, prints a table of methods and their errors; exit 1 when one is past its limit
 *   harness cases.bin marks    runs kernels that note their entry; exit 1 when a method was not entered
 *
 * Each buffer ends at a page that may not be touched, so a read or a write past its end is a crash. */
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void neon_call(int method, int64_t *arguments, float *result);
void neon_set_marks(uint8_t *marks);

/* What ilc's code refers to and kernels never call. */
uintptr_t __security_cookie;
void RhpReversePInvoke(void *frame) { (void)frame; abort(); }
void RhpReversePInvokeReturn(void *frame) { (void)frame; abort(); }

enum { MAX_ARGUMENTS = 16 };

typedef struct { char *name; int is_public, of_loudest; double limit, worst; long calls; } Method;
typedef struct { float *data; float *expected; int length; } Buffer;

static FILE *input;
static Method *methods;
static int current = -1;

static void read_exactly(void *to, size_t bytes)
{
    if (bytes > 0 && fread(to, 1, bytes, input) != bytes) { fprintf(stderr, "cases end early\n"); exit(2); }
}

static int read_int(void) { int32_t value; read_exactly(&value, sizeof value); return value; }

static int64_t read_long(void) { int64_t value; read_exactly(&value, sizeof value); return value; }

static void on_crash(int signal_number)
{
    fprintf(stderr, "FAILED %s: signal %d (memory outside its arguments?)\n", current < 0 ? "?" : methods[current].name, signal_number);
    _exit(1);
}

/* Memory whose last float lies before a forbidden page. */
static float *guarded(int length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = sizeof(float) * (size_t)length, size = (bytes + page - 1) / page * page;
    uint8_t *start = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || mprotect(start + size, page, PROT_NONE) != 0) { perror("guarded"); exit(2); }
    return (float *)(start + size - bytes);
}

static void release(float *data, int length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = sizeof(float) * (size_t)length, size = (bytes + page - 1) / page * page;
    munmap((uint8_t *)data + bytes - size, size + page);
}

static double unit_of(float value)
{
    float size = fabsf(value);
    return (double)nextafterf(size, INFINITY) - (double)size;
}

/* Error in units in the last place of the expected number or of the loudest one. */
static double error_of(const float *got, const float *expected, int length, int of_loudest)
{
    float loudest = 0;
    double worst = 0;
    for (int i = 0; i < length; i++) loudest = fmaxf(loudest, fabsf(expected[i]));
    for (int i = 0; i < length; i++) {
        if (memcmp(&got[i], &expected[i], sizeof(float)) == 0 || (isnan(got[i]) && isnan(expected[i])) || got[i] == expected[i]) continue;
        double error = fabs((double)got[i] - expected[i]) / unit_of(of_loudest ? loudest : expected[i]);
        if (!(error <= worst)) worst = error;
    }
    return isnan(worst) ? INFINITY : worst;
}

static void run_call(void)
{
    int64_t arguments[MAX_ARGUMENTS] = {0};
    Buffer buffers[MAX_ARGUMENTS];
    int buffer_count = 0;
    current = read_int();
    Method *method = &methods[current];
    int count = read_int();
    for (int a = 0; a < count; a++) {
        if (read_int() == 0) {
            arguments[a] = read_long();
            continue;
        }
        Buffer *buffer = &buffers[buffer_count++];
        buffer->length = read_int();
        int start = read_int();
        buffer->data = guarded(buffer->length);
        buffer->expected = malloc(sizeof(float) * (size_t)(buffer->length + 1));
        read_exactly(buffer->data, sizeof(float) * (size_t)buffer->length);
        read_exactly(buffer->expected, sizeof(float) * (size_t)buffer->length);
        arguments[a] = (int64_t)(intptr_t)(buffer->data + start);
    }
    int has_result = read_int();
    float expected, got = NAN;
    read_exactly(&expected, sizeof expected);

    neon_call(current, arguments, &got);

    method->calls++;
    if (has_result) method->worst = fmax(method->worst, error_of(&got, &expected, 1, method->of_loudest));
    for (int b = 0; b < buffer_count; b++) {
        method->worst = fmax(method->worst, error_of(buffers[b].data, buffers[b].expected, buffers[b].length, method->of_loudest));
        release(buffers[b].data, buffers[b].length);
        free(buffers[b].expected);
    }
}

int main(int argument_count, char **arguments)
{
    if (argument_count < 2 || !(input = fopen(arguments[1], "rb"))) { fprintf(stderr, "usage: harness cases.bin [marks]\n"); return 2; }
    int only_marks = argument_count > 2, failed = 0, passed = 0;
    signal(SIGSEGV, on_crash);
    signal(SIGBUS, on_crash);
    int method_count = read_int();
    methods = calloc((size_t)method_count, sizeof *methods);
    uint8_t *marks = calloc((size_t)method_count, 1);
    for (int m = 0; m < method_count; m++) {
        int length = read_int();
        methods[m].name = calloc((size_t)length + 1, 1);
        read_exactly(methods[m].name, (size_t)length);
        methods[m].is_public = read_int();
        methods[m].of_loudest = read_int();
        read_exactly(&methods[m].limit, sizeof(double));
    }
    neon_set_marks(marks);
    for (int calls = read_int(); calls > 0; calls--) run_call();

    if (only_marks) {
        for (int m = 0; m < method_count; m++) {
            int covered = marks[m] || (methods[m].is_public && methods[m].calls > 0);
            if (!covered) printf("FAILED %s: emitted, but no case runs it\n", methods[m].name);
            if (covered) passed++; else failed++;
        }
        printf("coverage: %d of %d emitted NEON methods run\n", passed, method_count);
        return failed > 0;
    }

    printf("%-28s %7s %10s %10s  %s\n", "method", "calls", "worst ulp", "limit", "unit of");
    for (int m = 0; m < method_count; m++) {
        Method *method = &methods[m];
        if (!method->is_public) {
            printf("%-28s %7s %10s %10s  inside public methods\n", method->name, "", "", "");
            continue;
        }
        int ok = method->calls > 0 && method->worst <= method->limit;
        printf("%-28s %7ld %10.2f %10.2f  %s%s\n", method->name, method->calls, method->worst, method->limit,
               method->of_loudest ? "the loudest" : "each", ok ? "" : "  FAILED");
        if (ok) passed++; else failed++;
    }
    printf("neon: %d passed, %d failed\n", passed, failed);
    return failed > 0;
}
