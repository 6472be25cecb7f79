/* A C11 program that calls every function of fastattn.h, takes every documented error path, and shares handles. */
#define _GNU_SOURCE
#include <fastattn.h>

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof((array)[0])))

static const float SENTINEL = -12345.0f;

static fa_tensor dense(float *data, int32_t ndim, const int64_t *shape) {
    fa_tensor tensor = {.data = data, .ndim = ndim};
    int64_t stride = 1;
    for (int32_t axis = ndim - 1; axis >= 0; axis--) {
        tensor.shape[axis] = shape[axis];
        tensor.strides[axis] = stride;
        stride *= shape[axis];
    }
    return tensor;
}

#define DENSE(data, ...) dense(data, (int32_t)COUNT(((int64_t[]){__VA_ARGS__})), (int64_t[]){__VA_ARGS__})

static void fill(float *data, int64_t count, uint32_t seed) {
    for (int64_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (float)(seed >> 8) / (float)(1 << 23) - 1.0f;
    }
}

static bool close_to(const float *got, const double *expected, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (!(fabs((double)got[i] - expected[i]) <= 2e-5 * fabs(expected[i]))) return false;
    }
    return true;
}

static bool all_sentinel(const float *data, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        if (data[i] != SENTINEL) return false;
    }
    return true;
}

static void set_sentinel(float *data, int64_t count) {
    for (int64_t i = 0; i < count; i++) data[i] = SENTINEL;
}

static bool message_has(const char *text) { return strstr(fa_last_error(), text) != NULL; }

/* ---- A small valid problem that tests start from and spoil ------------------------------------------ */

enum { B = 2, H = 4, HK = 2, NQ = 9, NK = 12, D = 8, DV = 5, M = 16 };

typedef struct problem {
    fa_attention_shape shape;
    fa_attention_options options;
    float q[B * H * NQ * D], k[B * HK * NK * D], v[B * HK * NK * DV], bias[H * (NQ + NK - 1)], z[B * H * NQ * DV];
    uint8_t mask[B * NK];
    int32_t lengths[B];
    fa_tensor query, key, value, destination, bias_tensor;
    fa_key_selection selection;
    fa_report report;
} problem;

static void make_problem(problem *p) {
    memset(p, 0, sizeof *p);
    p->shape = (fa_attention_shape){sizeof(fa_attention_shape), B, H, HK, NQ, NK, D, DV};
    p->options = (fa_attention_options)FA_ATTENTION_OPTIONS_INIT;
    p->options.features = M;
    fill(p->q, COUNT(p->q), 1);
    fill(p->k, COUNT(p->k), 2);
    fill(p->v, COUNT(p->v), 3);
    fill(p->bias, COUNT(p->bias), 4);
    set_sentinel(p->z, COUNT(p->z));
    memset(p->mask, 1, sizeof p->mask);
    for (int b = 0; b < B; b++) p->lengths[b] = NK;
    p->query = DENSE(p->q, B, H, NQ, D);
    p->key = DENSE(p->k, B, HK, NK, D);
    p->value = DENSE(p->v, B, HK, NK, DV);
    p->destination = DENSE(p->z, B, H, NQ, DV);
    p->bias_tensor = DENSE(p->bias, H, NQ + NK - 1);
    p->selection = (fa_key_selection)FA_KEY_SELECTION_INIT;
    p->report = (fa_report)FA_REPORT_INIT;
}

static fa_status create(problem *p, fa_attention *attention) {
    return fa_attention_create(&p->shape, &p->options, &p->bias_tensor, (fa_projection){0}, attention);
}

static fa_status forward(problem *p, fa_attention attention) {
    return fa_attention_forward(attention, &p->query, &p->key, &p->value, &p->destination, &p->selection, &p->report);
}

/* ---- The library ------------------------------------------------------------------------------------ */

static void test_library_facts(void) {
    CHECK(fa_abi_version() == FA_ABI_VERSION);
    CHECK(strcmp(fa_version_string(), EXPECTED_VERSION) == 0);
    CHECK(strcmp(fa_status_string(FA_OK), "FA_OK") == 0);
    CHECK(strcmp(fa_status_string(FA_ERROR_INTERNAL), "FA_ERROR_INTERNAL") == 0);
    CHECK(strcmp(fa_status_string(FA_ERROR_CANCELLED), "FA_ERROR_CANCELLED") == 0);
    CHECK(strcmp(fa_status_string(-7), "unknown status") == 0);
    const char *tier = fa_simd_tier();
    CHECK(tier != NULL);
    const char *expected = getenv("EXPECTED_TIER");
    CHECK(expected == NULL || strcmp(tier, expected) == 0);
    CHECK(fa_simd_tier_reason() != NULL && strlen(fa_simd_tier_reason()) > 0);
    CHECK(fa_default_threads() >= 1);
    CHECK(fa_cost_table_source() != NULL && strncmp(fa_cost_table_source(), "shipped", strlen("shipped")) == 0);
}

/* Says yes at the question that *context counts down to; 0 never does. */
static int32_t ends_at(void *context) {
    int32_t *left = context;
    return *left > 0 && --*left == 0;
}

static void test_a_check_ends_calls(void) {
    static problem p;
    static float untouched[COUNT(p.z)];
    fa_attention attention;
    make_problem(&p);
    CHECK(create(&p, &attention) == FA_OK);
    CHECK(forward(&p, attention) == FA_OK);
    memcpy(untouched, p.z, sizeof p.z);

    int32_t questions = 1;
    CHECK(fa_set_interrupt(ends_at, &questions, 0) == FA_OK);
    CHECK(forward(&p, attention) == FA_ERROR_CANCELLED && message_has("cancelled"));
    CHECK(questions == 0);
    CHECK(forward(&p, attention) == FA_OK && memcmp(untouched, p.z, sizeof p.z) == 0);
    questions = 3;
    CHECK(forward(&p, attention) == FA_ERROR_CANCELLED);

    float c[] = {1, 2, 3, 4, 5, 6}, x[] = {1, 10, 100, 1000}, y[3];
    fa_tensor ct = DENSE(c, 6), xt = DENSE(x, 4, 1), yt = DENSE(y, 3, 1);
    fa_toeplitz t;
    CHECK(fa_toeplitz_create(&ct, 3, 4, &t) == FA_OK);
    questions = 1;
    CHECK(fa_toeplitz_multiply(t, &xt, &yt, 1) == FA_ERROR_CANCELLED);
    fa_tensor wt = DENSE(c, 5), vt = DENSE(x, 3, 1);
    fa_fast_rpb rpb;
    CHECK(fa_fast_rpb_create(&wt, NULL, &rpb) == FA_OK);
    questions = 1;
    CHECK(fa_fast_rpb_apply(rpb, &vt, &yt, NULL, 0, 1) == FA_ERROR_CANCELLED);
    float phi[3 * 64];
    fa_tensor pt = DENSE(phi, 3, 64);
    questions = 1;
    CHECK(fa_map_features(NULL, (fa_projection){0}, &vt, &pt, NULL, 0) == FA_ERROR_CANCELLED);

    fa_position made = {0};
    fa_projection rows = {0};
    questions = 1;
    CHECK(fa_position_dense(&ct, 3, 4, &made) == FA_ERROR_CANCELLED && made.id == 0);
    questions = 1;
    CHECK(fa_projection_from_values(&xt, &rows) == FA_ERROR_CANCELLED && rows.id == 0);
    fa_toeplitz other = {0};
    questions = 1;
    CHECK(fa_toeplitz_create(&ct, 3, 4, &other) == FA_ERROR_CANCELLED && other.id == 0);

    /* Asked so seldom, it is never asked; and removed, it is not asked either. */
    questions = 1;
    CHECK(fa_set_interrupt(ends_at, &questions, INT32_MAX) == FA_OK);
    CHECK(forward(&p, attention) == FA_OK && questions == 1);
    CHECK(fa_set_interrupt(ends_at, &questions, -1) == FA_ERROR_ARGUMENT && message_has("milliseconds is -1"));
    CHECK(fa_set_interrupt(NULL, NULL, 0) == FA_OK);
    CHECK(forward(&p, attention) == FA_OK && questions == 1);
    CHECK(fa_toeplitz_destroy(t) == FA_OK && fa_fast_rpb_destroy(rpb) == FA_OK && fa_attention_destroy(attention) == FA_OK);
}

static void test_plans_are_told(void) {
    problem p;
    fa_attention attention = {0};
    make_problem(&p);
    CHECK(create(&p, &attention) == FA_OK);
    CHECK(forward(&p, attention) == FA_OK);

    fa_plan plan = FA_PLAN_INIT;
    CHECK(fa_attention_plan(attention, &plan) == FA_OK);
    CHECK(strcmp(plan.tier, fa_simd_tier()) == 0 && strlen(plan.method) > 0 && plan.features > 0 && plan.workspace_bytes > 0);
    char text[4096], first[64], cut[8] = "#######", expected[64];
    int64_t length = 0, again = 0;
    CHECK(fa_attention_explain(attention, NULL, 0, &length) == FA_OK && length > 1 && length <= (int64_t)sizeof text);
    CHECK(fa_attention_explain(attention, text, sizeof text, &again) == FA_OK && again == length && (int64_t)strlen(text) == length - 1);
    snprintf(expected, sizeof expected, "%s on %s: ", plan.method, plan.tier);
    CHECK(strncmp(text, expected, strlen(expected)) == 0);
    CHECK(fa_attention_explain(attention, cut, 6, &again) == FA_OK && again == length && strlen(cut) == 5 && strncmp(cut, text, 5) == 0 && cut[6] == '#');
    CHECK(fa_attention_explain(attention, first, 1, &again) == FA_OK && first[0] == 0);

    /* Working memory that was freed comes back. */
    float untouched[sizeof p.z / sizeof(float)];
    memcpy(untouched, p.z, sizeof p.z);
    CHECK(fa_attention_trim(attention) == FA_OK && fa_attention_trim(attention) == FA_OK);
    CHECK(forward(&p, attention) == FA_OK && memcmp(untouched, p.z, sizeof p.z) == 0);

    fa_plan former = FA_PLAN_INIT;
    former.struct_size = 8;
    CHECK(fa_attention_plan(attention, &former) == FA_ERROR_STRUCT_SIZE && former.method == NULL);
    CHECK(fa_attention_plan(attention, NULL) == FA_ERROR_NULL && message_has("plan"));
    CHECK(fa_attention_explain(attention, text, sizeof text, NULL) == FA_ERROR_NULL && message_has("length"));
    CHECK(fa_attention_explain(attention, NULL, 5, &again) == FA_ERROR_NULL && message_has("text"));
    CHECK(fa_attention_explain(attention, text, -1, &again) == FA_ERROR_ARGUMENT && message_has("capacity is -1"));
    CHECK(fa_attention_destroy(attention) == FA_OK);
    CHECK(fa_attention_plan(attention, &plan) == FA_ERROR_HANDLE && fa_attention_explain(attention, NULL, 0, &again) == FA_ERROR_HANDLE);
    CHECK(fa_attention_trim(attention) == FA_ERROR_HANDLE);
}

static void test_message_is_empty_before_any_failure(void) { CHECK(strcmp(fa_last_error(), "") == 0); }

/* ---- Projections ------------------------------------------------------------------------------------ */

static void test_projection_drawn_and_read_back(void) {
    static const char *const kinds[] = {"iid", "orthogonal", "sphere", NULL};
    float first[M * D], again[M * D], other[M * D];
    for (int i = 0; i < 4; i++) {
        fa_projection p = {0}, q = {0}, r = {0};
        int64_t shape[3];
        CHECK(fa_projection_create(M, D, kinds[i], 7, &p) == FA_OK);
        CHECK(fa_projection_create(M, D, kinds[i], 7, &q) == FA_OK);
        CHECK(fa_projection_create(M, D, kinds[i], 8, &r) == FA_OK);
        CHECK(fa_projection_shape(p, shape) == FA_OK);
        CHECK(shape[0] == 1 && shape[1] == M && shape[2] == D);
        fa_tensor a = DENSE(first, M, D), b = DENSE(again, 1, M, D), c = DENSE(other, M, D);
        CHECK(fa_projection_values(p, &a) == FA_OK);
        CHECK(fa_projection_values(q, &b) == FA_OK);
        CHECK(fa_projection_values(r, &c) == FA_OK);
        CHECK(memcmp(first, again, sizeof first) == 0);
        CHECK(memcmp(first, other, sizeof first) != 0);
        CHECK(fa_projection_destroy(p) == FA_OK && fa_projection_destroy(q) == FA_OK && fa_projection_destroy(r) == FA_OK);
    }

    /* Orthogonal rows: blocks of d are orthogonal to each other. NULL is the same word. */
    for (int i = 0; i < D; i++) {
        for (int j = 0; j < i; j++) {
            double dot = 0;
            for (int c = 0; c < D; c++) dot += (double)first[i * D + c] * first[j * D + c];
            CHECK(fabs(dot) < 1e-4);
        }
    }
}

static void test_projection_from_strided_values(void) {
    float wide[2 * M * 2 * D], copy[2 * M * D];
    fill(wide, COUNT(wide), 5);
    fa_tensor given = {.data = wide, .ndim = 3, .shape = {2, M, D}, .strides = {M * 2 * D, 2 * D, 2}};
    fa_projection p = {0};
    int64_t shape[3];
    CHECK(fa_projection_from_values(&given, &p) == FA_OK);
    CHECK(fa_projection_shape(p, shape) == FA_OK && shape[0] == 2 && shape[1] == M && shape[2] == D);
    fa_tensor target = DENSE(copy, 2, M, D);
    CHECK(fa_projection_values(p, &target) == FA_OK);
    for (int i = 0; i < 2 * M * D; i++) CHECK(copy[i] == wide[2 * i]);
    CHECK(fa_projection_destroy(p) == FA_OK);
}

/* One number read 2^30 times, for which the runtime has no room. */
static void test_the_limit_of_the_runtime_is_named(void) {
    float one = 1;
    fa_projection p = {0};
    fa_tensor given = {.data = &one, .ndim = 3, .shape = {512, 4096, 512}, .strides = {0, 0, 0}};
    CHECK(fa_projection_from_values(&given, &p) == FA_ERROR_OUT_OF_MEMORY && message_has("1024 MiB"));
    CHECK(fa_projection_create(M, D, NULL, 0, &p) == FA_OK && fa_projection_destroy(p) == FA_OK);
}

static void test_projection_errors(void) {
    fa_projection p = {77};
    float values[M * D], small[4] = {1, 2, NAN, 4};
    set_sentinel(values, COUNT(values));
    CHECK(fa_projection_create(M, D, NULL, 0, NULL) == FA_ERROR_NULL && message_has("projection"));
    CHECK(fa_projection_create(0, D, NULL, 0, &p) == FA_ERROR_ARGUMENT && message_has("features") && message_has("0"));
    CHECK(fa_projection_create(4097, D, NULL, 0, &p) == FA_ERROR_ARGUMENT && message_has("4097"));
    CHECK(fa_projection_create(-1, D, NULL, 0, &p) == FA_ERROR_ARGUMENT && message_has("-1"));
    CHECK(fa_projection_create(M, 513, NULL, 0, &p) == FA_ERROR_ARGUMENT && message_has("dimension"));
    CHECK(fa_projection_create((int64_t)1 << 40, D, NULL, 0, &p) == FA_ERROR_ARGUMENT && message_has("1099511627776"));
    CHECK(fa_projection_create(M, D, "normal", 0, &p) == FA_ERROR_WORD && message_has("normal") && message_has("sphere"));
    CHECK(fa_projection_create(M, D, "Iid", 0, &p) == FA_ERROR_WORD);
    CHECK(fa_projection_from_values(NULL, &p) == FA_ERROR_NULL && message_has("values"));
    fa_tensor bad = DENSE(small, 2, 2);
    CHECK(fa_projection_from_values(&bad, NULL) == FA_ERROR_NULL);
    CHECK(fa_projection_from_values(&bad, &p) == FA_ERROR_ARGUMENT);
    bad = DENSE(small, 4);
    CHECK(fa_projection_from_values(&bad, &p) == FA_ERROR_SHAPE && message_has("ndim"));
    CHECK(p.id == 77);

    CHECK(fa_projection_create(M, D, NULL, 0, &p) == FA_OK);
    CHECK(fa_projection_shape(p, NULL) == FA_ERROR_NULL);
    CHECK(fa_projection_values(p, NULL) == FA_ERROR_NULL);
    fa_tensor wrong = DENSE(values, D, M);
    CHECK(fa_projection_values(p, &wrong) == FA_ERROR_SHAPE && message_has("[8, 16]"));
    CHECK(all_sentinel(values, COUNT(values)));
    CHECK(fa_projection_destroy(p) == FA_OK);
}

/* ---- Handles ---------------------------------------------------------------------------------------- */

static void test_handles_are_checked(void) {
    int64_t shape[3] = {-1, -1, -1};
    fa_projection p = {0}, q = {0};
    CHECK(fa_projection_create(M, D, NULL, 0, &p) == FA_OK && p.id != 0);
    CHECK(fa_projection_destroy(p) == FA_OK);
    CHECK(fa_projection_destroy(p) == FA_ERROR_HANDLE && message_has("projection"));
    CHECK(fa_projection_shape(p, shape) == FA_ERROR_HANDLE && shape[0] == -1);

    /* The slot is used again, the old number still means nothing. */
    CHECK(fa_projection_create(M, D, NULL, 0, &q) == FA_OK && q.id != p.id);
    CHECK(fa_projection_shape(p, shape) == FA_ERROR_HANDLE);
    CHECK(fa_projection_destroy(q) == FA_OK);

    uint64_t garbage[] = {1, 0xdeadbeef, UINT64_MAX, UINT64_MAX >> 1, (uint64_t)1 << 63, p.id + 1, p.id ^ ((uint64_t)1 << 40)};
    problem *valid = malloc(sizeof *valid);
    make_problem(valid);
    for (int i = 0; i < COUNT(garbage); i++) {
        CHECK(fa_projection_shape((fa_projection){garbage[i]}, shape) == FA_ERROR_HANDLE);
        CHECK(fa_projection_destroy((fa_projection){garbage[i]}) == FA_ERROR_HANDLE);
        CHECK(fa_attention_destroy((fa_attention){garbage[i]}) == FA_ERROR_HANDLE);
        CHECK(fa_toeplitz_destroy((fa_toeplitz){garbage[i]}) == FA_ERROR_HANDLE);
        CHECK(forward(valid, (fa_attention){garbage[i]}) == FA_ERROR_HANDLE);
    }
    CHECK(forward(valid, (fa_attention){0}) == FA_ERROR_HANDLE);
    CHECK(all_sentinel(valid->z, COUNT(valid->z)));
    free(valid);

    /* Zero is no handle, and ending nothing is fine, as with free(NULL). */
    CHECK(fa_projection_destroy((fa_projection){0}) == FA_OK);
    CHECK(fa_attention_destroy((fa_attention){0}) == FA_OK);
    CHECK(fa_toeplitz_destroy((fa_toeplitz){0}) == FA_OK);
}

static void test_handle_of_another_kind(void) {
    fa_projection p = {0};
    CHECK(fa_projection_create(M, D, NULL, 0, &p) == FA_OK);
    CHECK(fa_attention_destroy((fa_attention){p.id}) == FA_ERROR_HANDLE && message_has("attention"));
    CHECK(fa_toeplitz_destroy((fa_toeplitz){p.id}) == FA_ERROR_HANDLE && message_has("toeplitz"));
    CHECK(fa_projection_destroy(p) == FA_OK);
}

/* ---- Toeplitz --------------------------------------------------------------------------------------- */

static void test_toeplitz_worked_example(void) {
    float c[] = {1, 2, 3, 4, 5, 6}, x[] = {1, 10, 100, 1000}, y[3];
    const double expected[] = {6543, 5432, 4321};
    fa_toeplitz t = {0};
    fa_tensor ct = DENSE(c, 6), xt = DENSE(x, 4, 1), yt = DENSE(y, 3, 1);
    CHECK(fa_toeplitz_create(&ct, 3, 4, &t) == FA_OK);
    CHECK(fa_toeplitz_multiply(t, &xt, &yt, 0) == FA_OK);
    CHECK(close_to(y, expected, 3));
    CHECK(fa_toeplitz_destroy(t) == FA_OK);
    CHECK(fa_toeplitz_multiply(t, &xt, &yt, 0) == FA_ERROR_HANDLE);
}

static void test_toeplitz_heads_and_strided_coefficients(void) {
    enum { HEADS = 3, OUT = 70, IN = 50, COLUMNS = 6, LENGTH = OUT + IN - 1 };
    static float c[HEADS * LENGTH * 2], x[HEADS * IN * COLUMNS], y[HEADS * OUT * COLUMNS], one[HEADS * OUT * COLUMNS];
    fill(c, COUNT(c), 6);
    fill(x, COUNT(x), 7);
    fa_tensor ct = {.data = c, .ndim = 2, .shape = {HEADS, LENGTH}, .strides = {LENGTH * 2, 2}};
    fa_tensor xt = DENSE(x, HEADS, IN, COLUMNS), yt = DENSE(y, HEADS, OUT, COLUMNS), onet = DENSE(one, HEADS, OUT, COLUMNS);
    fa_toeplitz t = {0};
    CHECK(fa_toeplitz_create(&ct, OUT, IN, &t) == FA_OK);
    CHECK(fa_toeplitz_multiply(t, &xt, &yt, 2) == FA_OK);
    CHECK(fa_toeplitz_multiply(t, &xt, &onet, 1) == FA_OK);
    CHECK(memcmp(y, one, sizeof y) == 0);
    for (int h = 0; h < HEADS; h++) {
        for (int i = 0; i < OUT; i++) {
            for (int col = 0; col < COLUMNS; col++) {
                double sum = 0;
                for (int j = 0; j < IN; j++) {
                    sum += (double)c[(h * LENGTH + (j - i) + (OUT - 1)) * 2] * x[(h * IN + j) * COLUMNS + col];
                }
                CHECK(fabs(sum - y[(h * OUT + i) * COLUMNS + col]) < 1e-4);
            }
        }
    }

    /* One shared row for any number of heads. */
    fa_toeplitz shared = {0};
    ct.shape[0] = 1;
    CHECK(fa_toeplitz_create(&ct, OUT, IN, &shared) == FA_OK);
    CHECK(fa_toeplitz_multiply(shared, &xt, &onet, 0) == FA_OK);
    CHECK(memcmp(y, one, sizeof(float) * OUT * COLUMNS) == 0);
    CHECK(fa_toeplitz_destroy(t) == FA_OK && fa_toeplitz_destroy(shared) == FA_OK);
}

static void test_toeplitz_errors(void) {
    float c[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, x[16] = {0}, y[16];
    set_sentinel(y, COUNT(y));
    fa_toeplitz t = {77};
    fa_tensor ct = DENSE(c, 6), xt = DENSE(x, 4, 2), yt = DENSE(y, 3, 2), bad;
    CHECK(fa_toeplitz_create(NULL, 3, 4, &t) == FA_ERROR_NULL && message_has("coefficients"));
    CHECK(fa_toeplitz_create(&ct, 3, 4, NULL) == FA_ERROR_NULL && message_has("toeplitz"));
    CHECK(fa_toeplitz_create(&ct, 4, 4, &t) == FA_ERROR_SHAPE && message_has("[6]") && message_has("7"));
    CHECK(fa_toeplitz_create(&ct, 0, 4, &t) == FA_ERROR_SHAPE && message_has("[3]"));
    CHECK(fa_toeplitz_create(&ct, -3, 10, &t) == FA_ERROR_ARGUMENT);
    CHECK(fa_toeplitz_create(&ct, (int64_t)1 << 50, 4, &t) == FA_ERROR_ARGUMENT);
    bad = ct;
    bad.data = NULL;
    CHECK(fa_toeplitz_create(&bad, 3, 4, &t) == FA_ERROR_NULL && message_has("coefficients.data"));
    bad = ct;
    bad.shape[0] = 0;
    CHECK(fa_toeplitz_create(&bad, 3, 4, &t) == FA_ERROR_SHAPE && message_has("coefficients is [0]"));
    bad = ct;
    bad.ndim = 9;
    CHECK(fa_toeplitz_create(&bad, 3, 4, &t) == FA_ERROR_SHAPE && message_has("ndim"));
    c[2] = NAN;
    CHECK(fa_toeplitz_create(&ct, 3, 4, &t) == FA_ERROR_ARGUMENT);
    c[2] = INFINITY;
    CHECK(fa_toeplitz_create(&ct, 3, 4, &t) == FA_ERROR_ARGUMENT);
    c[2] = 3;

    /* A broadcast axis makes 4 GiB out of one float: more than the library may hold. */
    bad = (fa_tensor){.data = c, .ndim = 1, .shape = {((int64_t)1 << 30) + 3}, .strides = {0}};
    CHECK(fa_toeplitz_create(&bad, 4, (int64_t)1 << 30, &t) == FA_ERROR_OUT_OF_MEMORY);
    CHECK(t.id == 77);

    CHECK(fa_toeplitz_create(&ct, 3, 4, &t) == FA_OK);
    CHECK(fa_toeplitz_multiply(t, NULL, &yt, 0) == FA_ERROR_NULL && message_has("x"));
    CHECK(fa_toeplitz_multiply(t, &xt, NULL, 0) == FA_ERROR_NULL && message_has("destination"));
    CHECK(fa_toeplitz_multiply(t, &xt, &yt, -1) == FA_ERROR_ARGUMENT && message_has("threads"));
    bad = DENSE(x, 5, 2);
    CHECK(fa_toeplitz_multiply(t, &bad, &yt, 0) == FA_ERROR_SHAPE && message_has("x is [5, 2]"));
    bad = DENSE(y, 3, 1);
    CHECK(fa_toeplitz_multiply(t, &xt, &bad, 0) == FA_ERROR_SHAPE && message_has("destination"));
    bad = xt;
    bad.strides[0] = 3;
    CHECK(fa_toeplitz_multiply(t, &bad, &yt, 0) == FA_ERROR_SHAPE && message_has("strides[0]"));
    bad = DENSE(x + 2, 3, 2);
    CHECK(fa_toeplitz_multiply(t, &xt, &bad, 0) == FA_ERROR_ARGUMENT && message_has("destination"));
    bad = xt;
    bad.data = (float *)((char *)x + 1);
    CHECK(fa_toeplitz_multiply(t, &bad, &yt, 0) == FA_ERROR_ARGUMENT && message_has("aligned"));
    CHECK(all_sentinel(y, COUNT(y)));
    CHECK(fa_toeplitz_destroy(t) == FA_OK);
}

/* ---- FastRPB ---------------------------------------------------------------------------------------- */

static void test_fast_rpb_worked_example(void) {
    float w[] = {1, 2, 3, 4, 5, 6}, v[] = {1, 10, 100, 1000}, z[4];
    const double full[] = {123, 234, 345}, causal[] = {126, 268, 690}, symmetric[] = {543, 434, 345}, image[] = {5667, 6778, 6778, 7889};
    const double square[] = {2 * 11 + 1 * 1100 + 2 * 101 + 1 * 1010, 2 * 11 + 1 * 1100 + 3 * 101 + 2 * 1010,
                             3 * 11 + 2 * 1100 + 2 * 101 + 1 * 1010, 3 * 11 + 2 * 1100 + 3 * 101 + 2 * 1010};
    fa_fast_rpb_options options = FA_FAST_RPB_OPTIONS_INIT;
    fa_tensor wt = DENSE(w, 5), late = DENSE(w + 2, 3), vt = DENSE(v, 3, 1), zt = DENSE(z, 3, 1);
    fa_fast_rpb rpb = {0};
    CHECK(fa_fast_rpb_create(&wt, NULL, &rpb) == FA_OK);
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, NULL, 0, 0) == FA_OK && close_to(z, full, 3));
    CHECK(fa_fast_rpb_destroy(rpb) == FA_OK);
    options.causal = 1;
    CHECK(fa_fast_rpb_create(&wt, &options, &rpb) == FA_OK);
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, NULL, 1, 1) == FA_OK && close_to(z, causal, 3));
    CHECK(fa_fast_rpb_destroy(rpb) == FA_OK);
    options.causal = 0;
    options.symmetric = 1;
    CHECK(fa_fast_rpb_create(&late, &options, &rpb) == FA_OK);
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, NULL, 0, 0) == FA_OK && close_to(z, symmetric, 3));
    CHECK(fa_fast_rpb_destroy(rpb) == FA_OK);

    fa_tensor down = DENSE(w, 3), across = DENSE(w + 3, 3);
    vt = DENSE(v, 4, 1);
    zt = DENSE(z, 4, 1);
    CHECK(fa_fast_rpb_create_grid(&down, &across, NULL, &rpb) == FA_OK);
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, NULL, 0, 0) == FA_OK && close_to(z, image, 4));
    CHECK(fa_fast_rpb_destroy(rpb) == FA_OK);
    CHECK(fa_fast_rpb_create_grid(&down, NULL, NULL, &rpb) == FA_OK);
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, NULL, 0, 0) == FA_OK && close_to(z, square, 4));
    CHECK(fa_fast_rpb_destroy(rpb) == FA_OK);
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, NULL, 0, 0) == FA_ERROR_HANDLE && message_has("fast_rpb"));
}

static void test_fast_rpb_heads_strides_and_selection(void) {
    enum { BATCH = 2, HEADS = 4, VALUE_HEADS = 2, N = 50, ROWS = N + 2, COLUMNS = 6, WIDE = COLUMNS + 3 };
    static float w[HEADS * (2 * N - 1)], v[BATCH * ROWS * VALUE_HEADS * WIDE], z[BATCH * ROWS * HEADS * WIDE], one[COUNT(z)];
    static uint8_t mask[ROWS];
    int32_t lengths[BATCH] = {ROWS, 30};
    fill(w, COUNT(w), 8);
    fill(v, COUNT(v), 9);
    fill(z, COUNT(z), 10);
    memcpy(one, z, sizeof z);
    for (int j = 0; j < ROWS; j++) mask[j] = j % 3 != 0;
    fa_key_selection selection = {sizeof selection, mask, ROWS, lengths, BATCH};
    fa_fast_rpb_options options = FA_FAST_RPB_OPTIONS_INIT;
    options.prefix = options.suffix = 1;
    fa_tensor wt = DENSE(w, HEADS, 2 * N - 1);
    fa_tensor vt = {.data = v, .ndim = 4, .shape = {BATCH, VALUE_HEADS, ROWS, COLUMNS}, .strides = {ROWS * VALUE_HEADS * WIDE, WIDE, VALUE_HEADS * WIDE, 1}};
    fa_tensor zt = {.data = z, .ndim = 4, .shape = {BATCH, HEADS, ROWS, COLUMNS}, .strides = {ROWS * HEADS * WIDE, WIDE, HEADS * WIDE, 1}};
    fa_tensor ot = zt;
    ot.data = one;
    float before[COUNT(z)];
    memcpy(before, z, sizeof z);
    fa_fast_rpb rpb = {0};
    CHECK(fa_fast_rpb_create(&wt, &options, &rpb) == FA_OK);
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, &selection, 1, 1) == FA_OK);
    CHECK(fa_fast_rpb_apply(rpb, &vt, &ot, &selection, 1, 5) == FA_OK);
    CHECK(memcmp(z, one, sizeof z) == 0);
    for (int b = 0; b < BATCH; b++) {
        for (int i = 0; i < ROWS; i++) {
            for (int h = 0; h < HEADS; h++) {
                for (int c = 0; c < WIDE; c++) {
                    int64_t at = ((b * ROWS + i) * HEADS + h) * WIDE + c;
                    double sum = before[at];
                    for (int j = 1; c < COLUMNS && i >= 1 && i <= N && j <= N; j++) {
                        if (mask[j] && j < lengths[b]) sum += (double)w[h * (2 * N - 1) + (i - j) + (N - 1)] * v[((b * ROWS + j) * VALUE_HEADS + h / 2) * WIDE + c];
                    }
                    CHECK(fabs(sum - z[at]) < 1e-4);
                }
            }
        }
    }
    CHECK(fa_fast_rpb_destroy(rpb) == FA_OK);
}

static void test_fast_rpb_errors(void) {
    float w[8] = {1, 2, 3, 4, 5, 6, 7, 8}, v[12] = {0}, z[12];
    set_sentinel(z, COUNT(z));
    fa_fast_rpb_options options = FA_FAST_RPB_OPTIONS_INIT;
    fa_fast_rpb rpb = {77};
    fa_tensor wt = DENSE(w, 5), even = DENSE(w, 4), vt = DENSE(v, 3, 2), zt = DENSE(z, 3, 2), bad;
    CHECK(fa_fast_rpb_create(NULL, NULL, &rpb) == FA_ERROR_NULL && message_has("weights"));
    CHECK(fa_fast_rpb_create(&wt, NULL, NULL) == FA_ERROR_NULL && message_has("fast_rpb"));
    CHECK(fa_fast_rpb_create(&even, NULL, &rpb) == FA_ERROR_SHAPE && message_has("weights is [4]; expected an odd number"));
    options.struct_size = 8;
    CHECK(fa_fast_rpb_create(&wt, &options, &rpb) == FA_ERROR_STRUCT_SIZE && message_has("options.struct_size is 8; expected 32"));
    options = (fa_fast_rpb_options)FA_FAST_RPB_OPTIONS_INIT;
    options.prefix = -1;
    CHECK(fa_fast_rpb_create(&wt, &options, &rpb) == FA_ERROR_ARGUMENT && message_has("prefix is -1; expected"));
    options.prefix = 0;
    options.causal = 2;
    CHECK(fa_fast_rpb_create(&wt, &options, &rpb) == FA_ERROR_ARGUMENT && message_has("causal is 2"));
    options.causal = 1;
    CHECK(fa_fast_rpb_create_grid(&wt, NULL, &options, &rpb) == FA_ERROR_ARGUMENT && message_has("causal"));
    options.causal = 0;
    bad = DENSE(w, 2, 3);
    CHECK(fa_fast_rpb_create_grid(&wt, &bad, &options, &rpb) == FA_ERROR_SHAPE && message_has("horizontal is [2, 3]"));
    CHECK(fa_fast_rpb_create_grid(NULL, &bad, &options, &rpb) == FA_ERROR_NULL && message_has("vertical"));
    w[1] = NAN;
    CHECK(fa_fast_rpb_create(&wt, &options, &rpb) == FA_ERROR_ARGUMENT && message_has("weights[1] is NaN"));
    CHECK(fa_fast_rpb_create_grid(&wt, NULL, &options, &rpb) == FA_ERROR_ARGUMENT && message_has("vertical[1] is NaN"));
    w[1] = 2;
    CHECK(rpb.id == 77);

    CHECK(fa_fast_rpb_create(&wt, &options, &rpb) == FA_OK);
    CHECK(fa_fast_rpb_apply(rpb, NULL, &zt, NULL, 0, 0) == FA_ERROR_NULL && message_has("value"));
    CHECK(fa_fast_rpb_apply(rpb, &vt, NULL, NULL, 0, 0) == FA_ERROR_NULL && message_has("destination"));
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, NULL, 2, 0) == FA_ERROR_ARGUMENT && message_has("add is 2; expected 0 or 1"));
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, NULL, 0, -1) == FA_ERROR_ARGUMENT && message_has("threads"));
    bad = DENSE(v, 4, 2);
    CHECK(fa_fast_rpb_apply(rpb, &bad, &zt, NULL, 0, 0) == FA_ERROR_SHAPE && message_has("value is [1, 1, 4, 2]"));
    bad = DENSE(z, 3, 1);
    CHECK(fa_fast_rpb_apply(rpb, &vt, &bad, NULL, 1, 0) == FA_ERROR_SHAPE && message_has("destination is"));
    bad = DENSE(z + 5, 3, 2);
    fa_tensor meets = DENSE(z, 3, 2);
    CHECK(fa_fast_rpb_apply(rpb, &meets, &bad, NULL, 1, 0) == FA_ERROR_ARGUMENT && message_has("destination"));
    uint8_t mask[3] = {0, 1, 2};
    fa_key_selection selection = {sizeof selection, mask, 3, NULL, 0};
    CHECK(fa_fast_rpb_apply(rpb, &vt, &zt, &selection, 1, 0) == FA_ERROR_ARGUMENT && message_has("key_mask[2]"));
    CHECK(all_sentinel(z, COUNT(z)));
    CHECK(fa_toeplitz_destroy((fa_toeplitz){rpb.id}) == FA_ERROR_HANDLE && fa_fast_rpb_destroy((fa_fast_rpb){UINT64_MAX}) == FA_ERROR_HANDLE);
    CHECK(fa_fast_rpb_destroy(rpb) == FA_OK && fa_fast_rpb_destroy((fa_fast_rpb){0}) == FA_OK);
}

/* ---- Attention -------------------------------------------------------------------------------------- */

static void test_attention_worked_example(void) {
    float q[] = {0, 1, 1, 0, 2, 2}, k[] = {0, 0, 1, 0, 0, 1, 1, 1}, v[] = {1, 2, 3, 4}, bias[6], z[3];
    for (int i = 0; i < 6; i++) bias[i] = logf((float)(i + 1));
    const double all[] = {260.0 / 86, 204.0 / 67, 315.0 / 99}, causal[] = {41.0 / 25, 84.0 / 37, 315.0 / 99};
    const double earlier[] = {1, 36.0 / 21, 123.0 / 51}; /* query_offset 0: row i sees keys 0 ... i */
    fa_attention_shape shape = {sizeof shape, 1, 1, 1, 3, 4, 2, 1};
    fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
    options.feature_map = "elu";
    fa_tensor qt = DENSE(q, 3, 2), kt = DENSE(k, 4, 2), vt = DENSE(v, 4, 1), zt = DENSE(z, 3, 1), bt = DENSE(bias, 6);
    fa_attention a = {0};
    CHECK(fa_attention_create(&shape, &options, &bt, (fa_projection){0}, &a) == FA_OK);
    CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, NULL) == FA_OK);
    CHECK(close_to(z, all, 3));
    CHECK(fa_attention_destroy(a) == FA_OK);

    options.causal = 1;
    CHECK(fa_attention_create(&shape, &options, &bt, (fa_projection){0}, &a) == FA_OK);
    CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, NULL) == FA_OK);
    CHECK(close_to(z, causal, 3));
    CHECK(fa_attention_destroy(a) == FA_OK);

    options.has_query_offset = 1;
    CHECK(fa_attention_create(&shape, &options, &bt, (fa_projection){0}, &a) == FA_OK);
    CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, NULL) == FA_OK);
    CHECK(close_to(z, earlier, 3));
    CHECK(fa_attention_destroy(a) == FA_OK);

    float rq[] = {1, 2, -3}, rk[] = {1, 2, -3, 2, 1, 0}, rv[] = {1, 54};
    const double rolled[] = {5};
    fa_attention_shape rolled_shape = {sizeof shape, 1, 1, 1, 1, 2, 3, 1};
    fa_attention_options rolled_options = FA_ATTENTION_OPTIONS_INIT;
    rolled_options.feature_map = "dpfp";
    rolled_options.nu = 2;
    fa_tensor rqt = DENSE(rq, 1, 3), rkt = DENSE(rk, 2, 3), rvt = DENSE(rv, 2, 1), rzt = DENSE(z, 1, 1);
    CHECK(fa_attention_create(&rolled_shape, &rolled_options, NULL, (fa_projection){0}, &a) == FA_OK);
    CHECK(fa_attention_forward(a, &rqt, &rkt, &rvt, &rzt, NULL, NULL) == FA_OK);
    CHECK(close_to(z, rolled, 1));
    CHECK(fa_attention_destroy(a) == FA_OK);
    rolled_options.nu = -1;
    CHECK(fa_attention_create(&rolled_shape, &rolled_options, NULL, (fa_projection){0}, &a) == FA_ERROR_ARGUMENT && message_has("nu is -1; expected 1"));
    rolled_options.nu = 2;
    rolled_options.feature_map = "elu";
    CHECK(fa_attention_create(&rolled_shape, &rolled_options, NULL, (fa_projection){0}, &a) == FA_ERROR_ARGUMENT && message_has("nu is 2; expected 1"));
}

static void test_attention_report_and_methods(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    static const char *const methods[] = {"direct", "fft"};
    float first[COUNT(p->z)];
    for (int i = 0; i < 2; i++) {
        fa_attention a = {0};
        p->options.method = methods[i];
        CHECK(create(p, &a) == FA_OK);
        CHECK(forward(p, a) == FA_OK);
        CHECK(p->report.struct_size == sizeof(fa_report));
        CHECK(strcmp(p->report.method, methods[i]) == 0 || p->report.fallback_heads > 0);
        CHECK(strcmp(p->report.tier, fa_simd_tier()) == 0);
        CHECK(p->report.repaired_rows >= 0 && p->report.repaired_rows <= B * H * NQ);
        if (i == 0) memcpy(first, p->z, sizeof first);
        for (int e = 0; e < COUNT(first); e++) CHECK(fabsf(first[e] - p->z[e]) < 4e-4f);
        CHECK(fa_attention_destroy(a) == FA_OK);
    }

    /* Without positions every method is admissible, the linear one too. */
    fa_attention a = {0};
    p->options.method = "linear";
    CHECK(fa_attention_create(&p->shape, &p->options, NULL, (fa_projection){0}, &a) == FA_OK);
    CHECK(forward(p, a) == FA_OK && strcmp(p->report.method, "linear") == 0);
    CHECK(fa_attention_destroy(a) == FA_OK);
    free(p);
}

static void test_attention_strides(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    fa_attention a = {0};
    CHECK(create(p, &a) == FA_OK);
    CHECK(forward(p, a) == FA_OK);

    /* The same numbers laid out [B, n, H, d + 3], with gaps that must be neither read nor written. */
    static float q[B * NQ * H * (D + 3)], k[B * NK * HK * (D + 3)], v[B * NK * HK * (DV + 3)], z[B * NQ * H * (DV + 3)];
    for (int64_t i = 0; i < COUNT(q); i++) q[i] = NAN;
    for (int64_t i = 0; i < COUNT(k); i++) k[i] = NAN;
    for (int64_t i = 0; i < COUNT(v); i++) v[i] = NAN;
    set_sentinel(z, COUNT(z));
    for (int b = 0; b < B; b++) {
        for (int h = 0; h < H; h++) {
            for (int i = 0; i < NQ; i++) {
                memcpy(q + ((b * NQ + i) * H + h) * (D + 3), p->q + ((b * H + h) * NQ + i) * D, sizeof(float) * D);
            }
        }
        for (int h = 0; h < HK; h++) {
            for (int j = 0; j < NK; j++) {
                memcpy(k + ((b * NK + j) * HK + h) * (D + 3), p->k + ((b * HK + h) * NK + j) * D, sizeof(float) * D);
                memcpy(v + ((b * NK + j) * HK + h) * (DV + 3), p->v + ((b * HK + h) * NK + j) * DV, sizeof(float) * DV);
            }
        }
    }

    fa_tensor query = {.data = q, .ndim = 4, .shape = {B, H, NQ, D}, .strides = {NQ * H * (D + 3), D + 3, H * (D + 3), 1}};
    fa_tensor key = {.data = k, .ndim = 4, .shape = {B, HK, NK, D}, .strides = {NK * HK * (D + 3), D + 3, HK * (D + 3), 1}};
    fa_tensor value = {.data = v, .ndim = 4, .shape = {B, HK, NK, DV}, .strides = {NK * HK * (DV + 3), DV + 3, HK * (DV + 3), 1}};
    fa_tensor to = {.data = z, .ndim = 4, .shape = {B, H, NQ, DV}, .strides = {NQ * H * (DV + 3), DV + 3, H * (DV + 3), 1}};
    CHECK(fa_attention_forward(a, &query, &key, &value, &to, NULL, NULL) == FA_OK);
    for (int b = 0; b < B; b++) {
        for (int h = 0; h < H; h++) {
            for (int i = 0; i < NQ; i++) {
                const float *row = z + ((b * NQ + i) * H + h) * (DV + 3);
                CHECK(memcmp(row, p->z + ((b * H + h) * NQ + i) * DV, sizeof(float) * DV) == 0);
                CHECK(all_sentinel(row + DV, 3));
            }
        }
    }
    CHECK(fa_attention_destroy(a) == FA_OK);
    free(p);
}

static void test_attention_broadcast_and_reversed_inputs(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    fa_attention a = {0};
    CHECK(create(p, &a) == FA_OK);

    /* Key and value of sequence 0 serve both sequences by a stride of zero. */
    p->key.strides[0] = 0;
    p->value.strides[0] = 0;
    CHECK(forward(p, a) == FA_OK);
    float expected[COUNT(p->z)];
    memcpy(expected, p->z, sizeof expected);
    memcpy(p->k + HK * NK * D, p->k, sizeof(float) * HK * NK * D);
    memcpy(p->v + HK * NK * DV, p->v, sizeof(float) * HK * NK * DV);
    p->key.strides[0] = HK * NK * D;
    p->value.strides[0] = HK * NK * DV;
    CHECK(forward(p, a) == FA_OK);
    CHECK(memcmp(expected, p->z, sizeof expected) == 0);

    /* Queries stored last row first. */
    for (int s = 0; s < B * H; s++) {
        for (int i = 0; i < NQ / 2; i++) {
            float row[D];
            memcpy(row, p->q + (s * NQ + i) * D, sizeof row);
            memcpy(p->q + (s * NQ + i) * D, p->q + (s * NQ + NQ - 1 - i) * D, sizeof row);
            memcpy(p->q + (s * NQ + NQ - 1 - i) * D, row, sizeof row);
        }
    }
    p->query.data = p->q + (NQ - 1) * D;
    p->query.strides[2] = -D;
    CHECK(forward(p, a) == FA_OK);
    CHECK(memcmp(expected, p->z, sizeof expected) == 0);
    CHECK(fa_attention_destroy(a) == FA_OK);
    free(p);
}

static void test_attention_projection_given_is_projection_drawn(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    p->options.seed = 42;
    p->options.projection_kind = "sphere";
    fa_attention drawn = {0}, given = {0};
    fa_projection projection = {0};
    float expected[COUNT(p->z)];
    CHECK(create(p, &drawn) == FA_OK && forward(p, drawn) == FA_OK);
    memcpy(expected, p->z, sizeof expected);
    CHECK(fa_projection_create(M, D, "sphere", 42, &projection) == FA_OK);
    p->options.features = 0;
    CHECK(fa_attention_create(&p->shape, &p->options, &p->bias_tensor, projection, &given) == FA_OK);
    CHECK(fa_projection_destroy(projection) == FA_OK);
    CHECK(forward(p, given) == FA_OK);
    CHECK(memcmp(expected, p->z, sizeof expected) == 0);
    CHECK(fa_attention_destroy(drawn) == FA_OK && fa_attention_destroy(given) == FA_OK);
    free(p);
}

static void test_attention_key_selection(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    fa_attention a = {0};
    CHECK(create(p, &a) == FA_OK);

    /* Lengths and the mask that says the same give the same bits. A sequence of length 0 gives zeros. */
    p->lengths[0] = 7;
    p->lengths[1] = 0;
    p->selection.lengths = p->lengths;
    p->selection.lengths_count = B;
    CHECK(forward(p, a) == FA_OK);
    float expected[COUNT(p->z)];
    memcpy(expected, p->z, sizeof expected);
    for (int i = COUNT(p->z) / B; i < COUNT(p->z); i++) CHECK(p->z[i] == 0);
    for (int b = 0; b < B; b++) {
        for (int j = 0; j < NK; j++) p->mask[b * NK + j] = j < p->lengths[b];
    }
    p->selection.lengths = NULL;
    p->selection.lengths_count = 0;
    p->selection.key_mask = p->mask;
    p->selection.key_mask_count = B * NK;
    CHECK(forward(p, a) == FA_OK);
    CHECK(memcmp(expected, p->z, sizeof expected) == 0);

    /* One mask for all sequences. */
    p->selection.key_mask_count = NK;
    CHECK(forward(p, a) == FA_OK);
    CHECK(memcmp(expected, p->z, sizeof expected / B) == 0);

    /* Keys left out may hold anything. */
    for (int b = 0; b < B; b++) {
        for (int h = 0; h < HK; h++) {
            for (int j = 7; j < NK; j++) {
                p->k[((b * HK + h) * NK + j) * D] = NAN;
                p->v[((b * HK + h) * NK + j) * DV] = INFINITY;
            }
        }
    }
    float once[COUNT(p->z)];
    memcpy(once, p->z, sizeof once);
    CHECK(forward(p, a) == FA_OK);
    CHECK(memcmp(once, p->z, sizeof once) == 0);
    CHECK(fa_attention_destroy(a) == FA_OK);
    free(p);
}

typedef struct error_case {
    const char *name;
    void (*spoil)(problem *);
    fa_status status;
    const char *message;
} error_case;

#define SPOIL(name, ...) \
    static void name(problem *p) { __VA_ARGS__; }

SPOIL(spoil_shape_size, p->shape.struct_size = 8)
SPOIL(spoil_shape_size_newer, p->shape.struct_size += 8)
SPOIL(spoil_options_size, p->options.struct_size = 0)
SPOIL(spoil_batch, p->shape.batch = -1)
SPOIL(spoil_heads, p->shape.heads = -1)
SPOIL(spoil_key_heads, p->shape.key_heads = 3)
SPOIL(spoil_query_length, p->shape.query_length = -1)
SPOIL(spoil_key_length, p->shape.key_length = (int64_t)1 << 33)
SPOIL(spoil_head_dimension, p->shape.head_dimension = 513)
SPOIL(spoil_value_dimension, p->shape.value_dimension = 4097)
SPOIL(spoil_feature_map, p->options.feature_map = "softmax")
SPOIL(spoil_projection_kind, p->options.projection_kind = "")
SPOIL(spoil_method, p->options.method = "FFT")
SPOIL(spoil_features, p->options.features = 4097)
SPOIL(spoil_features_negative, p->options.features = -1)
SPOIL(spoil_elu_features, p->options.feature_map = "elu")
SPOIL(spoil_causal, p->options.causal = 2)
SPOIL(spoil_normalize, p->options.normalize = 3)
SPOIL(spoil_has_query_offset, p->options.has_query_offset = -1)
SPOIL(spoil_query_offset, p->options.has_query_offset = 1; p->options.causal = 1; p->options.query_offset = INT64_MAX)
SPOIL(spoil_causal_more_queries, p->options.causal = 1; p->shape.query_length = NK; p->shape.key_length = NQ)
SPOIL(spoil_threads, p->options.threads = -2)
SPOIL(spoil_qk_scale, p->options.normalize = FA_NO; p->options.qk_scale = NAN)
SPOIL(spoil_qk_scale_negative, p->options.normalize = FA_NO; p->options.qk_scale = -1)
SPOIL(spoil_qk_scale_normalized, p->options.qk_scale = 1)
SPOIL(spoil_tolerance, p->options.tolerance = 0.5f)
SPOIL(spoil_tolerance_nan, p->options.tolerance = NAN)
SPOIL(spoil_method_linear, p->options.method = "linear")
SPOIL(spoil_bias_rank, p->bias_tensor.ndim = 3)
SPOIL(spoil_bias_null, p->bias_tensor.data = NULL)
SPOIL(spoil_bias_length, p->bias_tensor.shape[1]--)
SPOIL(spoil_bias_heads, p->bias_tensor.shape[0] = 3)
SPOIL(spoil_bias_nan, p->bias[3] = NAN)
SPOIL(spoil_bias_infinity, p->bias[3] = INFINITY)

static void test_attention_create_errors(void) {
    static const error_case cases[] = {
        {"shape.struct_size", spoil_shape_size, FA_ERROR_STRUCT_SIZE, "shape.struct_size is 8; expected 64"},
        {"shape.struct_size of a newer header", spoil_shape_size_newer, FA_ERROR_STRUCT_SIZE, "72"},
        {"options.struct_size", spoil_options_size, FA_ERROR_STRUCT_SIZE, "options"},
        {"batch", spoil_batch, FA_ERROR_ARGUMENT, "batch is -1"},
        {"heads", spoil_heads, FA_ERROR_ARGUMENT, "heads is -1"},
        {"key_heads", spoil_key_heads, FA_ERROR_SHAPE, "key_heads is 3; expected a divisor of heads = 4"},
        {"query_length", spoil_query_length, FA_ERROR_ARGUMENT, "query_length is -1"},
        {"key_length", spoil_key_length, FA_ERROR_ARGUMENT, "key_length is 8589934592"},
        {"head_dimension", spoil_head_dimension, FA_ERROR_ARGUMENT, "head_dimension is 513"},
        {"value_dimension", spoil_value_dimension, FA_ERROR_ARGUMENT, "value_dimension is 4097"},
        {"feature_map", spoil_feature_map, FA_ERROR_WORD, "softmax"},
        {"projection_kind", spoil_projection_kind, FA_ERROR_WORD, "projection_kind"},
        {"method", spoil_method, FA_ERROR_WORD, "FFT"},
        {"features", spoil_features, FA_ERROR_ARGUMENT, "4097"},
        {"features negative", spoil_features_negative, FA_ERROR_ARGUMENT, "-1"},
        {"features for elu", spoil_elu_features, FA_ERROR_ARGUMENT, "features is 16"},
        {"causal", spoil_causal, FA_ERROR_ARGUMENT, "causal is 2"},
        {"normalize", spoil_normalize, FA_ERROR_ARGUMENT, "normalize is 3"},
        {"has_query_offset", spoil_has_query_offset, FA_ERROR_ARGUMENT, "has_query_offset"},
        {"query_offset", spoil_query_offset, FA_ERROR_ARGUMENT, "query_offset"},
        {"causal, n_q > n_k", spoil_causal_more_queries, FA_ERROR_SHAPE, ""},
        {"threads", spoil_threads, FA_ERROR_ARGUMENT, "-2"},
        {"qk_scale", spoil_qk_scale, FA_ERROR_ARGUMENT, "NaN"},
        {"qk_scale negative", spoil_qk_scale_negative, FA_ERROR_ARGUMENT, "-1"},
        {"qk_scale of normalised rows", spoil_qk_scale_normalized, FA_ERROR_ARGUMENT, "qk_scale is 1"},
        {"tolerance", spoil_tolerance, FA_ERROR_ARGUMENT, "0.5"},
        {"tolerance NaN", spoil_tolerance_nan, FA_ERROR_ARGUMENT, "NaN"},
        {"method linear with positions", spoil_method_linear, FA_ERROR_ARGUMENT, "inear"},
        {"bias.ndim", spoil_bias_rank, FA_ERROR_SHAPE, "bias.ndim is 3"},
        {"bias.data", spoil_bias_null, FA_ERROR_NULL, "bias.data"},
        {"bias length", spoil_bias_length, FA_ERROR_SHAPE, "bias is [4, 19]; expected [20]"},
        {"bias heads", spoil_bias_heads, FA_ERROR_SHAPE, "bias is [3, 20]"},
        {"bias NaN", spoil_bias_nan, FA_ERROR_ARGUMENT, "bias"},
        {"bias +infinity", spoil_bias_infinity, FA_ERROR_ARGUMENT, "bias"},
    };
    problem *p = malloc(sizeof *p);
    bool all = true;
    for (int i = 0; i < COUNT(cases); i++) {
        fa_attention a = {77};
        make_problem(p);
        cases[i].spoil(p);
        fa_status status = create(p, &a);
        if (status != cases[i].status || !message_has(cases[i].message) || a.id != 77) {
            printf("  %s: %s, \"%s\"\n", cases[i].name, fa_status_string(status), status == FA_OK ? "" : fa_last_error());
            all = false;
        }
    }

    make_problem(p);
    fa_attention a = {77};
    fa_projection projection = {0};
    CHECK(fa_attention_create(NULL, NULL, NULL, (fa_projection){0}, &a) == FA_ERROR_NULL && message_has("shape"));
    CHECK(fa_attention_create(&p->shape, NULL, NULL, (fa_projection){0}, NULL) == FA_ERROR_NULL && message_has("attention"));
    CHECK(fa_attention_create(&p->shape, NULL, NULL, (fa_projection){5}, &a) == FA_ERROR_HANDLE && message_has("projection"));
    CHECK(fa_projection_create(M, D + 1, NULL, 0, &projection) == FA_OK);
    CHECK(fa_attention_create(&p->shape, NULL, NULL, projection, &a) == FA_ERROR_SHAPE && message_has("projection"));
    CHECK(fa_projection_destroy(projection) == FA_OK);
    CHECK(fa_projection_create(M, D, NULL, 0, &projection) == FA_OK);
    p->options.features = M + 1;
    CHECK(fa_attention_create(&p->shape, &p->options, NULL, projection, &a) == FA_ERROR_SHAPE && message_has("features"));
    CHECK(fa_projection_destroy(projection) == FA_OK);
    CHECK(a.id == 77);
    free(p);
    CHECK(all);
}

/* ---- Element types ----------------------------------------------------------------------------------- */

/* Bits of a number rounded to nearest, ties to even; for numbers that float16 has no subnormals or infinities for. */
static uint16_t rounded(float value, int32_t element_type) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (element_type == FA_BFLOAT16) return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude == 0) return (uint16_t)(bits >> 16);
    return (uint16_t)((bits >> 16 & 0x8000u) | (((magnitude + 0xFFFu + (magnitude >> 13 & 1u)) >> 13) - (112u << 10)));
}

static float number(uint16_t bits, int32_t element_type) {
    uint32_t wide = (uint32_t)bits << 16;
    if (element_type == FA_FLOAT16) wide = (bits & 0x7FFFu) == 0 ? wide : ((uint32_t)(bits & 0x8000u) << 16 | (((uint32_t)(bits & 0x7FFFu) << 13) + (112u << 23)));
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

/* Rounds rows where they are to a type, and gives their bits in it. */
static void round_rows(float *rows, uint16_t *bits, int64_t count, int32_t element_type) {
    for (int64_t i = 0; i < count; i++) {
        /* Away from zero: no subnormals. */
        rows[i] = number(bits[i] = rounded(rows[i] + (rows[i] < 0 ? -0.01f : 0.01f), element_type), element_type);
    }
}

static fa_tensor typed(fa_tensor tensor, uint16_t *bits, int32_t element_type) {
    tensor.data = (float *)bits;
    tensor.element_type = element_type;
    return tensor;
}

static bool are_rounded(const uint16_t *bits, const float *values, int64_t count, int32_t element_type) {
    for (int64_t i = 0; i < count; i++) {
        if (bits[i] != rounded(values[i], element_type)) return false;
    }
    return true;
}

/* Query, value and output of one type, keys of the other: the rounded answer to rounded rows, bit by bit. */
static void test_element_types(void) {
    for (int32_t type = FA_FLOAT16; type <= FA_BFLOAT16; type++) {
        problem p;
        make_problem(&p);
        int32_t other = type == FA_FLOAT16 ? FA_BFLOAT16 : FA_FLOAT16;
        uint16_t q[COUNT(p.q)], k[COUNT(p.k)], v[COUNT(p.v)], z[COUNT(p.z)];
        round_rows(p.q, q, COUNT(p.q), type);
        round_rows(p.k, k, COUNT(p.k), other);
        round_rows(p.v, v, COUNT(p.v), type);
        fa_attention attention;
        CHECK(create(&p, &attention) == FA_OK && forward(&p, attention) == FA_OK);
        float expected[COUNT(p.z)];
        memcpy(expected, p.z, sizeof expected);
        fa_tensor query = typed(p.query, q, type), key = typed(p.key, k, other), value = typed(p.value, v, type), output = typed(p.destination, z, type);
        set_sentinel(p.z, COUNT(p.z));
        CHECK(fa_attention_forward(attention, &query, &key, &value, &p.destination, NULL, NULL) == FA_OK && memcmp(expected, p.z, sizeof expected) == 0);
        CHECK(fa_attention_forward(attention, &query, &key, &value, &output, NULL, NULL) == FA_OK && are_rounded(z, expected, COUNT(z), type));
        output.data = p.q;
        CHECK(fa_attention_forward(attention, &p.query, &key, &value, &output, NULL, NULL) == FA_ERROR_ARGUMENT && message_has("destination"));
        CHECK(fa_attention_destroy(attention) == FA_OK);

        float c[] = {1, 2, 3, 4, 5, 6}, x[] = {1, 10, 100, 1000}, y[3];
        uint16_t x16[4], y16[3];
        for (int i = 0; i < 4; i++) x[i] = number(x16[i] = rounded(x[i], type), type);
        fa_tensor coefficients = DENSE(c, 6), xt = DENSE(x, 4, 1), yt = DENSE(y, 3, 1);
        fa_tensor x_typed = typed(xt, x16, type), y_typed = typed(yt, y16, type);
        fa_toeplitz toeplitz;
        CHECK(fa_toeplitz_create(&coefficients, 3, 4, &toeplitz) == FA_OK);
        CHECK(fa_toeplitz_multiply(toeplitz, &xt, &yt, 1) == FA_OK && fa_toeplitz_multiply(toeplitz, &x_typed, &y_typed, 1) == FA_OK);
        CHECK(are_rounded(y16, y, 3, type) && fa_toeplitz_destroy(toeplitz) == FA_OK);

        fa_fast_rpb rpb;
        float w[] = {1, 2, 3, 4, 5, 6, 7}, sum[4] = {1, 2, 3, 4};
        uint16_t sum16[4];
        for (int i = 0; i < 4; i++) sum16[i] = rounded(sum[i], type);
        fa_tensor weights = DENSE(w, 7), st = DENSE(sum, 4, 1), s_typed = typed(st, sum16, type);
        CHECK(fa_fast_rpb_create(&weights, NULL, &rpb) == FA_OK);
        CHECK(fa_fast_rpb_apply(rpb, &xt, &st, NULL, 1, 1) == FA_OK && fa_fast_rpb_apply(rpb, &x_typed, &s_typed, NULL, 1, 1) == FA_OK);
        CHECK(are_rounded(sum16, sum, 4, type) && fa_fast_rpb_destroy(rpb) == FA_OK);

        float features[4 * 64];
        uint16_t features16[4 * 64];
        fa_tensor ft = DENSE(features, 4, 64), f_typed = typed(ft, features16, type);
        fa_attention_options map = FA_ATTENTION_OPTIONS_INIT;
        CHECK(fa_map_features(&map, (fa_projection){0}, &xt, &ft, NULL, 0) == FA_OK && fa_map_features(&map, (fa_projection){0}, &x_typed, &f_typed, NULL, 0) == FA_OK);
        CHECK(are_rounded(features16, features, COUNT(features), type));

        /* What is no row is float32. */
        coefficients.element_type = type;
        CHECK(fa_toeplitz_create(&coefficients, 3, 4, &toeplitz) == FA_ERROR_ARGUMENT && message_has("coefficients.element_type is"));
    }
}

SPOIL(spoil_report_size, p->report.struct_size = 4)
SPOIL(spoil_selection_size, p->selection.struct_size = 4)
SPOIL(spoil_query_null, p->query.data = NULL)
SPOIL(spoil_query_rank, p->query.ndim = 1)
SPOIL(spoil_query_rank_high, p->query.ndim = 5)
SPOIL(spoil_query_rows, p->query.shape[2] = NQ - 1)
SPOIL(spoil_query_extent_zero, p->query.shape[1] = 0)
SPOIL(spoil_query_extent_huge, p->query.shape[1] = INT64_MAX)
SPOIL(spoil_query_last_stride, p->query.strides[3] = 2)
SPOIL(spoil_query_stride_huge, p->query.strides[0] = INT64_MAX)
SPOIL(spoil_query_aligned, p->query.data = (float *)((char *)p->q + 2))
SPOIL(spoil_query_type, p->query.element_type = 3)
SPOIL(spoil_query_type_aligned, p->query.element_type = FA_FLOAT16; p->query.data = (float *)((char *)p->q + 1))
SPOIL(spoil_key_batch, p->key.shape[0] = 1)
SPOIL(spoil_key_columns, p->key.shape[3] = D - 1)
SPOIL(spoil_value_rows, p->value.shape[2] = NK - 1)
SPOIL(spoil_value_heads, p->value.shape[1] = H)
SPOIL(spoil_destination_columns, p->destination.shape[3] = DV - 1)
SPOIL(spoil_destination_is_query, p->destination.data = p->q)
SPOIL(spoil_destination_in_value, p->destination.data = p->v + COUNT(p->v) - 1)
SPOIL(spoil_destination_folds, p->destination.strides[2] = 0)
SPOIL(spoil_destination_rows_meet, p->destination.strides[2] = DV - 1)
SPOIL(spoil_mask_count, p->selection.key_mask = p->mask; p->selection.key_mask_count = NK + 1)
SPOIL(spoil_mask_byte, p->selection.key_mask = p->mask; p->selection.key_mask_count = NK; p->mask[4] = 255)
SPOIL(spoil_mask_null, p->selection.key_mask_count = NK)
SPOIL(spoil_mask_zero, p->selection.key_mask = p->mask)
SPOIL(spoil_lengths_count, p->selection.lengths = p->lengths; p->selection.lengths_count = B + 1)
SPOIL(spoil_lengths_negative, p->selection.lengths = p->lengths; p->selection.lengths_count = B; p->lengths[1] = -1)
SPOIL(spoil_lengths_large, p->selection.lengths = p->lengths; p->selection.lengths_count = B; p->lengths[0] = NK + 1)

static void test_attention_forward_errors(void) {
    static const error_case cases[] = {
        {"report.struct_size", spoil_report_size, FA_ERROR_STRUCT_SIZE, "report.struct_size is 4"},
        {"selection.struct_size", spoil_selection_size, FA_ERROR_STRUCT_SIZE, "selection.struct_size is 4"},
        {"query.data", spoil_query_null, FA_ERROR_NULL, "query.data is NULL"},
        {"query.ndim", spoil_query_rank, FA_ERROR_SHAPE, "query.ndim is 1; expected 2 to 4"},
        {"query.ndim high", spoil_query_rank_high, FA_ERROR_SHAPE, "query.ndim is 5; expected 2 to 4"},
        {"query rows", spoil_query_rows, FA_ERROR_SHAPE, "query"},
        {"query extent 0", spoil_query_extent_zero, FA_ERROR_SHAPE, "query is [2, 0, "},
        {"query extent huge", spoil_query_extent_huge, FA_ERROR_SHAPE, "query.shape[1]"},
        {"query last stride", spoil_query_last_stride, FA_ERROR_SHAPE, "query has last stride 2; expected 1"},
        {"query stride huge", spoil_query_stride_huge, FA_ERROR_SHAPE, "query.strides"},
        {"query alignment", spoil_query_aligned, FA_ERROR_ARGUMENT, "query.data"},
        {"query.element_type", spoil_query_type, FA_ERROR_ARGUMENT, "query.element_type is 3; expected FA_FLOAT32 (0)"},
        {"float16 alignment", spoil_query_type_aligned, FA_ERROR_ARGUMENT, "query.data is not 2-byte aligned"},
        {"key batch", spoil_key_batch, FA_ERROR_SHAPE, "key"},
        {"key columns", spoil_key_columns, FA_ERROR_SHAPE, "key"},
        {"value rows", spoil_value_rows, FA_ERROR_SHAPE, "value"},
        {"value heads", spoil_value_heads, FA_ERROR_SHAPE, "value"},
        {"destination columns", spoil_destination_columns, FA_ERROR_SHAPE, "destination"},
        {"destination is query", spoil_destination_is_query, FA_ERROR_ARGUMENT, "destination"},
        {"destination overlaps value", spoil_destination_in_value, FA_ERROR_ARGUMENT, "destination"},
        {"destination stride 0", spoil_destination_folds, FA_ERROR_ARGUMENT, "destination"},
        {"destination rows meet", spoil_destination_rows_meet, FA_ERROR_ARGUMENT, "destination"},
        {"key_mask count", spoil_mask_count, FA_ERROR_SHAPE, "13"},
        {"key_mask byte", spoil_mask_byte, FA_ERROR_ARGUMENT, "key_mask[4] is 255"},
        {"key_mask NULL", spoil_mask_null, FA_ERROR_NULL, "key_mask"},
        {"key_mask of no bytes", spoil_mask_zero, FA_ERROR_SHAPE, "key_mask_count is 0"},
        {"lengths count", spoil_lengths_count, FA_ERROR_SHAPE, "lengths"},
        {"lengths negative", spoil_lengths_negative, FA_ERROR_ARGUMENT, "-1"},
        {"lengths above n_k", spoil_lengths_large, FA_ERROR_ARGUMENT, "13"},
    };
    problem *p = malloc(sizeof *p), *before = malloc(sizeof *before);
    make_problem(p);
    fa_attention a = {0};
    bool all = true;
    CHECK(create(p, &a) == FA_OK);
    for (int i = 0; i < COUNT(cases); i++) {
        make_problem(p);
        cases[i].spoil(p);
        memcpy(before, p, sizeof *p);
        fa_status status = forward(p, a);
        bool untouched = memcmp(before, p, sizeof *p) == 0;
        if (status != cases[i].status || !message_has(cases[i].message) || !untouched) {
            printf("  %s: %s, \"%s\"%s\n", cases[i].name, fa_status_string(status), status == FA_OK ? "" : fa_last_error(),
                   untouched ? "" : ", memory was written");
            all = false;
        }
    }

    make_problem(p);
    CHECK(fa_attention_forward(a, NULL, &p->key, &p->value, &p->destination, NULL, NULL) == FA_ERROR_NULL && message_has("query"));
    CHECK(fa_attention_forward(a, &p->query, NULL, &p->value, &p->destination, NULL, NULL) == FA_ERROR_NULL && message_has("key"));
    CHECK(fa_attention_forward(a, &p->query, &p->key, NULL, &p->destination, NULL, NULL) == FA_ERROR_NULL && message_has("value"));
    CHECK(fa_attention_forward(a, &p->query, &p->key, &p->value, NULL, NULL, NULL) == FA_ERROR_NULL && message_has("destination"));
    CHECK(forward(p, a) == FA_OK);
    CHECK(fa_attention_destroy(a) == FA_OK);
    CHECK(forward(p, a) == FA_ERROR_HANDLE);
    free(p);
    free(before);
    CHECK(all);
}

/* ---- Positions -------------------------------------------------------------------------------------- */

enum { REACH = 3, BUCKETS = 8, FURTHEST = 16, TERMS = 2 };

/* Parameters for every head, and the definitions of fastattn.h in double. Every b_t stays above -8 within the problem. */
static float clipped_bias[H * (2 * REACH + 1)], t5_bias[H * BUCKETS];
static const float slopes[H] = {0.5f, 0.25f, 0.0f, 0.03125f};
static const float weights[H * TERMS] = {1, 0.25f, 2, 1, 0.5f, 3, 1, 1}, rates[H * TERMS] = {0.5f, 0, 0.1f, 0.3f, 0.01f, 2, 1, 0.125f};
static const float r1[H] = {1, 0.5f, 2, 0.01f}, r2[H] = {0.1f, 1, 0.5f, 3};
static const float factor[H] = {0.02f, 0.5f, 1, 0.1f}, power[H] = {2, 0.5f, 0.25f, 1};

static double clipped_at(int h, int64_t t) {
    return clipped_bias[h * (2 * REACH + 1) + (t < -REACH ? -REACH : t > REACH ? REACH : t) + REACH];
}

/* Where a logarithm of the definition is a whole number, 1e-9 keeps its rounding from deciding. */
static double t5_at(int h, int64_t t, int bidirectional) {
    int64_t distance = bidirectional ? llabs(t) : t < 0 ? -t : 0, side = bidirectional ? BUCKETS / 2 : BUCKETS, exact = side / 2;
    int64_t bucket = distance;
    if (distance >= exact) {
        double steps = log((double)distance / (double)exact) / log((double)FURTHEST / (double)exact) * (double)(side - exact);
        bucket = exact + (int64_t)floor(steps + 1e-9);
        if (bucket > side - 1) bucket = side - 1;
    }
    return t5_bias[h * BUCKETS + bucket + (bidirectional && t > 0 ? side : 0)];
}

static double t5_both_at(int h, int64_t t) { return t5_at(h, t, 1); }
static double t5_past_at(int h, int64_t t) { return t5_at(h, t, 0); }
static double alibi_at(int h, int64_t t) { return -(double)slopes[h] * (double)llabs(t); }

static double exponentials_at(int h, int64_t t) {
    double sum = 0;
    for (int r = 0; r < TERMS; r++) sum += weights[h * TERMS + r] * exp(-(double)rates[h * TERMS + r] * (double)llabs(t));
    return log(sum);
}

static double kerple_log_at(int h, int64_t t) { return -(double)r1[h] * log1p((double)r2[h] * (double)llabs(t)); }
static double kerple_power_at(int h, int64_t t) { return -(double)factor[h] * pow((double)llabs(t), power[h]); }

static fa_tensor constant(const float *data, int32_t ndim, const int64_t *shape) {
    union {
        const float *read;
        float *write;
    } address = {.read = data}; /* Inputs are not written to. */
    return dense(address.write, ndim, shape);
}

#define CONSTANT(data, ...) constant(data, (int32_t)COUNT(((int64_t[]){__VA_ARGS__})), (int64_t[]){__VA_ARGS__})

static fa_status make_clipped(fa_position *position) {
    fa_tensor bias = CONSTANT(clipped_bias, H, 2 * REACH + 1);
    return fa_position_clipped(&bias, position);
}

static fa_status make_t5_both(fa_position *position) {
    fa_tensor bias = CONSTANT(t5_bias, H, BUCKETS);
    return fa_position_t5(&bias, 1, FURTHEST, position);
}

static fa_status make_t5_past(fa_position *position) {
    fa_tensor bias = CONSTANT(t5_bias, H, BUCKETS);
    return fa_position_t5(&bias, 0, FURTHEST, position);
}

static fa_status make_alibi(fa_position *position) {
    fa_tensor given = CONSTANT(slopes, H);
    return fa_position_alibi(&given, position);
}

static fa_status make_exponentials(fa_position *position) {
    fa_tensor given = CONSTANT(weights, H, TERMS), decays = CONSTANT(rates, H, TERMS);
    return fa_position_exponentials(&given, &decays, position);
}

static fa_status make_kerple_log(fa_position *position) {
    fa_tensor first = CONSTANT(r1, H), second = CONSTANT(r2, H);
    return fa_position_kerple_log(&first, &second, position);
}

static fa_status make_kerple_power(fa_position *position) {
    fa_tensor first = CONSTANT(factor, H), second = CONSTANT(power, H);
    return fa_position_kerple_power(&first, &second, position);
}

typedef struct position_kind {
    const char *name;
    fa_status (*make)(fa_position *);
    double (*at)(int, int64_t);
} position_kind;

static const position_kind kinds[] = {
    {"clipped", make_clipped, clipped_at},
    {"t5, both sides", make_t5_both, t5_both_at},
    {"t5, earlier keys", make_t5_past, t5_past_at},
    {"alibi", make_alibi, alibi_at},
    {"exponentials", make_exponentials, exponentials_at},
    {"kerple_log", make_kerple_log, kerple_log_at},
    {"kerple_power", make_kerple_power, kerple_power_at},
};

static void fill_tables(void) {
    fill(clipped_bias, COUNT(clipped_bias), 8);
    fill(t5_bias, COUNT(t5_bias), 9);
}

static bool is_near(const float *got, const float *expected, int64_t count, float most) {
    for (int64_t i = 0; i < count; i++) {
        if (!(fabsf(got[i] - expected[i]) <= most)) return false;
    }
    return true;
}

/* Creates, computes, destroys. */
static fa_status compute(problem *p, const fa_tensor *bias, fa_position position, const char *method) {
    fa_attention a = {0};
    p->options.position = position;
    p->options.method = method;
    fa_status status = fa_attention_create(&p->shape, &p->options, bias, (fa_projection){0}, &a);
    if (status == FA_OK) status = forward(p, a);
    fa_attention_destroy(a);
    return status;
}

static void test_positions_equal_arrays_of_bias(void) {
    static const struct {
        int causal, has_offset, offset;
    } choices[] = {{0, 0, 0}, {0, 1, 5}, {0, 1, -4}, {1, 0, 0}, {1, 1, 1}};
    static const char *const methods[] = {"direct", "auto", "fft"};
    problem *p = malloc(sizeof *p);
    float expected[COUNT(p->z)];
    bool all = true;
    fill_tables();
    for (int kind = 0; kind < COUNT(kinds); kind++) {
        fa_position position = {0};
        CHECK(kinds[kind].make(&position) == FA_OK && position.id != 0);
        for (int choice = 0; choice < COUNT(choices); choice++) {
            make_problem(p);
            p->options.causal = choices[choice].causal;
            p->options.has_query_offset = choices[choice].has_offset;
            p->options.query_offset = choices[choice].offset;
            int origin = choices[choice].has_offset ? choices[choice].offset : choices[choice].causal ? NK - NQ : 0;
            for (int h = 0; h < H; h++) {
                for (int t = 1 - NQ; t < NK; t++) p->bias[h * (NQ + NK - 1) + t + NQ - 1] = (float)kinds[kind].at(h, t - origin);
            }
            CHECK(compute(p, &p->bias_tensor, (fa_position){0}, "direct") == FA_OK);
            memcpy(expected, p->z, sizeof expected);
            for (int method = 0; method < COUNT(methods); method++) {
                set_sentinel(p->z, COUNT(p->z));
                CHECK(compute(p, NULL, position, methods[method]) == FA_OK);

                /* A float b of at most 8 is off by 2.4e-7, and so is exp(b) relative to itself, plus its own rounding of 6e-8; a row
                   is a weighted mean of values of at most 1, so it moves by twice that. Fourier transforms may take the
                   tolerance, 1e-4 of the longest v. */
                float most = method == 0 ? 1e-6f : 1e-6f + 1e-4f * sqrtf(DV);
                if (!is_near(p->z, expected, COUNT(expected), most)) {
                    printf("  %s, causal %d, query_offset %d, %s\n", kinds[kind].name, choices[choice].causal, origin, methods[method]);
                    all = false;
                }
            }
        }
        CHECK(fa_position_destroy(position) == FA_OK);
    }
    free(p);
    CHECK(all);
}

static void test_position_worked_example(void) {
    float q[] = {0, 1, 1, 0, 2, 2}, k[] = {0, 0, 1, 0, 0, 1, 1, 1}, v[] = {1, 2, 3, 4}, slope = logf(2), z[3];
    const double at_zero[] = {55.0 / 28, 47.0 / 20, 41.0 / 14}, at_one[] = {46.0 / 19, 119.0 / 41, 89.0 / 26};
    fa_attention_shape shape = {sizeof shape, 1, 1, 1, 3, 4, 2, 1};
    fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
    options.feature_map = "elu";
    fa_tensor qt = DENSE(q, 3, 2), kt = DENSE(k, 4, 2), vt = DENSE(v, 4, 1), zt = DENSE(z, 3, 1), st = DENSE(&slope, 1);
    CHECK(fa_position_alibi(&st, &options.position) == FA_OK);
    slope = 100; /* Copied. */
    fa_attention a = {0};
    for (int offset = 0; offset < 2; offset++) {
        options.has_query_offset = offset;
        options.query_offset = offset;
        CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &a) == FA_OK);
        CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, NULL) == FA_OK);
        CHECK(close_to(z, offset == 0 ? at_zero : at_one, 3));
        CHECK(fa_attention_destroy(a) == FA_OK);
    }
    CHECK(fa_position_destroy(options.position) == FA_OK);
}

static void test_position_of_one_head_and_strides(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    float expected[COUNT(p->z)], apart[H * 2 * REACH * 2 + H * 2];
    fill_tables();

    /* One row for all heads is that row for each of them. */
    fa_position position = {0};
    for (int h = 1; h < H; h++) memcpy(clipped_bias + h * (2 * REACH + 1), clipped_bias, sizeof(float) * (2 * REACH + 1));
    CHECK(make_clipped(&position) == FA_OK);
    CHECK(compute(p, NULL, position, "direct") == FA_OK);
    CHECK(fa_position_destroy(position) == FA_OK);
    memcpy(expected, p->z, sizeof expected);
    fa_tensor given = CONSTANT(clipped_bias, 2 * REACH + 1);
    CHECK(fa_position_clipped(&given, &position) == FA_OK);
    CHECK(compute(p, NULL, position, "direct") == FA_OK && memcmp(p->z, expected, sizeof expected) == 0);
    CHECK(fa_position_destroy(position) == FA_OK);

    /* Every second number, and heads by a stride of zero. */
    for (int i = 0; i < COUNT(apart); i++) apart[i] = NAN;
    for (int i = 0; i < 2 * REACH + 1; i++) apart[2 * i] = clipped_bias[i];
    given = (fa_tensor){.data = apart, .ndim = 2, .shape = {H, 2 * REACH + 1}, .strides = {0, 2}};
    CHECK(fa_position_clipped(&given, &position) == FA_OK);
    CHECK(compute(p, NULL, position, "direct") == FA_OK && memcmp(p->z, expected, sizeof expected) == 0);
    CHECK(fa_position_destroy(position) == FA_OK);
    free(p);
}

/* Height 3 and width 4 against the definition; one row is a sequence with an array of bias. */
static void test_position_on_a_grid(void) {
    enum { HEIGHT = 3, WIDTH = 4, TOKENS = HEIGHT * WIDTH, ENTRIES = (2 * HEIGHT - 1) * (2 * WIDTH - 1) };
    static float q[H * TOKENS * D], k[H * TOKENS * D], v[H * TOKENS * DV], z[H * TOKENS * DV], line[H * TOKENS * DV], bias[H * ENTRIES];
    static const char *const methods[] = {"direct", "fft"};
    fill(q, COUNT(q), 11);
    fill(k, COUNT(k), 12);
    fill(v, COUNT(v), 13);
    fill(bias, COUNT(bias), 14);
    bias[5] = -INFINITY;
    fa_attention_shape shape = {sizeof shape, 1, H, H, TOKENS, TOKENS, D, DV};
    fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
    options.feature_map = "elu";
    fa_tensor qt = DENSE(q, H, TOKENS, D), kt = DENSE(k, H, TOKENS, D), vt = DENSE(v, H, TOKENS, DV), zt = DENSE(z, H, TOKENS, DV);
    fa_tensor table = DENSE(bias, H, 2 * HEIGHT - 1, 2 * WIDTH - 1);
    fa_attention a = {0};
    fa_position grid = {0};
    CHECK(fa_position_grid(&table, HEIGHT, WIDTH, &grid) == FA_OK);
    options.position = grid;
    for (int method = 0; method < COUNT(methods); method++) {
        options.method = methods[method];
        CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &a) == FA_OK);
        CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, NULL) == FA_OK);
        CHECK(fa_attention_destroy(a) == FA_OK);
        for (int row = 0; row < H * TOKENS; row++) {
            int h = row / TOKENS, i = row % TOKENS;
            double sums[DV] = {0}, total = 0;
            for (int j = 0; j < TOKENS; j++) {
                double dot = 0;
                for (int c = 0; c < D; c++) {
                    double x = q[row * D + c], y = k[(h * TOKENS + j) * D + c];
                    dot += (x > 0 ? x + 1 : exp(x)) * (y > 0 ? y + 1 : exp(y));
                }
                int dy = j / WIDTH - i / WIDTH + HEIGHT - 1, dx = j % WIDTH - i % WIDTH + WIDTH - 1;
                double weight = exp(bias[h * ENTRIES + dy * (2 * WIDTH - 1) + dx]) * dot;
                total += weight;
                for (int c = 0; c < DV; c++) sums[c] += weight * v[(h * TOKENS + j) * DV + c];
            }
            for (int c = 0; c < DV; c++) CHECK(fabs(sums[c] / total - z[row * DV + c]) < 1e-4 * sqrt(DV));
        }
    }

    fa_tensor flat = DENSE(bias, H, 2 * TOKENS - 1), one_row = DENSE(bias, H, 1, 2 * TOKENS - 1);
    fa_position sequence = {0};
    CHECK(fa_position_grid(&one_row, 1, TOKENS, &sequence) == FA_OK);
    options.method = "direct";
    options.position = sequence;
    CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &a) == FA_OK);
    CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, NULL) == FA_OK);
    CHECK(fa_attention_destroy(a) == FA_OK);
    memcpy(line, z, sizeof line);
    options.position = (fa_position){0};
    CHECK(fa_attention_create(&shape, &options, &flat, (fa_projection){0}, &a) == FA_OK);
    CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, NULL) == FA_OK);
    CHECK(fa_attention_destroy(a) == FA_OK);
    CHECK(is_near(line, z, COUNT(z), 1e-6f));

    options.position = grid;
    options.causal = 1;
    CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &a) == FA_ERROR_ARGUMENT && message_has("causal"));
    options.causal = 0;
    shape.key_length = TOKENS + 1;
    CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &a) == FA_ERROR_SHAPE && message_has("12 keys"));
    CHECK(fa_position_destroy(grid) == FA_OK && fa_position_destroy(sequence) == FA_OK);
}

/* A dense position is the array of bias it was made of, to the bit; a T5 table is rounded as asked for; a Swin table comes in by strides. */
static void test_positions_of_published_tables(void) {
    enum { OFFSETS = NQ + NK - 1, BUCKETS = 34, SIDE = 3, ENTRIES = (2 * SIDE - 1) * (2 * SIDE - 1), TOKENS = SIDE * SIDE };
    problem *p = malloc(sizeof *p);
    static float expected[B * H * NQ * DV];
    fa_position position = {77};
    make_problem(p);
    CHECK(compute(p, &p->bias_tensor, (fa_position){0}, "direct") == FA_OK);
    memcpy(expected, p->z, sizeof expected);
    CHECK(fa_position_dense(&p->bias_tensor, NQ, NK + 1, &position) == FA_ERROR_SHAPE && message_has("bias") && position.id == 77);
    CHECK(fa_position_dense(&p->bias_tensor, -1, NK, &position) == FA_ERROR_ARGUMENT && position.id == 77);
    CHECK(fa_position_dense(NULL, NQ, NK, &position) == FA_ERROR_NULL && position.id == 77);
    CHECK(fa_position_dense(&p->bias_tensor, NQ, NK, &position) == FA_OK);
    CHECK(compute(p, NULL, position, "direct") == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    p->shape.query_length--;
    fa_attention a = {0};
    p->options.position = position;
    CHECK(fa_attention_create(&p->shape, &p->options, NULL, (fa_projection){0}, &a) == FA_ERROR_SHAPE);
    CHECK(fa_position_destroy(position) == FA_OK);
    free(p);

    /* 12 is in another bucket of 34 and 27 when logarithms are rounded to float32: the key 12 places off is removed, or not. */
    float table[BUCKETS] = {0}, zeros[13] = {0}, ones[13], z;
    for (int j = 0; j < 13; j++) ones[j] = j == 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) table[bucket] = bucket == 11 ? -INFINITY : 0;
    fa_tensor bias = DENSE(table, BUCKETS), q = DENSE(zeros, 1, 1), k = DENSE(zeros, 13, 1), v = DENSE(ones, 13, 1), out = DENSE(&z, 1, 1);
    fa_attention_shape shape = {sizeof shape, 1, 1, 1, 1, 13, 1, 1};
    static const char *const roundings[] = {"exact", NULL, "float32"};
    for (int i = 0; i < COUNT(roundings); i++) {
        fa_softmax_options options = FA_SOFTMAX_OPTIONS_INIT;
        options.has_query_offset = 1;
        options.query_offset = 12;
        CHECK(fa_position_t5_rounded(&bias, 1, 27, roundings[i], &options.position) == FA_OK);
        CHECK(fa_softmax_create(&shape, &options, NULL, &a) == FA_OK);
        CHECK(fa_attention_forward(a, &q, &k, &v, &out, NULL, NULL) == FA_OK);
        CHECK((z == 0) == (i < 2));
        CHECK(fa_attention_destroy(a) == FA_OK && fa_position_destroy(options.position) == FA_OK);
    }
    CHECK(fa_position_t5_rounded(&bias, 1, 27, "double", &position) == FA_ERROR_WORD && message_has("rounding is the unknown word 'double'; expected one of exact, float32"));

    /* [entries, H], query minus key, read backwards. */
    static float swin[ENTRIES * H], flipped[H * ENTRIES], x[H * TOKENS], first[H * TOKENS], second[H * TOKENS];
    fill(swin, COUNT(swin), 21);
    fill(x, COUNT(x), 22);
    for (int h = 0; h < H; h++)
        for (int e = 0; e < ENTRIES; e++) flipped[h * ENTRIES + e] = swin[(ENTRIES - 1 - e) * H + h];
    fa_tensor strided = {.data = swin + (ENTRIES - 1) * H, .ndim = 3, .shape = {H, 2 * SIDE - 1, 2 * SIDE - 1}, .strides = {1, -(2 * SIDE - 1) * H, -H}};
    fa_tensor contiguous = DENSE(flipped, H, 2 * SIDE - 1, 2 * SIDE - 1), *tables[] = {&strided, &contiguous};
    fa_tensor rows = DENSE(x, H, TOKENS, 1), outs[] = {DENSE(first, H, TOKENS, 1), DENSE(second, H, TOKENS, 1)};
    fa_attention_shape window = {sizeof window, 1, H, H, TOKENS, TOKENS, 1, 1};
    for (int i = 0; i < 2; i++) {
        fa_softmax_options options = FA_SOFTMAX_OPTIONS_INIT;
        CHECK(fa_position_grid(tables[i], SIDE, SIDE, &options.position) == FA_OK);
        CHECK(fa_softmax_create(&window, &options, NULL, &a) == FA_OK);
        CHECK(fa_attention_forward(a, &rows, &rows, &rows, &outs[i], NULL, NULL) == FA_OK);
        CHECK(fa_attention_destroy(a) == FA_OK && fa_position_destroy(options.position) == FA_OK);
    }
    CHECK(memcmp(first, second, sizeof first) == 0);
}

/* One column, w = [0; 1]: a query of 1 has M = 1, so its features are e^-1.5 + 1/2 and e^-0.5 + 1/2, a key of 0 has e^-1 + 1/2 twice. */
static void test_feature_epsilon(void) {
    float w[] = {0, 1}, q = 1, k[] = {0, 1}, v[] = {0, 1}, z = 0;
    fa_tensor wt = DENSE(w, 2, 1), qt = DENSE(&q, 1, 1), kt = DENSE(k, 2, 1), vt = DENSE(v, 2, 1), zt = DENSE(&z, 1, 1);
    fa_attention_shape shape = {sizeof shape, 1, 1, 1, 1, 2, 1, 1};
    fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
    fa_projection projection = {0};
    fa_attention a = {0};
    options.normalize = FA_NO;
    options.feature_epsilon = 0.5f;
    CHECK(fa_projection_from_values(&wt, &projection) == FA_OK);
    CHECK(fa_attention_create(&shape, &options, NULL, projection, &a) == FA_OK);
    CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, NULL) == FA_OK && fa_attention_destroy(a) == FA_OK);
    double low = exp(-1.5) + 0.5, high = exp(-0.5) + 0.5, zero = exp(-1) + 0.5;
    CHECK(fabs(z - (low * low + high * high) / (low * low + high * high + (low + high) * zero)) < 1e-6);
    CHECK(fa_projection_destroy(projection) == FA_OK);

    options.feature_epsilon = -1;
    CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &a) == FA_ERROR_ARGUMENT && message_has("feature_epsilon is -1"));
    options.feature_epsilon = 1;
    options.feature_map = "elu";
    CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &a) == FA_ERROR_ARGUMENT && message_has("feature_epsilon is 1; expected none"));
}

/* Rows of equal entries lose all with their mean, so every product of features is 1: two keys, and a floor of 8. */
static void test_denominator_floor(void) {
    float q[] = {3, 3}, k[] = {1, 1, 2, 2}, v[] = {4, 12}, z = 0;
    fa_tensor qt = DENSE(q, 1, 2), kt = DENSE(k, 2, 2), vt = DENSE(v, 2, 1), zt = DENSE(&z, 1, 1);
    fa_attention_shape shape = {sizeof shape, 1, 1, 1, 1, 2, 2, 1};
    static const float floors[] = {0, 8}, expected[] = {8, 2};
    fa_schoenbat_options options = FA_SCHOENBAT_OPTIONS_INIT;
    fa_attention a = {0};
    for (int i = 0; i < 3; i++) {
        /* The last time as a program that was compiled before there was one: it is not read. */
        options.denominator_floor = floors[i % 2 | (i == 2)];
        if (i == 2) options.struct_size = offsetof(fa_schoenbat_options, denominator_floor);
        CHECK(fa_schoenbat_create(&shape, &options, NULL, (fa_maclaurin){0}, &a) == FA_OK);
        CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, NULL) == FA_OK && fa_attention_destroy(a) == FA_OK);
        CHECK(fabs(z - expected[i % 2]) < 1e-6);
    }
    options.struct_size = sizeof options;
    options.denominator_floor = -1;
    CHECK(fa_schoenbat_create(&shape, &options, NULL, (fa_maclaurin){0}, &a) == FA_ERROR_ARGUMENT && message_has("denominator_floor is -1"));
}

/* Methods that need structure, forced where it is, against the direct sum. */
static void test_special_tokens_beside_a_grid(void) {
    /* One column, features elu(0) + 1 = 1 of every query and key, so weights are the coefficients: 1 token before a grid of 1 x 2, 1 after. */
    float q[4] = {0}, v[4] = {1, 10, 100, 1000}, z[4], table[3], to_grid[2], from_grid[2], among[4];
    static const float numbers[] = {2, 3, 5}, special[] = {7, 11, 13, 17, 19, 23, 29, 31};
    for (int i = 0; i < 3; i++) table[i] = logf(numbers[i]);
    for (int i = 0; i < 2; i++) to_grid[i] = logf(special[i]), from_grid[i] = logf(special[2 + i]);
    for (int i = 0; i < 4; i++) among[i] = logf(special[4 + i]);
    static const double c[4][4] = {{19, 7, 7, 23}, {13, 3, 5, 17}, {13, 2, 3, 17}, {29, 11, 11, 31}};
    fa_attention_shape shape = {sizeof shape, 1, 1, 1, 4, 4, 1, 1};
    fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
    options.feature_map = "elu";
    fa_tensor qt = DENSE(q, 4, 1), vt = DENSE(v, 4, 1), zt = DENSE(z, 4, 1), bias = DENSE(table, 1, 3);
    fa_tensor to = DENSE(to_grid, 2), from = DENSE(from_grid, 1, 2), pairs = DENSE(among, 2, 2), wrong = DENSE(among, 4);
    fa_attention a = {0};
    fa_position x = {77};
    CHECK(fa_position_grid_special(&bias, 1, 2, 1, 1, &to, &from, &wrong, &x) == FA_ERROR_SHAPE && message_has("special_to_special.ndim is 1"));
    CHECK(fa_position_grid_special(&bias, 1, 2, 1, 1, &wrong, &from, &pairs, &x) == FA_ERROR_SHAPE && message_has("special_to_grid is [4]; expected [2]"));
    CHECK(fa_position_grid_special(&bias, 1, 2, -1, 1, NULL, NULL, NULL, &x) == FA_ERROR_ARGUMENT && message_has("prefix is -1"));
    CHECK(fa_position_grid_special(&bias, 1, 2, 1000, 25, NULL, NULL, NULL, &x) == FA_ERROR_ARGUMENT && message_has("suffix is 25"));
    CHECK(x.id == 77);
    CHECK(fa_position_grid_special(&bias, 1, 2, 1, 1, &to, &from, &pairs, &options.position) == FA_OK);
    CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &a) == FA_OK);
    CHECK(fa_attention_forward(a, &qt, &qt, &vt, &zt, NULL, NULL) == FA_OK && fa_attention_destroy(a) == FA_OK);
    for (int i = 0; i < 4; i++) {
        double sum = 0, total = 0;
        for (int j = 0; j < 4; j++) sum += c[i][j] * v[j], total += c[i][j];
        CHECK(fabs(z[i] - sum / total) < 1e-4 * 1000);
    }
    CHECK(fa_position_destroy(options.position) == FA_OK);
}

static void test_features(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    static float q[B * H * NQ * M], k[B * HK * NK * M], z[B * H * NQ * DV];
    double scales[B * HK * NK];
    fa_tensor qf = DENSE(q, B, H, NQ, M), kf = DENSE(k, B, HK, NK, M), zt = DENSE(z, B, H, NQ, DV);
    fa_projection none = {0};
    int64_t count = 77;
    fa_attention a = {0};
    p->options.feature_map = "relu";
    CHECK(fa_feature_count(&p->options, none, D, &count) == FA_OK && count == M);
    CHECK(fa_map_features(&p->options, none, &p->query, &qf, NULL, 0) == FA_OK);
    CHECK(fa_map_features(&p->options, none, &p->key, &kf, scales, COUNT(scales)) == FA_OK);
    for (int i = 0; i < COUNT(k); i++) k[i] *= (float)exp(scales[i / M]);
    CHECK(create(p, &a) == FA_OK && forward(p, a) == FA_OK && fa_attention_destroy(a) == FA_OK);

    p->options = (fa_attention_options)FA_ATTENTION_OPTIONS_INIT;
    p->options.feature_map = "given";
    p->shape.head_dimension = M;
    CHECK(create(p, &a) == FA_OK);
    CHECK(fa_attention_forward(a, &qf, &kf, &p->value, &zt, NULL, NULL) == FA_OK);
    CHECK(is_near(z, p->z, COUNT(z), 2e-4f * 3));
    k[5] = -1;
    set_sentinel(z, COUNT(z));
    CHECK(fa_attention_forward(a, &qf, &kf, &p->value, &zt, NULL, NULL) == FA_ERROR_ARGUMENT && message_has("key[0, 0, 0, 5] is -1") && message_has("signed_features"));
    CHECK(all_sentinel(z, COUNT(z)) && fa_attention_destroy(a) == FA_OK);
    p->options.signed_features = 1;
    CHECK(create(p, &a) == FA_OK && fa_attention_forward(a, &qf, &kf, &p->value, &zt, NULL, NULL) == FA_OK && fa_attention_destroy(a) == FA_OK);

    p->options.feature_map = "elu";
    CHECK(fa_feature_count(&p->options, none, D, &count) == FA_ERROR_ARGUMENT && message_has("signed_features is true"));
    p->options.signed_features = 0;
    CHECK(fa_feature_count(NULL, none, 0, &count) == FA_ERROR_ARGUMENT && message_has("head_dimension is 0"));
    CHECK(fa_feature_count(NULL, none, D, NULL) == FA_ERROR_NULL && count == M);
    CHECK(fa_map_features(&p->options, none, &p->query, &qf, NULL, 0) == FA_ERROR_SHAPE && message_has("features is [2, 4, 9, 16]; expected [2, 4, 9, 8]"));
    CHECK(fa_map_features(NULL, none, &p->query, &p->query, NULL, 0) == FA_ERROR_SHAPE);
    CHECK(fa_map_features(&p->options, none, &p->query, &p->query, NULL, 0) == FA_ERROR_ARGUMENT && message_has("features shares memory with rows"));
    CHECK(fa_map_features(&p->options, none, &p->key, &kf, scales, 3) == FA_ERROR_SHAPE && message_has("log_scales_count is 3; expected one a row, 48"));
    CHECK(fa_map_features(&p->options, none, &p->key, &kf, NULL, 3) == FA_ERROR_NULL && message_has("log_scales"));
    free(p);
}

static void test_query_offsets(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    static float each[COUNT(p->z)];
    int64_t offsets[B] = {5, -2};
    enum { PART = COUNT(p->z) / B };
    fa_attention a = {0};
    p->options.causal = 1;
    for (int b = 0; b < B; b++) {
        p->options.has_query_offset = 1;
        p->options.query_offset = offsets[b];
        CHECK(create(p, &a) == FA_OK && forward(p, a) == FA_OK && fa_attention_destroy(a) == FA_OK);
        memcpy(each + b * PART, p->z + b * PART, PART * sizeof *each);
    }
    p->options.query_offsets = offsets;
    p->options.query_offsets_count = B;
    CHECK(create(p, &a) == FA_ERROR_ARGUMENT && message_has("query_offsets is given beside query_offset = -2"));
    p->options.has_query_offset = 0;
    CHECK(create(p, &a) == FA_OK && forward(p, a) == FA_OK && fa_attention_destroy(a) == FA_OK);
    CHECK(memcmp(each, p->z, sizeof each) == 0);
    p->options.query_offsets_count = 1;
    CHECK(create(p, &a) == FA_ERROR_SHAPE && message_has("query_offsets has 1 entries; expected one a sequence, 2"));
    offsets[1] = (int64_t)1 << 40;
    p->options.query_offsets_count = B;
    CHECK(create(p, &a) == FA_ERROR_ARGUMENT && message_has("query_offsets[1] is 1099511627776"));
    p->options.query_offsets = NULL;
    CHECK(create(p, &a) == FA_ERROR_NULL && message_has("query_offsets"));

    /* Programs compiled before the other systems' options had them. */
    CHECK(sizeof(fa_schoenbat_options) == 120 && sizeof(fa_softmax_options) == 56 && sizeof(fa_gaussian_options) == 56);
    fa_softmax_options softmax = {.struct_size = 40, .query_offsets_count = -1};
    fa_gaussian_options gaussian = {.struct_size = 40, .query_offsets_count = -1};
    fa_schoenbat_options schoenbat = {.struct_size = 96, .query_offsets_count = -1};
    CHECK(fa_softmax_create(&p->shape, &softmax, NULL, &a) == FA_OK && fa_attention_destroy(a) == FA_OK);
    CHECK(fa_gaussian_create(&p->shape, &gaussian, NULL, &a) == FA_OK && fa_attention_destroy(a) == FA_OK);
    CHECK(fa_schoenbat_create(&p->shape, &schoenbat, NULL, (fa_maclaurin){0}, &a) == FA_OK && fa_attention_destroy(a) == FA_OK);
    softmax.struct_size = sizeof softmax;
    CHECK(fa_softmax_create(&p->shape, &softmax, NULL, &a) == FA_ERROR_NULL && message_has("query_offsets"));
    free(p);
}

static void test_empty_calls(void) {
    problem *p = malloc(sizeof *p);
    for (int axis = 0; axis < 3; axis++) {
        make_problem(p);
        int64_t *sizes[] = {&p->shape.batch, &p->shape.query_length, &p->shape.key_length};
        *sizes[axis] = 0;
        fa_tensor tensors[] = {p->query, p->key, p->value, p->destination};
        for (int t = 0; t < 4; t++) {
            tensors[t].shape[0] = p->shape.batch;
            tensors[t].shape[2] = t == 0 || t == 3 ? p->shape.query_length : p->shape.key_length;
            if (tensors[t].shape[0] * tensors[t].shape[2] == 0) tensors[t].data = NULL;
        }
        p->selection.key_mask = p->mask;
        p->selection.key_mask_count = p->shape.batch * p->shape.key_length;
        p->selection.lengths = p->lengths;
        p->selection.lengths_count = p->shape.batch;
        memset(p->lengths, 0, sizeof p->lengths);
        fa_attention made[4] = {{0}};
        fa_tensor bias = DENSE(p->bias, H, axis == 1 ? NK - 1 : axis == 2 ? NQ - 1 : NQ + NK - 1);
        CHECK(fa_attention_create(&p->shape, &p->options, &bias, (fa_projection){0}, &made[0]) == FA_OK);
        CHECK(fa_softmax_create(&p->shape, NULL, NULL, &made[1]) == FA_OK);
        CHECK(fa_skyformer_create(&p->shape, NULL, &made[2]) == FA_OK);
        CHECK(fa_schoenbat_create(&p->shape, NULL, NULL, (fa_maclaurin){0}, &made[3]) == FA_OK);
        for (int i = 0; i < 4; i++) {
            set_sentinel(p->z, COUNT(p->z));
            CHECK(fa_attention_forward(made[i], &tensors[0], &tensors[1], &tensors[2], &tensors[3], &p->selection, &p->report) == FA_OK);
            float expected = axis == 2 ? 0 : SENTINEL;
            for (int e = 0; e < COUNT(p->z); e++) CHECK(p->z[e] == expected);
            CHECK(fa_attention_destroy(made[i]) == FA_OK);
        }
    }

    float y[6] = {1, 2, 3, 4, 5, 6}, w[2] = {1, 2};
    fa_tensor c = DENSE(w, 2), nothing = {.ndim = 2, .shape = {0, 2}, .strides = {2, 1}}, out = DENSE(y, 3, 2), no_weights = {.ndim = 1, .shape = {0}, .strides = {1}};
    fa_toeplitz t = {0};
    CHECK(fa_toeplitz_create(&c, 3, 0, &t) == FA_OK && fa_toeplitz_multiply(t, &nothing, &out, 0) == FA_OK && fa_toeplitz_destroy(t) == FA_OK);
    for (int i = 0; i < 6; i++) CHECK(y[i] == 0);
    fa_fast_rpb rpb = {0};
    CHECK(fa_fast_rpb_create(&no_weights, NULL, &rpb) == FA_OK && fa_fast_rpb_apply(rpb, &nothing, &nothing, NULL, 0, 0) == FA_OK);
    CHECK(fa_fast_rpb_destroy(rpb) == FA_OK);
    p->selection.key_mask_count = 0;
    make_problem(p);
    p->selection.key_mask = p->mask;
    fa_attention a = {0};
    CHECK(create(p, &a) == FA_OK && forward(p, a) == FA_ERROR_SHAPE && message_has("key_mask_count is 0") && fa_attention_destroy(a) == FA_OK);
    free(p);
}

static void test_position_methods(void) {
    enum { TOKENS = 3000, COLUMNS = 4 };
    float table[] = {0.0f, -1.0f, 0.5f}, slope = 0.01f, one = 1.0f, tenth = 0.1f;
    fa_tensor bias = DENSE(table, 3), slope_tensor = DENSE(&slope, 1), first = DENSE(&one, 1), second = DENSE(&tenth, 1);
    fa_position positions[3] = {{0}, {0}, {0}};
    static const char *const methods[] = {"band", "decay", "multipole"};
    CHECK(fa_position_clipped(&bias, &positions[0]) == FA_OK);
    CHECK(fa_position_alibi(&slope_tensor, &positions[1]) == FA_OK);
    CHECK(fa_position_kerple_log(&first, &second, &positions[2]) == FA_OK);

    static float q[TOKENS * COLUMNS], k[TOKENS * COLUMNS], v[TOKENS * COLUMNS], z[TOKENS * COLUMNS], direct[TOKENS * COLUMNS];
    fill(q, COUNT(q), 15);
    fill(k, COUNT(k), 16);
    fill(v, COUNT(v), 17);
    fa_attention_shape shape = {sizeof shape, 1, 1, 1, TOKENS, TOKENS, COLUMNS, COLUMNS};
    fa_tensor qt = DENSE(q, TOKENS, COLUMNS), kt = DENSE(k, TOKENS, COLUMNS), vt = DENSE(v, TOKENS, COLUMNS);
    fa_tensor zt = DENSE(z, TOKENS, COLUMNS), dt = DENSE(direct, TOKENS, COLUMNS);
    for (int i = 0; i < COUNT(methods); i++) {
        fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
        options.position = positions[i];
        fa_attention a = {0}, exact = {0};
        fa_report report = FA_REPORT_INIT;
        options.method = methods[i];
        CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &a) == FA_OK);
        options.method = "direct";
        CHECK(fa_attention_create(&shape, &options, NULL, (fa_projection){0}, &exact) == FA_OK);
        CHECK(fa_attention_forward(a, &qt, &kt, &vt, &zt, NULL, &report) == FA_OK && strcmp(report.method, methods[i]) == 0);
        CHECK(fa_attention_forward(exact, &qt, &kt, &vt, &dt, NULL, NULL) == FA_OK);
        CHECK(is_near(z, direct, COUNT(z), 1e-4f * sqrtf(COLUMNS) + 1e-5f));
        CHECK(fa_attention_destroy(a) == FA_OK && fa_attention_destroy(exact) == FA_OK);
    }
    for (int i = 0; i < 3; i++) CHECK(fa_position_destroy(positions[i]) == FA_OK);

    /* Noise has no tail of any kind, and the message says which. */
    static float noise[2 * TOKENS - 1];
    fill(noise, COUNT(noise), 18);
    fa_tensor noise_tensor = DENSE(noise, 2 * TOKENS - 1);
    static const char *const reasons[] = {
        "no side where exp(bias) is constant or almost zero", "no side where exp(bias) is exponential, constant or almost zero", "is not smooth"};
    for (int i = 0; i < COUNT(methods); i++) {
        fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
        fa_attention a = {77};
        options.method = methods[i];
        CHECK(fa_attention_create(&shape, &options, &noise_tensor, (fa_projection){0}, &a) == FA_ERROR_ARGUMENT && a.id == 77);
        CHECK(message_has("method is") && message_has(methods[i]) && message_has(reasons[i]));
    }
}

static void test_position_options(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    fa_attention a = {77};
    fa_position position = {0}, stale = {0};
    fill_tables();
    CHECK(make_alibi(&position) == FA_OK && make_alibi(&stale) == FA_OK && fa_position_destroy(stale) == FA_OK);
    p->options.position = position;
    CHECK(create(p, &a) == FA_ERROR_ARGUMENT && message_has("bias") && message_has("options.position"));
    p->options.method = "linear";
    CHECK(fa_attention_create(&p->shape, &p->options, NULL, (fa_projection){0}, &a) == FA_ERROR_ARGUMENT && message_has("linear"));
    p->options.method = NULL;
    p->shape.heads = p->shape.key_heads = 3;
    CHECK(fa_attention_create(&p->shape, &p->options, NULL, (fa_projection){0}, &a) == FA_ERROR_SHAPE && message_has("position has 4 heads; expected 1 or 3"));
    p->shape.heads = H;
    p->shape.key_heads = HK;
    p->options.position = stale;
    CHECK(fa_attention_create(&p->shape, &p->options, NULL, (fa_projection){0}, &a) == FA_ERROR_HANDLE && message_has("position"));
    fa_projection projection = {0};
    CHECK(fa_projection_create(M, D, NULL, 0, &projection) == FA_OK);
    p->options.position.id = projection.id;
    CHECK(fa_attention_create(&p->shape, &p->options, NULL, (fa_projection){0}, &a) == FA_ERROR_HANDLE && message_has("position"));
    CHECK(fa_projection_destroy((fa_projection){position.id}) == FA_ERROR_HANDLE && fa_position_destroy((fa_position){projection.id}) == FA_ERROR_HANDLE);
    CHECK(fa_projection_destroy(projection) == FA_OK);
    CHECK(fa_position_destroy(stale) == FA_ERROR_HANDLE && message_has("position"));
    CHECK(fa_position_destroy((fa_position){0}) == FA_OK);
    CHECK(fa_position_destroy((fa_position){UINT64_MAX}) == FA_ERROR_HANDLE);
    CHECK(a.id == 77);

    /* A program compiled before options had a position, nu, or a feature_epsilon says so by its size, and what follows is not read. */
    CHECK(sizeof(fa_attention_options) == 120 && offsetof(fa_attention_options, position) == 80 && offsetof(fa_attention_options, nu) == 88);
    CHECK(offsetof(fa_attention_options, feature_epsilon) == 96 && offsetof(fa_attention_options, query_offsets) == 104);
    float expected[COUNT(p->z)];
    CHECK(compute(p, &p->bias_tensor, (fa_position){0}, "direct") == FA_OK);
    memcpy(expected, p->z, sizeof expected);
    p->options.nu = 5; /* refused by this map, but not read, as are those after it */
    p->options.feature_epsilon = -1;
    p->options.signed_features = 5;
    p->options.query_offsets_count = -1;
    p->options.struct_size = 80;
    CHECK(compute(p, &p->bias_tensor, position, "direct") == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    CHECK(compute(p, &p->bias_tensor, stale, "direct") == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    p->options.struct_size = 88;
    p->options.position = (fa_position){0};
    CHECK(compute(p, &p->bias_tensor, (fa_position){0}, "direct") == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    p->options.struct_size = 96;
    p->options.nu = 0;
    p->options.signed_features = 5;
    p->options.query_offsets_count = -1;
    CHECK(compute(p, &p->bias_tensor, (fa_position){0}, "direct") == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    static const uint64_t others[] = {0, 72, 79, 84, 87, 95, 100, 104, 112, UINT64_MAX};
    for (int i = 0; i < COUNT(others); i++) {
        p->options.struct_size = others[i];
        CHECK(create(p, &a) == FA_ERROR_STRUCT_SIZE && message_has("options.struct_size") && message_has("120"));
    }
    CHECK(fa_position_destroy(position) == FA_OK);
    free(p);
}

static void test_position_errors(void) {
    float six[6] = {1, 2, 3, 4, 5, 6}, nan[3] = {1, NAN, 1}, infinite[3] = {1, INFINITY, 1}, removed[3] = {1, -INFINITY, 1};
    float negative[3] = {1, -1, 1}, zero[3] = {1, 0, 1}, large[3] = {1, 2.5f, 2};
    fa_tensor three = DENSE(six, 3), two = DENSE(six, 2), even = DENSE(six, 2, 2), odd = DENSE(six, 2, 3), four = DENSE(six, 4), one = DENSE(six, 1);
    fa_tensor deep = DENSE(six, 1, 1, 3), none = DENSE(six, 3), empty = DENSE(six, 3), moved = DENSE(six, 1);
    fa_tensor not_number = DENSE(nan, 3), not_finite = DENSE(infinite, 3), minus = DENSE(removed, 3), below = DENSE(negative, 3);
    fa_tensor with_zero = DENSE(zero, 3), above = DENSE(large, 3), columns = DENSE(six, 1, 3);
    fa_tensor nan_row = DENSE(nan, 1, 3), infinite_row = DENSE(infinite, 1, 3), minus_row = DENSE(removed, 1, 3);
    none.data = NULL;
    empty.shape[0] = 0;
    moved.data = (float *)((char *)six + 2);
    fa_position x = {77};
    int64_t huge = (int64_t)1 << 40;

#define REFUSED(call, expected, text)                                                                              \
    do {                                                                                                           \
        fa_status got = (call);                                                                                    \
        if (got != (expected) || !message_has(text) || x.id != 77) {                                               \
            printf("  %s: %s, \"%s\"\n", #call, fa_status_string(got), got == FA_OK ? "" : fa_last_error());       \
            all = false;                                                                                           \
        }                                                                                                          \
    } while (0)
    bool all = true;

    REFUSED(fa_position_clipped(&three, NULL), FA_ERROR_NULL, "position is NULL");
    REFUSED(fa_position_clipped(NULL, &x), FA_ERROR_NULL, "bias is NULL");
    REFUSED(fa_position_clipped(&none, &x), FA_ERROR_NULL, "bias.data is NULL");
    REFUSED(fa_position_clipped(&moved, &x), FA_ERROR_ARGUMENT, "bias.data");
    REFUSED(fa_position_clipped(&empty, &x), FA_ERROR_SHAPE, "bias has 0 values");
    REFUSED(fa_position_clipped(&deep, &x), FA_ERROR_SHAPE, "bias.ndim is 3; expected 1 to 2");
    REFUSED(fa_position_clipped(&two, &x), FA_ERROR_SHAPE, "odd number");
    REFUSED(fa_position_clipped(&even, &x), FA_ERROR_SHAPE, "odd number");
    REFUSED(fa_position_clipped(&not_number, &x), FA_ERROR_ARGUMENT, "bias");
    REFUSED(fa_position_clipped(&not_finite, &x), FA_ERROR_ARGUMENT, "bias");

    REFUSED(fa_position_t5(&four, 1, 0, NULL), FA_ERROR_NULL, "position is NULL");
    REFUSED(fa_position_t5(NULL, 1, 0, &x), FA_ERROR_NULL, "bias is NULL");
    REFUSED(fa_position_t5(&odd, 1, 0, &x), FA_ERROR_SHAPE, "even number");
    REFUSED(fa_position_t5(&two, 1, 0, &x), FA_ERROR_SHAPE, "at least 4");
    REFUSED(fa_position_t5(&one, 0, 0, &x), FA_ERROR_SHAPE, "at least 2");
    REFUSED(fa_position_t5(&not_number, 0, 0, &x), FA_ERROR_ARGUMENT, "bias");
    REFUSED(fa_position_t5(&not_finite, 0, 0, &x), FA_ERROR_ARGUMENT, "bias");
    REFUSED(fa_position_t5(&four, 2, 0, &x), FA_ERROR_ARGUMENT, "bidirectional is 2; expected 0 or 1");
    REFUSED(fa_position_t5(&four, -1, 0, &x), FA_ERROR_ARGUMENT, "bidirectional is -1");
    REFUSED(fa_position_t5(&four, 1, 1, &x), FA_ERROR_ARGUMENT, "max_distance is 1; expected more than 1");
    REFUSED(fa_position_t5(&four, 0, 2, &x), FA_ERROR_ARGUMENT, "max_distance is 2; expected more than 2");
    REFUSED(fa_position_t5(&four, 1, -128, &x), FA_ERROR_ARGUMENT, "max_distance is -128");
    REFUSED(fa_position_t5(&four, 1, huge, &x), FA_ERROR_ARGUMENT, "max_distance is 1099511627776");

    REFUSED(fa_position_alibi(&three, NULL), FA_ERROR_NULL, "position is NULL");
    REFUSED(fa_position_alibi(NULL, &x), FA_ERROR_NULL, "slopes is NULL");
    REFUSED(fa_position_alibi(&columns, &x), FA_ERROR_SHAPE, "slopes.ndim is 2");
    REFUSED(fa_position_alibi(&below, &x), FA_ERROR_ARGUMENT, "slopes");
    REFUSED(fa_position_alibi(&not_number, &x), FA_ERROR_ARGUMENT, "slopes");
    REFUSED(fa_position_alibi(&not_finite, &x), FA_ERROR_ARGUMENT, "slopes");
    REFUSED(fa_position_alibi(&minus, &x), FA_ERROR_ARGUMENT, "slopes");

    REFUSED(fa_position_exponentials(&three, &three, NULL), FA_ERROR_NULL, "position is NULL");
    REFUSED(fa_position_exponentials(NULL, &three, &x), FA_ERROR_NULL, "weights is NULL");
    REFUSED(fa_position_exponentials(&three, NULL, &x), FA_ERROR_NULL, "rates is NULL");
    REFUSED(fa_position_exponentials(&three, &two, &x), FA_ERROR_SHAPE, "rates is [2]; expected [3]");
    REFUSED(fa_position_exponentials(&even, &four, &x), FA_ERROR_SHAPE, "rates is [4]; expected [2, 2]");
    REFUSED(fa_position_exponentials(&deep, &three, &x), FA_ERROR_SHAPE, "weights.ndim is 3");
    REFUSED(fa_position_exponentials(&with_zero, &three, &x), FA_ERROR_ARGUMENT, "weights");
    REFUSED(fa_position_exponentials(&not_finite, &three, &x), FA_ERROR_ARGUMENT, "weights");
    REFUSED(fa_position_exponentials(&not_number, &three, &x), FA_ERROR_ARGUMENT, "weights");
    REFUSED(fa_position_exponentials(&three, &below, &x), FA_ERROR_ARGUMENT, "rates");
    REFUSED(fa_position_exponentials(&three, &not_number, &x), FA_ERROR_ARGUMENT, "rates");

    REFUSED(fa_position_kerple_log(&three, &three, NULL), FA_ERROR_NULL, "position is NULL");
    REFUSED(fa_position_kerple_log(NULL, &three, &x), FA_ERROR_NULL, "r1 is NULL");
    REFUSED(fa_position_kerple_log(&three, NULL, &x), FA_ERROR_NULL, "r2 is NULL");
    REFUSED(fa_position_kerple_log(&three, &two, &x), FA_ERROR_SHAPE, "r2");
    REFUSED(fa_position_kerple_log(&columns, &three, &x), FA_ERROR_SHAPE, "r1.ndim is 2");
    REFUSED(fa_position_kerple_log(&with_zero, &three, &x), FA_ERROR_ARGUMENT, "r1");
    REFUSED(fa_position_kerple_log(&three, &not_number, &x), FA_ERROR_ARGUMENT, "r2");

    REFUSED(fa_position_kerple_power(&three, &three, NULL), FA_ERROR_NULL, "position is NULL");
    REFUSED(fa_position_kerple_power(NULL, &three, &x), FA_ERROR_NULL, "a is NULL");
    REFUSED(fa_position_kerple_power(&three, NULL, &x), FA_ERROR_NULL, "p is NULL");
    REFUSED(fa_position_kerple_power(&three, &two, &x), FA_ERROR_SHAPE, "p has 2");
    REFUSED(fa_position_kerple_power(&not_finite, &three, &x), FA_ERROR_ARGUMENT, "a");
    REFUSED(fa_position_kerple_power(&three, &above, &x), FA_ERROR_ARGUMENT, "2.5");
    REFUSED(fa_position_kerple_power(&three, &with_zero, &x), FA_ERROR_ARGUMENT, "p");

    REFUSED(fa_position_grid(&columns, 1, 2, NULL), FA_ERROR_NULL, "position is NULL");
    REFUSED(fa_position_grid(NULL, 1, 2, &x), FA_ERROR_NULL, "bias is NULL");
    REFUSED(fa_position_grid(&three, 1, 2, &x), FA_ERROR_SHAPE, "bias.ndim is 1");
    REFUSED(fa_position_grid(&columns, 2, 1, &x), FA_ERROR_SHAPE, "bias is [1, 3]; expected [3, 1]");
    REFUSED(fa_position_grid(&columns, 0, 2, &x), FA_ERROR_ARGUMENT, "height is 0");
    REFUSED(fa_position_grid(&columns, 1, -2, &x), FA_ERROR_ARGUMENT, "width is -2");
    REFUSED(fa_position_grid(&columns, huge, 1, &x), FA_ERROR_ARGUMENT, "height is 1099511627776");
    REFUSED(fa_position_grid(&nan_row, 1, 2, &x), FA_ERROR_ARGUMENT, "bias");
    REFUSED(fa_position_grid(&infinite_row, 1, 2, &x), FA_ERROR_ARGUMENT, "bias");
#undef REFUSED
    CHECK(all);

    /* -infinity removes pairs where the kind is a table; max_distance 0 is 128. */
    CHECK(fa_position_clipped(&minus, &x) == FA_OK && fa_position_destroy(x) == FA_OK);
    CHECK(fa_position_grid(&minus_row, 1, 2, &x) == FA_OK && fa_position_destroy(x) == FA_OK);
    CHECK(fa_position_t5(&minus, 0, 0, &x) == FA_OK && fa_position_destroy(x) == FA_OK);
}

/* ---- SchoenbAt -------------------------------------------------------------------------------------- */

static fa_status from_values(const int32_t *degrees, int64_t count, const int8_t *signs, int64_t signs_count, fa_maclaurin *draw) {
    return fa_maclaurin_from_values(degrees, count, signs, signs_count, D, "log", 1, 0, draw);
}

static void test_maclaurin_drawn_and_read_back(void) {
    static int32_t degrees[40], again[40];
    static int8_t signs[40 * 20 * D], other[40 * 20 * D];
    int64_t shape[4];
    fa_maclaurin first = {0}, restored = {0}, literal = {0};
    CHECK(fa_maclaurin_create(41, D, NULL, 7, 0, 0, &first) == FA_OK);
    CHECK(fa_maclaurin_shape(first, shape) == FA_OK && shape[0] == 41 && shape[1] == D && shape[2] == 40);
    int64_t count = shape[3] * D;
    CHECK(fa_maclaurin_degrees(first, degrees, 40) == FA_OK && fa_maclaurin_signs(first, signs, count) == FA_OK);
    int64_t sum = 0;
    for (int i = 0; i < 40; i++) sum += degrees[i];
    CHECK(sum == shape[3]);
    for (int64_t i = 0; i < count; i++) CHECK(signs[i] == 1 || signs[i] == -1);

    CHECK(fa_maclaurin_from_values(degrees, 40, signs, count, D, NULL, 0, 0, &restored) == FA_OK);
    CHECK(fa_maclaurin_degrees(restored, again, 40) == FA_OK && memcmp(degrees, again, sizeof degrees) == 0);
    CHECK(fa_maclaurin_signs(restored, other, count) == FA_OK && memcmp(signs, other, (size_t)count) == 0);

    /* What fastattn.h's text and the C# documentation give. */
    CHECK(fa_maclaurin_create(40, D, "sqrt", 7, 0, 1, &literal) == FA_OK);
    CHECK(fa_maclaurin_shape(literal, shape) == FA_OK && shape[2] == 40);
    CHECK(fa_maclaurin_destroy(first) == FA_OK && fa_maclaurin_destroy(restored) == FA_OK && fa_maclaurin_destroy(literal) == FA_OK);
    CHECK(fa_maclaurin_destroy((fa_maclaurin){0}) == FA_OK && fa_maclaurin_destroy(first) == FA_ERROR_HANDLE && message_has("draw"));

    CHECK(fa_maclaurin_create(13, 4, "exp", 0, 0, 0, &first) == FA_OK && fa_maclaurin_degrees(first, degrees, 12) == FA_OK);
    CHECK(memcmp(degrees, ((int32_t[]){1, 1, 6, 1, 1, 2, 2, 1}), 8 * sizeof *degrees) == 0);
    CHECK(fa_maclaurin_destroy(first) == FA_OK);
}

static void test_maclaurin_errors(void) {
    const int32_t degrees[2] = {2, 3};
    int8_t signs[5 * D];
    int64_t shape[4];
    fa_maclaurin draw = {77};
    memset(signs, 1, sizeof signs);
    CHECK(fa_maclaurin_create(1, D, NULL, 0, 0, 0, &draw) == FA_ERROR_ARGUMENT && message_has("features is 1; expected 2"));
    CHECK(fa_maclaurin_create(4097, D, NULL, 0, 0, 0, &draw) == FA_ERROR_ARGUMENT && message_has("features is 4097"));
    CHECK(fa_maclaurin_create(64, 513, NULL, 0, 0, 0, &draw) == FA_ERROR_ARGUMENT && message_has("dimension is 513"));
    CHECK(fa_maclaurin_create(64, D, "cosh", 0, 0, 0, &draw) == FA_ERROR_WORD && message_has("kernel"));
    CHECK(fa_maclaurin_create(64, D, NULL, 0, 3, 0, &draw) == FA_ERROR_ARGUMENT && message_has("exact_degrees is 3"));
    CHECK(fa_maclaurin_create(64, D, NULL, 0, 1, 1, &draw) == FA_ERROR_ARGUMENT && message_has("exact_degrees is 1; expected 0"));
    CHECK(fa_maclaurin_create(64, D, NULL, 0, 0, 2, &draw) == FA_ERROR_ARGUMENT && message_has("literal is 2"));
    CHECK(fa_maclaurin_create(64, D, NULL, 0, 0, 0, NULL) == FA_ERROR_NULL && message_has("draw"));
    CHECK(from_values(NULL, 2, signs, COUNT(signs), &draw) == FA_ERROR_NULL && message_has("degrees"));
    CHECK(from_values(degrees, 0, signs, 0, &draw) == FA_ERROR_SHAPE && message_has("degrees"));
    CHECK(from_values(degrees, 2, NULL, COUNT(signs), &draw) == FA_ERROR_NULL && message_has("signs"));
    CHECK(from_values(degrees, 2, signs, COUNT(signs) - 1, &draw) == FA_ERROR_SHAPE && message_has("signs"));
    signs[9] = 0;
    CHECK(from_values(degrees, 2, signs, COUNT(signs), &draw) == FA_ERROR_ARGUMENT && message_has("signs[9] is 0"));
    signs[9] = -1;
    CHECK(from_values((int32_t[]){2, 1}, 2, signs, 3 * D, &draw) == FA_ERROR_ARGUMENT && message_has("degrees[1] is 1; expected 2"));
    CHECK(draw.id == 77);
    CHECK(from_values(degrees, 2, signs, COUNT(signs), &draw) == FA_OK);
    CHECK(fa_maclaurin_shape(draw, NULL) == FA_ERROR_NULL && message_has("shape"));
    CHECK(fa_maclaurin_shape((fa_maclaurin){5}, shape) == FA_ERROR_HANDLE && message_has("draw"));
    CHECK(fa_maclaurin_shape(draw, shape) == FA_OK && shape[0] == 1 + D + 2 && shape[3] == 5);
    CHECK(fa_maclaurin_degrees(draw, NULL, 2) == FA_ERROR_NULL && message_has("degrees"));
    CHECK(fa_maclaurin_degrees(draw, (int32_t[3]){0}, 3) == FA_ERROR_SHAPE && message_has("degrees has room for 3"));
    CHECK(fa_maclaurin_signs(draw, signs, 7) == FA_ERROR_SHAPE && message_has("signs has room for 7"));
    CHECK(fa_maclaurin_destroy(draw) == FA_OK);
}

static void test_schoenbat_worked_example(void) {
    float q[2] = {2, 0}, k[4] = {3, 1, 0, 5}, v[2] = {0, 10}, z[1];
    const int8_t signs[4] = {1, -1, 1, -1};
    const double expected[1] = {4.292893};
    fa_maclaurin draw = {0};
    fa_attention a = {0};
    fa_tensor query = DENSE(q, 1, 2), key = DENSE(k, 2, 2), value = DENSE(v, 2, 1), destination = DENSE(z, 1, 1);
    fa_attention_shape shape = {sizeof shape, 1, 1, 1, 1, 2, 2, 1};
    CHECK(fa_maclaurin_from_values((int32_t[]){2}, 1, signs, 4, 2, "inv", 1, 0, &draw) == FA_OK);
    CHECK(fa_schoenbat_create(&shape, NULL, NULL, draw, &a) == FA_OK);
    CHECK(fa_maclaurin_destroy(draw) == FA_OK);
    CHECK(fa_attention_forward(a, &query, &key, &value, &destination, NULL, NULL) == FA_OK && close_to(z, expected, 1));
    CHECK(fa_attention_destroy(a) == FA_OK);
}

/* Runs SchoenbAt on the problem's tensors with its bias or without. */
static fa_status schoenbat(problem *p, const fa_schoenbat_options *options, const fa_tensor *bias, fa_maclaurin draw) {
    fa_attention a = {0};
    fa_status status = fa_schoenbat_create(&p->shape, options, bias, draw, &a);
    if (status == FA_OK) status = forward(p, a);
    fa_attention_destroy(a);
    return status;
}

static void test_schoenbat_options(void) {
    problem *p = malloc(sizeof *p);
    static float expected[B * H * NQ * DV], gamma[H * DV], beta[DV];
    fa_schoenbat_options options = FA_SCHOENBAT_OPTIONS_INIT;
    fa_maclaurin draw = {0};
    const fa_maclaurin none = {0};
    make_problem(p);
    CHECK(schoenbat(p, NULL, NULL, none) == FA_OK && strcmp(p->report.method, "auto") != 0);
    memcpy(expected, p->z, sizeof expected);

    /* Zero options are the defaults, and a draw of theirs is the one they draw. */
    CHECK(schoenbat(p, &options, NULL, none) == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    CHECK(fa_maclaurin_create(128, D, NULL, 0, 0, 0, &draw) == FA_OK);
    CHECK(schoenbat(p, &options, NULL, draw) == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    options.features = 128;
    options.kernel = "exp";
    options.literal = FA_NO;
    CHECK(schoenbat(p, &options, NULL, draw) == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);

    /* gamma and beta. */
    fill(gamma, COUNT(gamma), 5);
    for (int c = 0; c < DV; c++) beta[c] = 0.5f + 0.25f * (float)c;
    fa_tensor factor = DENSE(gamma, H, DV), power = DENSE(beta, DV);
    options.gamma = &factor;
    CHECK(schoenbat(p, &options, NULL, none) == FA_OK);
    for (int i = 0; i < COUNT(p->z); i++) CHECK(p->z[i] == gamma[i / (NQ * DV) % H * DV + i % DV] * expected[i]);
    options.beta = &power;
    CHECK(schoenbat(p, &options, NULL, none) == FA_OK);
    for (int i = 0; i < COUNT(p->z); i++) {
        double z = gamma[i / (NQ * DV) % H * DV + i % DV] * copysign(pow(fabs((double)expected[i]), beta[i % DV]), expected[i]);
        CHECK(fabs(p->z[i] - z) <= 3e-7 * fabs(z));
    }
    fa_tensor one = DENSE(gamma, 1);
    options.gamma = &one;
    options.beta = NULL;
    CHECK(schoenbat(p, &options, NULL, none) == FA_OK && p->z[COUNT(p->z) - 1] == gamma[0] * expected[COUNT(expected) - 1]);

    /* A bias, a position, causality, masks: every method gives what the direct one does. */
    fa_schoenbat_options plain = FA_SCHOENBAT_OPTIONS_INIT;
    plain.exact_degrees = 1;
    plain.causal = 1;
    plain.method = "direct";
    p->selection.key_mask = p->mask;
    p->selection.key_mask_count = NK;
    p->mask[3] = 0;
    CHECK(schoenbat(p, &plain, &p->bias_tensor, none) == FA_OK && strcmp(p->report.method, "direct") == 0);
    memcpy(expected, p->z, sizeof expected);
    plain.method = "fft";
    CHECK(schoenbat(p, &plain, &p->bias_tensor, none) == FA_OK && is_near(p->z, expected, COUNT(p->z), 1e-4f));
    plain.method = "linear";
    CHECK(schoenbat(p, &plain, NULL, none) == FA_OK && strcmp(p->report.method, "linear") == 0);
    CHECK(make_alibi(&plain.position) == FA_OK);
    plain.method = NULL;
    CHECK(schoenbat(p, &plain, NULL, none) == FA_OK);
    CHECK(schoenbat(p, &plain, &p->bias_tensor, none) == FA_ERROR_ARGUMENT && message_has("options.position"));
    CHECK(fa_position_destroy(plain.position) == FA_OK);
    CHECK(schoenbat(p, &plain, NULL, none) == FA_ERROR_HANDLE && message_has("position"));
    CHECK(fa_maclaurin_destroy(draw) == FA_OK);
    free(p);
}

static void test_schoenbat_errors(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    fa_maclaurin draw = {0}, narrow = {0};
    const fa_maclaurin none = {0};
    CHECK(fa_maclaurin_create(40, D, "log", 0, 1, 0, &draw) == FA_OK && fa_maclaurin_create(40, D - 1, NULL, 0, 0, 0, &narrow) == FA_OK);
    fa_tensor two = DENSE(p->q, 2), zero = DENSE(p->z, 1);
    p->z[0] = 0;
    struct {
        fa_schoenbat_options options;
        fa_maclaurin draw;
        fa_status status;
        const char *message;
    } cases[] = {
        {{.struct_size = 8}, none, FA_ERROR_STRUCT_SIZE, "options.struct_size is 8"},
        {{.struct_size = sizeof(fa_schoenbat_options), .kernel = "cosh"}, none, FA_ERROR_WORD, "kernel"},
        {{.struct_size = sizeof(fa_schoenbat_options), .method = "fast"}, none, FA_ERROR_WORD, "method"},
        {{.struct_size = sizeof(fa_schoenbat_options), .features = 1}, none, FA_ERROR_ARGUMENT, "features is 1; expected 2"},
        {{.struct_size = sizeof(fa_schoenbat_options), .features = 9, .exact_degrees = 1}, none, FA_ERROR_ARGUMENT, "features is 9; expected 10"},
        {{.struct_size = sizeof(fa_schoenbat_options), .exact_degrees = 3}, none, FA_ERROR_ARGUMENT, "exact_degrees is 3"},
        {{.struct_size = sizeof(fa_schoenbat_options), .exact_degrees = 1, .literal = FA_YES}, none, FA_ERROR_ARGUMENT, "exact_degrees is 1"},
        {{.struct_size = sizeof(fa_schoenbat_options), .literal = 3}, none, FA_ERROR_ARGUMENT, "literal is 3"},
        {{.struct_size = sizeof(fa_schoenbat_options), .causal = 2}, none, FA_ERROR_ARGUMENT, "causal is 2"},
        {{.struct_size = sizeof(fa_schoenbat_options), .threads = -1}, none, FA_ERROR_ARGUMENT, "threads is -1"},
        {{.struct_size = sizeof(fa_schoenbat_options), .tolerance = 1}, none, FA_ERROR_ARGUMENT, "tolerance is 1"},
        {{.struct_size = sizeof(fa_schoenbat_options), .gamma = &two}, none, FA_ERROR_SHAPE, "gamma is [2]; expected [1], [5] or [4, 5]"},
        {{.struct_size = sizeof(fa_schoenbat_options), .beta = &two}, none, FA_ERROR_SHAPE, "beta is [2]"},
        {{.struct_size = sizeof(fa_schoenbat_options), .beta = &zero}, none, FA_ERROR_ARGUMENT, "beta[0] is 0"},
        {{.struct_size = sizeof(fa_schoenbat_options), .kernel = "exp"}, draw, FA_ERROR_ARGUMENT, "kernel is exp; expected log"},
        {{.struct_size = sizeof(fa_schoenbat_options), .features = 41}, draw, FA_ERROR_SHAPE, "features is 41; expected 40"},
        {{.struct_size = sizeof(fa_schoenbat_options), .exact_degrees = 2}, draw, FA_ERROR_ARGUMENT, "exact_degrees is 2; expected 1"},
        {{.struct_size = sizeof(fa_schoenbat_options), .literal = FA_YES}, draw, FA_ERROR_ARGUMENT, "literal"},
        {{.struct_size = sizeof(fa_schoenbat_options)}, narrow, FA_ERROR_SHAPE, "draw has 7 columns; expected the head dimension 8"},
        {{.struct_size = sizeof(fa_schoenbat_options)}, {5}, FA_ERROR_HANDLE, "draw"},
    };
    bool all = true;
    for (int i = 0; i < COUNT(cases); i++) {
        fa_attention a = {77};
        fa_status status = fa_schoenbat_create(&p->shape, &cases[i].options, NULL, cases[i].draw, &a);
        if (status != cases[i].status || !message_has(cases[i].message) || a.id != 77) {
            printf("  case %d, \"%s\": %s, \"%s\"\n", i, cases[i].message, fa_status_string(status), status == FA_OK ? "" : fa_last_error());
            all = false;
        }
    }

    fa_attention a = {77};
    CHECK(fa_schoenbat_create(NULL, NULL, NULL, none, &a) == FA_ERROR_NULL && message_has("shape"));
    CHECK(fa_schoenbat_create(&p->shape, NULL, NULL, none, NULL) == FA_ERROR_NULL && message_has("attention"));
    CHECK(fa_maclaurin_destroy(draw) == FA_OK && fa_maclaurin_destroy(narrow) == FA_OK);
    free(p);
    CHECK(all);
}

/* ---- Softmax, Gaussian attention and Skyformer ------------------------------------------------------ */

/* Runs a system that was created, or not. */
static fa_status run_created(problem *p, fa_status status, fa_attention a) {
    if (status == FA_OK) status = forward(p, a);
    fa_attention_destroy(a);
    return status;
}

static fa_status softmax(problem *p, const fa_softmax_options *options, const fa_tensor *bias) {
    fa_attention a = {0};
    fa_status status = fa_softmax_create(&p->shape, options, bias, &a);
    return run_created(p, status, a);
}

static fa_status gaussian(problem *p, const fa_gaussian_options *options, const fa_tensor *bias) {
    fa_attention a = {0};
    fa_status status = fa_gaussian_create(&p->shape, options, bias, &a);
    return run_created(p, status, a);
}

static fa_status skyformer(problem *p, const fa_skyformer_options *options) {
    fa_attention a = {0};
    fa_status status = fa_skyformer_create(&p->shape, options, &a);
    return run_created(p, status, a);
}

/* Whether the problem's output is that of the plain formulas, in float64; of softmax, or of the Gaussian kernel. */
static bool is_exact(const problem *p, bool gaussian, bool causal, double scale, const float *bias, const uint8_t *mask) {
    double worst = 0;
    for (int row = 0; row < B * H * NQ; row++) {
        int i = row % NQ, h = row / NQ % H, b = row / NQ / H, keys = (b * HK + h / (H / HK)) * NK;
        double sum[DV] = {0}, total = 0;
        for (int j = 0; j < NK; j++) {
            double score = 0;
            if ((mask && !mask[j]) || (causal && j > i + NK - NQ)) continue;
            for (int c = 0; c < D; c++) {
                double x = p->q[row * D + c], y = p->k[(keys + j) * D + c];
                score += gaussian ? -(x - y) * (x - y) / 2 : x * y;
            }
            double weight = exp(score * scale + (bias ? bias[h * (NQ + NK - 1) + j - i + NQ - 1] : 0));
            total += weight;
            for (int c = 0; c < DV; c++) sum[c] += weight * p->v[(keys + j) * DV + c];
        }
        for (int c = 0; c < DV; c++) worst = fmax(worst, fabs(p->z[row * DV + c] - (gaussian || total == 0 ? sum[c] : sum[c] / total)));
    }
    return worst <= 1e-4;
}

static void test_softmax_and_gaussian(void) {
    problem *p = malloc(sizeof *p);
    fa_softmax_options options = FA_SOFTMAX_OPTIONS_INIT;
    fa_gaussian_options kernel = FA_GAUSSIAN_OPTIONS_INIT;
    const double scale = 1 / sqrt(D);
    make_problem(p);
    CHECK(softmax(p, NULL, NULL) == FA_OK && is_exact(p, false, false, scale, NULL, NULL) && strcmp(p->report.method, "direct") == 0);
    CHECK(gaussian(p, NULL, NULL) == FA_OK && is_exact(p, true, false, scale, NULL, NULL) && strcmp(p->report.method, "direct") == 0);
    options.scale = 0.25f;
    options.causal = kernel.causal = 1;
    p->selection.key_mask = p->mask;
    p->selection.key_mask_count = NK;
    for (int j = 0; j < NK; j++) p->mask[j] = j % 3 != 1;
    CHECK(softmax(p, &options, &p->bias_tensor) == FA_OK && is_exact(p, false, true, 0.25, p->bias, p->mask));
    CHECK(gaussian(p, &kernel, &p->bias_tensor) == FA_OK && is_exact(p, true, true, scale, p->bias, p->mask));

    /* Positions instead of a bias, and their handle. */
    CHECK(make_alibi(&options.position) == FA_OK);
    kernel.position = options.position;
    CHECK(softmax(p, &options, NULL) == FA_OK && gaussian(p, &kernel, NULL) == FA_OK);
    CHECK(softmax(p, &options, &p->bias_tensor) == FA_ERROR_ARGUMENT && message_has("options.position"));
    CHECK(gaussian(p, &kernel, &p->bias_tensor) == FA_ERROR_ARGUMENT && message_has("options.position"));
    CHECK(fa_position_destroy(options.position) == FA_OK);
    CHECK(softmax(p, &options, NULL) == FA_ERROR_HANDLE && gaussian(p, &kernel, NULL) == FA_ERROR_HANDLE && message_has("position"));
    free(p);
}

static void test_skyformer(void) {
    problem *p = malloc(sizeof *p);
    static float expected[B * H * NQ * DV];
    int64_t indices[NQ + NK];
    fa_skyformer_options options = FA_SKYFORMER_OPTIONS_INIT;
    make_problem(p);
    CHECK(skyformer(p, NULL) == FA_OK && strcmp(p->report.method, "linear") == 0);
    memcpy(expected, p->z, sizeof expected);
    CHECK(skyformer(p, &options) == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    options.landmarks = 128;
    options.inverse = "cholesky";
    options.sampling = "uniform";
    options.gamma = 0.1f;
    options.has_gamma = 1;
    CHECK(skyformer(p, &options) == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    options.inverse = "schulz";
    CHECK(skyformer(p, &options) == FA_OK && memcmp(expected, p->z, sizeof expected) != 0);
    options.inverse = "cholesky";
    options.sampling = "replacement";
    CHECK(skyformer(p, &options) == FA_OK && memcmp(expected, p->z, sizeof expected) != 0);
    options.gamma = 0;
    CHECK(skyformer(p, &options) == FA_ERROR_ARGUMENT && message_has("gamma is 0"));
    options.sampling = NULL;

    /* Every row a landmark and no gamma: the exact form. */
    for (int row = 0; row < NQ + NK; row++) indices[row] = row;
    options.inverse = NULL;
    options.landmark_indices = indices;
    options.landmark_indices_count = NQ + NK;
    options.gamma = 0;
    CHECK(skyformer(p, &options) == FA_OK && is_exact(p, true, false, 1 / sqrt(D), NULL, NULL));
    free(p);
}

static void test_score_errors(void) {
    problem *p = malloc(sizeof *p);
    fa_attention a = {77};
    int64_t repeated[2] = {3, 3}, beyond[1] = {NQ + NK}, far[2] = {0, INT64_C(1) << 32};
    make_problem(p);
#define REFUSED(call, code, text) CHECK((call) == (code) && message_has(text) && a.id == 77)
#define SOFTMAX(...) fa_softmax_create(&p->shape, &(fa_softmax_options){sizeof(fa_softmax_options), __VA_ARGS__}, NULL, &a)
#define SKYFORMER(...) fa_skyformer_create(&p->shape, &(fa_skyformer_options){.struct_size = sizeof(fa_skyformer_options), __VA_ARGS__}, &a)
    REFUSED(fa_softmax_create(&p->shape, &(fa_softmax_options){.struct_size = 8}, NULL, &a), FA_ERROR_STRUCT_SIZE, "options.struct_size is 8");
    REFUSED(fa_gaussian_create(&p->shape, &(fa_gaussian_options){.struct_size = 8}, NULL, &a), FA_ERROR_STRUCT_SIZE, "options.struct_size is 8");
    REFUSED(fa_skyformer_create(&p->shape, &(fa_skyformer_options){.struct_size = 8}, &a), FA_ERROR_STRUCT_SIZE, "options.struct_size is 8");
    REFUSED(SOFTMAX(.scale = -1), FA_ERROR_ARGUMENT, "scale is -1");
    REFUSED(SOFTMAX(.causal = 2), FA_ERROR_ARGUMENT, "causal is 2");
    REFUSED(SOFTMAX(.threads = -1), FA_ERROR_ARGUMENT, "threads is -1");
    p->bias_tensor.shape[1]--;
    REFUSED(fa_softmax_create(&p->shape, NULL, &p->bias_tensor, &a), FA_ERROR_SHAPE, "bias");
    REFUSED(fa_gaussian_create(&p->shape, NULL, &p->bias_tensor, &a), FA_ERROR_SHAPE, "bias");
    REFUSED(fa_gaussian_create(&p->shape, &(fa_gaussian_options){.struct_size = sizeof(fa_gaussian_options), .reserved = 1}, NULL, &a), FA_ERROR_ARGUMENT, "reserved is 1");
    REFUSED(SKYFORMER(.reserved = -1), FA_ERROR_ARGUMENT, "reserved is -1");
    REFUSED(SOFTMAX(.has_query_offset = 1, .query_offset = -INT64_C(0x80000001)), FA_ERROR_ARGUMENT, "query_offset is -2147483649; expected at least -2147483648");
    REFUSED(SKYFORMER(.landmark_indices = far, .landmark_indices_count = 2), FA_ERROR_ARGUMENT, "landmark_indices[1] is 4294967296");
    REFUSED(SKYFORMER(.landmarks = -1), FA_ERROR_ARGUMENT, "landmarks is -1");
    REFUSED(SKYFORMER(.landmarks = 5000), FA_ERROR_ARGUMENT, "landmarks is 5000; expected 1");
    REFUSED(SKYFORMER(.inverse = "newton"), FA_ERROR_WORD, "inverse");
    REFUSED(SKYFORMER(.sampling = "all"), FA_ERROR_WORD, "sampling");
    REFUSED(SKYFORMER(.has_gamma = 1, .gamma = -1), FA_ERROR_ARGUMENT, "gamma is -1");
    REFUSED(SKYFORMER(.has_gamma = 2), FA_ERROR_ARGUMENT, "has_gamma is 2");
    REFUSED(SKYFORMER(.landmark_indices = beyond, .landmark_indices_count = 1), FA_ERROR_ARGUMENT, "landmark_indices");
    REFUSED(SKYFORMER(.landmark_indices = repeated, .landmark_indices_count = 2, .has_gamma = 1), FA_ERROR_ARGUMENT, "landmark_indices[1] is 3");
    REFUSED(SKYFORMER(.landmark_indices_count = 2), FA_ERROR_NULL, "landmark_indices");
    REFUSED(fa_softmax_create(NULL, NULL, NULL, &a), FA_ERROR_NULL, "shape");
    REFUSED(fa_gaussian_create(&p->shape, NULL, NULL, NULL), FA_ERROR_NULL, "attention");
    REFUSED(fa_skyformer_create(&p->shape, NULL, NULL), FA_ERROR_NULL, "attention");
#undef REFUSED
#undef SOFTMAX
#undef SKYFORMER
    free(p);
}

/* ---- Threads ---------------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;

static void *fail_in_own_way(void *argument) {
    const char *word = argument;
    char kept[512];
    fa_projection p = {0};
    if (fa_projection_create(M, D, word, 0, &p) != FA_ERROR_WORD) return NULL;
    const char *message = fa_last_error();
    snprintf(kept, sizeof kept, "%s", message);
    pthread_barrier_wait(&barrier);

    /* The other thread has failed too by now, and calls that succeed do not clear the message. */
    if (fa_projection_create(M, D, NULL, 0, &p) != FA_OK || fa_projection_destroy(p) != FA_OK) return NULL;
    bool own = strstr(message, word) != NULL && strcmp(message, kept) == 0 && fa_last_error() == message;
    pthread_barrier_wait(&barrier);
    return own ? argument : NULL;
}

static void test_messages_are_per_thread(void) {
    pthread_t first, second;
    void *first_result, *second_result;
    fa_projection p = {0};
    CHECK(fa_projection_create(M, D, "mine", 0, &p) == FA_ERROR_WORD);
    CHECK(pthread_barrier_init(&barrier, NULL, 2) == 0);
    CHECK(pthread_create(&first, NULL, fail_in_own_way, "gaussian") == 0);
    CHECK(pthread_create(&second, NULL, fail_in_own_way, "hadamard") == 0);
    CHECK(pthread_join(first, &first_result) == 0 && first_result != NULL);
    CHECK(pthread_join(second, &second_result) == 0 && second_result != NULL);
    CHECK(message_has("mine"));
    CHECK(pthread_barrier_destroy(&barrier) == 0);
}

static void test_long_messages_are_cut_at_a_character(void) {
    char word[8192];
    for (size_t i = 0; i + 2 < sizeof word; i += 2) memcpy(word + i, "\xc3\xa9", 2);
    word[sizeof word - 2] = '\0';
    fa_projection p = {0};
    CHECK(fa_projection_create(M, D, word, 0, &p) == FA_ERROR_WORD);
    const char *message = fa_last_error();
    size_t length = strlen(message);
    CHECK(length > 100 && length < 4096);
    CHECK((unsigned char)message[length - 1] != 0xc3);
}

typedef struct shared_work {
    problem p;
    fa_attention attention;
    bool ok;
} shared_work;

static void *forward_many_times(void *argument) {
    shared_work *work = argument;
    float first[COUNT(work->p.z)];
    work->ok = forward(&work->p, work->attention) == FA_OK;
    memcpy(first, work->p.z, sizeof first);
    for (int i = 0; i < 50 && work->ok; i++) {
        set_sentinel(work->p.z, COUNT(work->p.z));
        work->ok = forward(&work->p, work->attention) == FA_OK && memcmp(first, work->p.z, sizeof first) == 0;
    }
    return NULL;
}

static void test_one_handle_many_threads(void) {
    enum { THREADS = 8 };
    fa_attention a = {0};
    pthread_t threads[THREADS];
    shared_work *work = calloc(THREADS, sizeof *work);
    for (int t = 0; t < THREADS; t++) make_problem(&work[t].p);
    CHECK(create(&work[0].p, &a) == FA_OK);
    for (int t = 0; t < THREADS; t++) {
        work[t].attention = a;
        CHECK(pthread_create(&threads[t], NULL, forward_many_times, &work[t]) == 0);
    }
    for (int t = 0; t < THREADS; t++) CHECK(pthread_join(threads[t], NULL) == 0);
    for (int t = 0; t < THREADS; t++) {
        CHECK(work[t].ok);
        CHECK(memcmp(work[t].p.z, work[0].p.z, sizeof work[0].p.z) == 0);
    }
    CHECK(fa_attention_destroy(a) == FA_OK);
    free(work);
}

static void *forward_until_destroyed(void *argument) {
    shared_work *work = argument;
    fa_status status;
    do {
        status = forward(&work->p, work->attention);
    } while (status == FA_OK);
    work->ok = status == FA_ERROR_HANDLE;
    return NULL;
}

static void test_destroying_a_handle_in_use(void) {
    shared_work *work = calloc(2, sizeof *work);
    for (int round = 0; round < 20; round++) {
        fa_attention a = {0};
        pthread_t threads[2];
        for (int t = 0; t < 2; t++) make_problem(&work[t].p);
        CHECK(create(&work[0].p, &a) == FA_OK);
        for (int t = 0; t < 2; t++) {
            work[t].attention = a;
            CHECK(pthread_create(&threads[t], NULL, forward_until_destroyed, &work[t]) == 0);
        }
        CHECK(fa_attention_destroy(a) == FA_OK);
        for (int t = 0; t < 2; t++) CHECK(pthread_join(threads[t], NULL) == 0 && work[t].ok);
    }
    free(work);
}

typedef struct position_work {
    problem p;
    fa_position position;
    bool ok;
} position_work;

/* Attentions of several sizes made from one position by several threads, each computing. */
static void *use_position_many_times(void *argument) {
    position_work *work = argument;
    float first[COUNT(work->p.z)];
    work->ok = true;
    for (int i = 0; i < 40 && work->ok; i++) {
        int length = NK - i % 4;
        make_problem(&work->p);
        work->p.shape.key_length = length;
        work->p.key = DENSE(work->p.k, B, HK, length, D);
        work->p.value = DENSE(work->p.v, B, HK, length, DV);
        work->ok = compute(&work->p, NULL, work->position, "direct") == FA_OK;
        if (i == 0) memcpy(first, work->p.z, sizeof first);
        if (i % 4 == 0) work->ok = work->ok && memcmp(first, work->p.z, sizeof first) == 0;
    }
    memcpy(work->p.z, first, sizeof first);
    return NULL;
}

static void test_one_position_many_threads(void) {
    enum { THREADS = 8 };
    position_work *work = calloc(THREADS, sizeof *work);
    pthread_t threads[THREADS];
    fill_tables();
    for (int kind = 0; kind < COUNT(kinds); kind++) {
        fa_position position = {0};
        CHECK(kinds[kind].make(&position) == FA_OK);
        for (int t = 0; t < THREADS; t++) {
            work[t].position = position;
            CHECK(pthread_create(&threads[t], NULL, use_position_many_times, &work[t]) == 0);
        }
        for (int t = 0; t < THREADS; t++) CHECK(pthread_join(threads[t], NULL) == 0);
        for (int t = 0; t < THREADS; t++) CHECK(work[t].ok && memcmp(work[t].p.z, work[0].p.z, sizeof work[0].p.z) == 0);
        CHECK(fa_position_destroy(position) == FA_OK);
    }
    free(work);
}

static void *create_until_destroyed(void *argument) {
    position_work *work = argument;
    fa_status status;
    do {
        status = compute(&work->p, NULL, work->position, NULL);
    } while (status == FA_OK);
    work->ok = status == FA_ERROR_HANDLE;
    return NULL;
}

static void test_destroying_a_position_in_use(void) {
    problem *p = malloc(sizeof *p);
    make_problem(p);
    fill_tables();

    /* An attention does not need the handle it was made with. */
    float expected[COUNT(p->z)];
    fa_attention a = {0};
    CHECK(make_t5_both(&p->options.position) == FA_OK);
    CHECK(fa_attention_create(&p->shape, &p->options, NULL, (fa_projection){0}, &a) == FA_OK);
    CHECK(forward(p, a) == FA_OK);
    memcpy(expected, p->z, sizeof expected);
    CHECK(fa_position_destroy(p->options.position) == FA_OK);
    set_sentinel(p->z, COUNT(p->z));
    CHECK(forward(p, a) == FA_OK && memcmp(expected, p->z, sizeof expected) == 0);
    CHECK(fa_attention_destroy(a) == FA_OK);
    free(p);

    position_work *work = calloc(2, sizeof *work);
    for (int round = 0; round < 20; round++) {
        fa_position position = {0};
        pthread_t threads[2];
        CHECK(kinds[round % COUNT(kinds)].make(&position) == FA_OK);
        for (int t = 0; t < 2; t++) {
            make_problem(&work[t].p);
            work[t].position = position;
            CHECK(pthread_create(&threads[t], NULL, create_until_destroyed, &work[t]) == 0);
        }
        CHECK(fa_position_destroy(position) == FA_OK);
        for (int t = 0; t < 2; t++) CHECK(pthread_join(threads[t], NULL) == 0 && work[t].ok);
    }
    free(work);
}

int main(void) {
    RUN(test_message_is_empty_before_any_failure);
    RUN(test_library_facts);
    RUN(test_projection_drawn_and_read_back);
    RUN(test_projection_from_strided_values);
    RUN(test_projection_errors);
    RUN(test_the_limit_of_the_runtime_is_named);
    RUN(test_handles_are_checked);
    RUN(test_handle_of_another_kind);
    RUN(test_toeplitz_worked_example);
    RUN(test_toeplitz_heads_and_strided_coefficients);
    RUN(test_toeplitz_errors);
    RUN(test_fast_rpb_worked_example);
    RUN(test_fast_rpb_heads_strides_and_selection);
    RUN(test_fast_rpb_errors);
    RUN(test_attention_worked_example);
    RUN(test_attention_report_and_methods);
    RUN(test_attention_strides);
    RUN(test_attention_broadcast_and_reversed_inputs);
    RUN(test_attention_projection_given_is_projection_drawn);
    RUN(test_attention_key_selection);
    RUN(test_attention_create_errors);
    RUN(test_attention_forward_errors);
    RUN(test_element_types);
    RUN(test_plans_are_told);
    RUN(test_a_check_ends_calls);
    RUN(test_position_worked_example);
    RUN(test_positions_equal_arrays_of_bias);
    RUN(test_position_of_one_head_and_strides);
    RUN(test_position_on_a_grid);
    RUN(test_positions_of_published_tables);
    RUN(test_feature_epsilon);
    RUN(test_denominator_floor);
    RUN(test_special_tokens_beside_a_grid);
    RUN(test_features);
    RUN(test_query_offsets);
    RUN(test_empty_calls);
    RUN(test_position_methods);
    RUN(test_position_options);
    RUN(test_position_errors);
    RUN(test_maclaurin_drawn_and_read_back);
    RUN(test_maclaurin_errors);
    RUN(test_schoenbat_worked_example);
    RUN(test_schoenbat_options);
    RUN(test_schoenbat_errors);
    RUN(test_softmax_and_gaussian);
    RUN(test_skyformer);
    RUN(test_score_errors);
    RUN(test_messages_are_per_thread);
    RUN(test_long_messages_are_cut_at_a_character);
    RUN(test_one_handle_many_threads);
    RUN(test_destroying_a_handle_in_use);
    RUN(test_one_position_many_threads);
    RUN(test_destroying_a_position_in_use);
    return check_summary("caller.c");
}
