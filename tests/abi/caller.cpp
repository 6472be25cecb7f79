// A C++17 program over fastattn.hpp: owners, exceptions, and the same worked example as everywhere.
#include <fastattn.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>
#include <type_traits>
#include <vector>

#include "check.h"

namespace {

bool close_to(const std::vector<float> &got, const std::vector<double> &expected) {
    if (got.size() != expected.size()) return false;
    for (std::size_t i = 0; i < got.size(); i++) {
        if (!(std::fabs(got[i] - expected[i]) <= 2e-5 * std::fabs(expected[i]))) return false;
    }
    return true;
}

template <typename Action>
fa_status status_of(Action action, const char *text) {
    try {
        action();
    } catch (const fastattn::Error &error) {
        return std::strstr(error.what(), text) != nullptr ? error.status() : FA_OK;
    }
    return FA_OK;
}

void test_abi() { fastattn::check_abi(); }

void test_worked_example() {
    const std::vector<float> q{0, 1, 1, 0, 2, 2}, k{0, 0, 1, 0, 0, 1, 1, 1}, v{1, 2, 3, 4};
    std::vector<float> bias(6), z(3);
    for (std::size_t i = 0; i < bias.size(); i++) bias[i] = std::log(static_cast<float>(i + 1));
    fa_attention_shape shape = FA_ATTENTION_SHAPE_INIT;
    shape.batch = shape.heads = shape.key_heads = 1;
    shape.query_length = 3;
    shape.key_length = 4;
    shape.head_dimension = 2;
    shape.value_dimension = 1;
    fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
    options.feature_map = "elu";
    const fa_tensor positions = fastattn::dense(bias.data(), {6});
    const fastattn::Attention attention(shape, options, &positions);
    const fa_report report = attention.forward(fastattn::dense(q.data(), {3, 2}), fastattn::dense(k.data(), {4, 2}),
                                               fastattn::dense(v.data(), {4, 1}), fastattn::dense(z.data(), {3, 1}));
    CHECK(close_to(z, {260.0 / 86, 204.0 / 67, 315.0 / 99}));
    CHECK(std::strlen(report.method) > 0);
    CHECK(std::strcmp(report.tier, fa_simd_tier()) == 0);

    const fa_plan plan = attention.plan();
    CHECK(std::strcmp(plan.method, report.method) == 0 && std::strcmp(plan.tier, report.tier) == 0 && plan.features == 2);
    CHECK(attention.explain().rfind(std::string(plan.method) + " on " + plan.tier + ": ", 0) == 0);
    attention.trim();
}

// Rows of 16 bits: numbers that bfloat16 has, and an output that is rounded to it.
void test_element_types() {
    const std::vector<std::uint16_t> q{0x3F80, 0xBF80}, v{0x4040, 0x40A0};  // 1, -1 and 3, 5
    const std::vector<float> wide_q{1, -1}, wide_v{3, 5};
    std::vector<float> expected(2), z(2);
    std::vector<std::uint16_t> narrow(2);
    fa_attention_shape shape = FA_ATTENTION_SHAPE_INIT;
    shape.batch = shape.heads = shape.key_heads = 1;
    shape.query_length = shape.key_length = 2;
    shape.head_dimension = shape.value_dimension = 1;
    const fastattn::Attention attention = fastattn::Attention::softmax(shape);
    const fa_tensor rows = fastattn::dense(q.data(), FA_BFLOAT16, {2, 1}), values = fastattn::strided(v.data(), FA_BFLOAT16, {2, 1}, {1, 1});
    const fa_tensor wide_rows = fastattn::dense(wide_q.data(), {2, 1});
    attention.forward(wide_rows, wide_rows, fastattn::dense(wide_v.data(), {2, 1}), fastattn::dense(expected.data(), {2, 1}));
    attention.forward(rows, wide_rows, values, fastattn::dense(z.data(), {2, 1}));
    CHECK(z == expected);
    attention.forward(rows, rows, values, fastattn::dense(narrow.data(), FA_BFLOAT16, {2, 1}));
    for (std::size_t i = 0; i < narrow.size(); i++) {
        std::uint32_t bits;
        std::memcpy(&bits, &expected[i], sizeof bits);
        CHECK(narrow[i] == static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16));
    }
}

// The worked example of fastattn.h for positions: c_t = 2^-|t|, and query 0 at position 0 or 1.
void test_worked_example_of_positions() {
    const std::vector<float> q{0, 1, 1, 0, 2, 2}, k{0, 0, 1, 0, 0, 1, 1, 1}, v{1, 2, 3, 4}, slope{std::log(2.0f)};
    std::vector<float> z(3);
    fa_attention_shape shape = FA_ATTENTION_SHAPE_INIT;
    shape.batch = shape.heads = shape.key_heads = 1;
    shape.query_length = 3;
    shape.key_length = 4;
    shape.head_dimension = 2;
    shape.value_dimension = 1;
    fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
    options.feature_map = "elu";
    CHECK(options.position.id == 0);
    for (int offset = 0; offset < 2; offset++) {
        options.has_query_offset = offset;
        options.query_offset = offset;

        // The attention outlives the owner of its position.
        const fastattn::Attention attention = [&] {
            const fastattn::Position position = fastattn::Position::alibi(fastattn::dense(slope.data(), {1}));
            options.position = position.get();
            return fastattn::Attention(shape, options);
        }();
        attention.forward(fastattn::dense(q.data(), {3, 2}), fastattn::dense(k.data(), {4, 2}), fastattn::dense(v.data(), {4, 1}),
                          fastattn::dense(z.data(), {3, 1}));
        CHECK(close_to(z, offset == 0 ? std::vector<double>{55.0 / 28, 47.0 / 20, 41.0 / 14}
                                      : std::vector<double>{46.0 / 19, 119.0 / 41, 89.0 / 26}));
    }
}

// Each factory against an array of bias with the same numbers. Parameters of one head; b_t by the definitions of fastattn.h.
void test_positions_equal_arrays_of_bias() {
    constexpr int length = 12, columns = 3, offset = 2;
    std::vector<float> q(length * columns), k(q.size()), v(q.size()), expected(q.size()), z(q.size()), bias(2 * length - 1);
    for (std::size_t i = 0; i < q.size(); i++) {
        q[i] = std::sin(static_cast<float>(i));
        k[i] = std::cos(static_cast<float>(2 * i));
        v[i] = std::sin(static_cast<float>(3 * i + 1));
    }
    const std::vector<float> table{0.5f, -1, 0.25f, 2, 1}, four{0.5f, -1, 0.25f, 2}, half{0.5f}, tenth{0.1f}, two{2, 0.5f}, fast{0.1f, 1};
    std::vector<float> row(2 * length - 1);
    for (std::size_t i = 0; i < row.size(); i++) row[i] = std::sin(static_cast<float>(5 * i));

    const auto kernel = [&](std::size_t r, int distance) { return static_cast<double>(two[r]) * std::exp(-static_cast<double>(fast[r]) * distance); };
    struct Kind {
        const char *name;
        fastattn::Position position;
        std::function<double(int)> at;
    };
    Kind kinds[] = {
        {"clipped", fastattn::Position::clipped(fastattn::dense(table.data(), {5})),
         [&](int t) { return static_cast<double>(table[static_cast<std::size_t>(std::clamp(t, -2, 2) + 2)]); }},
        {"t5, both sides", fastattn::Position::t5(fastattn::dense(four.data(), {4}), true, 4),
         [&](int t) { return static_cast<double>(four[t == 0 ? 0 : t < 0 ? 1 : 3]); }},
        {"t5, earlier keys", fastattn::Position::t5(fastattn::dense(four.data(), {4}), false, 8),
         [&](int t) { return static_cast<double>(four[t >= 0 ? 0 : t == -1 ? 1 : t > -4 ? 2 : 3]); }},
        {"alibi", fastattn::Position::alibi(fastattn::dense(half.data(), {1})), [](int t) { return -0.5 * std::abs(t); }},
        {"exponentials", fastattn::Position::exponentials(fastattn::dense(two.data(), {2}), fastattn::dense(fast.data(), {2})),
         [&](int t) { return std::log(kernel(0, std::abs(t)) + kernel(1, std::abs(t))); }},
        {"kerple_log", fastattn::Position::kerple_log(fastattn::dense(half.data(), {1}), fastattn::dense(tenth.data(), {1})),
         [&](int t) { return -0.5 * std::log1p(static_cast<double>(tenth[0]) * std::abs(t)); }},
        {"kerple_power", fastattn::Position::kerple_power(fastattn::dense(tenth.data(), {1}), fastattn::dense(half.data(), {1})),
         [&](int t) { return -static_cast<double>(tenth[0]) * std::sqrt(std::abs(t)); }},
        {"grid without special tokens", fastattn::Position::grid_special(fastattn::dense(row.data(), {1, 2 * length - 1}), 1, length, 0, 0, nullptr, nullptr, nullptr),
         [&](int t) { return static_cast<double>(row[static_cast<std::size_t>(t + offset + length - 1)]); }},
        {"grid", fastattn::Position::grid(fastattn::dense(row.data(), {1, 2 * length - 1}), 1, length),
         [&](int t) { return static_cast<double>(row[static_cast<std::size_t>(t + offset + length - 1)]); }}, // Ignores the offset.
    };

    fa_attention_shape shape = FA_ATTENTION_SHAPE_INIT;
    shape.batch = shape.heads = shape.key_heads = 1;
    shape.query_length = shape.key_length = length;
    shape.head_dimension = shape.value_dimension = columns;
    const auto run = [&](const fa_attention_options &options, const fa_tensor *given, std::vector<float> &to) {
        fastattn::Attention(shape, options, given)
            .forward(fastattn::dense(q.data(), {length, columns}), fastattn::dense(k.data(), {length, columns}),
                     fastattn::dense(v.data(), {length, columns}), fastattn::dense(to.data(), {length, columns}));
    };
    bool all = true;
    for (const Kind &kind : kinds) {
        fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
        options.method = "direct";
        options.has_query_offset = 1;
        options.query_offset = offset;
        for (int t = 1 - length; t < length; t++) bias[static_cast<std::size_t>(t + length - 1)] = static_cast<float>(kind.at(t - offset));
        const fa_tensor given = fastattn::dense(bias.data(), {2 * length - 1});
        run(options, &given, expected);
        options.position = kind.position.get();
        run(options, nullptr, z);
        for (std::size_t i = 0; i < z.size(); i++) {
            if (std::fabs(z[i] - expected[i]) <= 1e-6f) continue; // b of at most 8 as float: see caller.c.
            std::printf("  %s: element %zu is %g, expected %g\n", kind.name, i, static_cast<double>(z[i]), static_cast<double>(expected[i]));
            all = false;
            break;
        }
    }
    CHECK(all);
}

void test_owners_of_positions_move() {
    static_assert(!std::is_copy_constructible_v<fastattn::Position>);
    static_assert(std::is_nothrow_move_constructible_v<fastattn::Position>);
    const std::vector<float> slope{0.5f};
    fa_position handle;
    {
        fastattn::Position first = fastattn::Position::alibi(fastattn::dense(slope.data(), {1}));
        handle = first.get();
        const fastattn::Position second = std::move(first);
        CHECK(second.get().id == handle.id);
    }
    CHECK(fa_position_destroy(handle) == FA_ERROR_HANDLE);
}

void test_errors_of_positions_become_exceptions() {
    const std::vector<float> values{1, 2, -1, 4};
    CHECK(status_of([&] { fastattn::Position::clipped(fastattn::dense(values.data(), {4})); }, "odd") == FA_ERROR_SHAPE);
    CHECK(status_of([&] { fastattn::Position::t5(fastattn::dense(values.data(), {4}), true, 1); }, "max_distance") == FA_ERROR_ARGUMENT);
    CHECK(status_of([&] { fastattn::Position::alibi(fastattn::dense(values.data(), {4})); }, "slopes") == FA_ERROR_ARGUMENT);
    CHECK(status_of([&] { fastattn::Position::grid(fastattn::dense(values.data(), {2, 2}), 1, 2); }, "bias is [2, 2]") == FA_ERROR_SHAPE);
    fa_attention_shape shape = FA_ATTENTION_SHAPE_INIT;
    shape.batch = shape.heads = shape.key_heads = shape.head_dimension = shape.value_dimension = 1;
    shape.query_length = shape.key_length = 2;
    fa_attention_options options = FA_ATTENTION_OPTIONS_INIT;
    const fastattn::Position position = fastattn::Position::alibi(fastattn::dense(values.data(), {2}));
    options.position = position.get();
    CHECK(status_of([&] { fastattn::Attention attention(shape, options); }, "position has 2 heads") == FA_ERROR_SHAPE);
    const fa_tensor bias = fastattn::dense(values.data(), {3});
    CHECK(status_of([&] { fastattn::Attention attention(shape, options, &bias); }, "options.position") == FA_ERROR_ARGUMENT);
}

void test_schoenbat() {
    static_assert(!std::is_copy_constructible_v<fastattn::Maclaurin>);
    static_assert(std::is_nothrow_move_constructible_v<fastattn::Maclaurin>);
    fa_attention_shape shape = FA_ATTENTION_SHAPE_INIT;
    shape.batch = shape.heads = shape.key_heads = shape.query_length = shape.value_dimension = 1;
    shape.key_length = shape.head_dimension = 2;
    const std::vector<float> q{2, 0}, k{3, 1, 0, 5}, v{0, 10};
    std::vector<float> z(1);
    const fastattn::Maclaurin given = fastattn::Maclaurin::from_values({2}, {1, -1, 1, -1}, 2, "inv", 1);
    const fastattn::Attention attention = fastattn::Attention::schoenbat(shape, FA_SCHOENBAT_OPTIONS_INIT, nullptr, &given);
    attention.forward(fastattn::dense(q.data(), {1, 2}), fastattn::dense(k.data(), {2, 2}), fastattn::dense(v.data(), {2, 1}),
                      fastattn::dense(z.data(), {1, 1}));
    CHECK(std::fabs(z[0] - 4.292893f) < 2e-5f);

    const fastattn::Maclaurin drawn = fastattn::Maclaurin::draw(30, 2, "sqrt", 3, 1);
    const fastattn::Maclaurin restored = fastattn::Maclaurin::from_values(drawn.degrees(), drawn.signs(), 2, "sqrt", 1);
    CHECK(drawn.shape() == restored.shape() && drawn.degrees() == restored.degrees() && drawn.signs() == restored.signs());
    CHECK(status_of([] { fastattn::Maclaurin::draw(3, 2, "exp", 0, 1); }, "features") == FA_ERROR_ARGUMENT);
    fa_schoenbat_options options = FA_SCHOENBAT_OPTIONS_INIT;
    options.kernel = "log";
    CHECK(status_of([&] { fastattn::Attention::schoenbat(shape, options, nullptr, &drawn); }, "kernel") == FA_ERROR_ARGUMENT);
}

void test_softmax_gaussian_and_skyformer() {
    fa_attention_shape shape = FA_ATTENTION_SHAPE_INIT;
    shape.batch = shape.heads = shape.key_heads = shape.query_length = shape.value_dimension = shape.head_dimension = 1;
    shape.key_length = 2;
    const std::vector<float> q{0}, k{1, -1}, v{3, 5};
    std::vector<float> z(1);
    const auto run = [&](const fastattn::Attention &attention) {
        attention.forward(fastattn::dense(q.data(), {1, 1}), fastattn::dense(k.data(), {2, 1}), fastattn::dense(v.data(), {2, 1}),
                          fastattn::dense(z.data(), {1, 1}));
        return z[0];
    };
    const float half = std::exp(-0.5f);
    CHECK(std::fabs(run(fastattn::Attention::softmax(shape)) - 4) < 1e-5f);
    CHECK(std::fabs(run(fastattn::Attention::gaussian(shape)) - 8 * half) < 1e-4f);

    // All rows are landmarks and nothing is added to the diagonal: exact.
    fa_skyformer_options options = FA_SKYFORMER_OPTIONS_INIT;
    options.has_gamma = 1;
    CHECK(std::fabs(run(fastattn::Attention::skyformer(shape, options)) - 8 * half) < 1e-4f);
    options.sampling = "replacement";
    CHECK(status_of([&] { fastattn::Attention::skyformer(shape, options); }, "gamma") == FA_ERROR_ARGUMENT);

    // A prepared bias ln [1 3] weighs the second value three times; buckets of T5 rounded as asked for.
    const std::vector<float> bias{0, std::log(3.0f)}, buckets(4);
    fa_softmax_options biased = FA_SOFTMAX_OPTIONS_INIT;
    const auto dense = fastattn::Position::dense(fastattn::dense(bias.data(), {2}), 1, 2);
    biased.position = dense.get();
    CHECK(std::fabs(run(fastattn::Attention::softmax(shape, biased)) - 4.5f) < 1e-5f);
    CHECK(status_of([&] { fastattn::Position::t5(fastattn::dense(buckets.data(), {4}), true, 128, "double"); }, "rounding") == FA_ERROR_WORD);
    const auto rounded = fastattn::Position::t5(fastattn::dense(buckets.data(), {4}), true, 128, "float32");
    biased.position = rounded.get();
    CHECK(std::fabs(run(fastattn::Attention::softmax(shape, biased)) - 4) < 1e-5f);
    options.inverse = "newton";
    CHECK(status_of([&] { fastattn::Attention::skyformer(shape, options); }, "inverse") == FA_ERROR_WORD);
}

void test_fast_rpb() {
    std::vector<float> w{1, 2, 3, 4, 5}, v{1, 10, 100}, z(3);
    const fa_tensor value = fastattn::dense(v.data(), {3, 1}), destination = fastattn::dense(z.data(), {3, 1});
    fastattn::FastRpb rpb(fastattn::dense(w.data(), {5}));
    rpb.forward(value, destination);
    rpb.add_to(value, destination);
    CHECK(std::fabs(z[0] - 246) < 1e-3 && std::fabs(z[1] - 468) < 1e-3 && std::fabs(z[2] - 690) < 1e-3);
    rpb = fastattn::FastRpb::grid(fastattn::dense(w.data(), {1}), fastattn::dense(w.data(), {5}));
    rpb.forward(value, destination);
    CHECK(std::fabs(z[0] - 234) < 1e-3);
}

void test_toeplitz() {
    const std::vector<float> c{1, 2, 3, 4, 5, 6}, x{1, 10, 100, 1000};
    std::vector<float> y(3);
    const fastattn::Toeplitz toeplitz(fastattn::dense(c.data(), {6}), 3, 4);
    toeplitz.multiply(fastattn::dense(x.data(), {4, 1}), fastattn::dense(y.data(), {3, 1}));
    CHECK(close_to(y, {6543, 5432, 4321}));
}

void test_projection_survives_a_round_trip() {
    const fastattn::Projection drawn = fastattn::Projection::draw(12, 6, "iid", 3);
    const std::vector<float> values = drawn.values();
    CHECK(values.size() == 72);
    const fastattn::Projection given = fastattn::Projection::from_values(fastattn::dense(values.data(), {12, 6}));
    CHECK((given.shape() == std::array<std::int64_t, 3>{1, 12, 6}));
    CHECK(given.values() == values);
}

void test_owners_move() {
    static_assert(!std::is_copy_constructible_v<fastattn::Projection>);
    static_assert(std::is_nothrow_move_constructible_v<fastattn::Projection>);
    fastattn::Projection first = fastattn::Projection::draw(4, 4);
    const fa_projection handle = first.get();
    fastattn::Projection second = std::move(first);
    CHECK(second.get().id == handle.id);
    std::int64_t shape[3];
    {
        fastattn::Projection third = fastattn::Projection::draw(5, 5);
        const fa_projection replaced = third.get();
        third = std::move(second);
        CHECK(third.get().id == handle.id);
        CHECK(third.shape()[1] == 4);
        CHECK(second.get().id == 0);
        CHECK(fa_projection_shape(replaced, shape) == FA_ERROR_HANDLE);
        fastattn::Projection &itself = third;
        third = std::move(itself);
        CHECK(third.get().id == handle.id);
    }
    CHECK(fa_projection_shape(handle, shape) == FA_ERROR_HANDLE);
}

void test_errors_become_exceptions() {
    std::vector<float> values{1, 2, std::numeric_limits<float>::quiet_NaN(), 4};
    CHECK(status_of([] { fastattn::Projection::draw(4, 4, "normal"); }, "FA_ERROR_WORD") == FA_ERROR_WORD);
    CHECK(status_of([] { fastattn::Projection::draw(0, 4); }, "features") == FA_ERROR_ARGUMENT);
    CHECK(status_of([&] { fastattn::Projection::from_values(fastattn::dense(values.data(), {2, 2})); }, "") == FA_ERROR_ARGUMENT);
    CHECK(status_of([] { fastattn::Attention attention(FA_ATTENTION_SHAPE_INIT); }, "FA_ERROR_ARGUMENT") == FA_ERROR_ARGUMENT);
    CHECK(status_of([&] { fastattn::strided(values.data(), {2, 2}, {2}); }, "axes") == FA_ERROR_SHAPE);
    CHECK(status_of([&] { fastattn::dense(values.data(), {1, 1, 1, 2, 2}); }, "axes") == FA_ERROR_SHAPE);
}

void test_a_check_ends_calls() {
    std::vector<float> c{1, 2, 3, 4, 5, 6}, x{1, 10, 100, 1000}, y(3);
    const fastattn::Toeplitz toeplitz(fastattn::dense(c.data(), {6}), 3, 4);
    const auto multiply = [&] { toeplitz.multiply(fastattn::dense(x.data(), {4, 1}), fastattn::dense(y.data(), {3, 1})); };
    fastattn::set_interrupt([](void *) -> std::int32_t { return 1; }, nullptr, 0);
    CHECK(status_of(multiply, "FA_ERROR_CANCELLED") == FA_ERROR_CANCELLED);
    fastattn::set_interrupt(nullptr);
    multiply();
    CHECK(y[0] > 6542 && y[0] < 6544);
}

void test_exceptions_in_threads() {
    bool threw = false;
    std::thread([&] {
        threw = status_of([] { fastattn::Projection::draw(4, 4, "elsewhere"); }, "elsewhere") == FA_ERROR_WORD;
    }).join();
    CHECK(threw);
}

} // namespace

int main() {
    RUN(test_abi);
    RUN(test_a_check_ends_calls);
    RUN(test_worked_example);
    RUN(test_element_types);
    RUN(test_worked_example_of_positions);
    RUN(test_positions_equal_arrays_of_bias);
    RUN(test_owners_of_positions_move);
    RUN(test_errors_of_positions_become_exceptions);
    RUN(test_schoenbat);
    RUN(test_softmax_gaussian_and_skyformer);
    RUN(test_toeplitz);
    RUN(test_fast_rpb);
    RUN(test_projection_survives_a_round_trip);
    RUN(test_owners_move);
    RUN(test_errors_become_exceptions);
    RUN(test_exceptions_in_threads);
    return check_summary("caller.cpp");
}
