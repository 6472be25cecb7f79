// A C++17 program over fastattn.hpp: owners, exceptions, and the same worked example as everywhere.
#include <fastattn.hpp>

#include <cmath>
#include <cstring>
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
    {
        fastattn::Projection third = fastattn::Projection::draw(5, 5);
        third = std::move(second);
        CHECK(third.get().id == handle.id);
        CHECK(third.shape()[1] == 4);
    }
    std::int64_t shape[3];
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
    RUN(test_worked_example);
    RUN(test_toeplitz);
    RUN(test_projection_survives_a_round_trip);
    RUN(test_owners_move);
    RUN(test_errors_become_exceptions);
    RUN(test_exceptions_in_threads);
    return check_summary("caller.cpp");
}
