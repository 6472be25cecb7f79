// fastattn.hpp: fastattn.h for C++17, with owners instead of handles and exceptions instead of statuses. Header only.
//
// Shapes, words, threads and the rules for memory are those of fastattn.h, which is the manual.
//
//     fastattn::Attention attention(shape, options, &bias);
//     attention.forward(query, key, value, destination);
//
// Owners can be moved, not copied; a moved-from owner holds nothing and may only be assigned or destroyed. Every function
// may throw fastattn::Error; a forward or multiply that throws has not touched its destination, with the exceptions
// that fastattn.h names.
#ifndef FASTATTN_HPP
#define FASTATTN_HPP

#include "fastattn.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace fastattn {

// A status other than FA_OK, with the library's message.
class Error : public std::runtime_error {
public:
    Error(fa_status status, const std::string &message) : std::runtime_error(message), status_(status) {}

    fa_status status() const noexcept { return status_; }

private:
    fa_status status_;
};

// Throws the calling thread's last error unless status is FA_OK.
inline void check(fa_status status) {
    if (status != FA_OK) {
        throw Error(status, std::string(fa_status_string(status)) + ": " + fa_last_error());
    }
}

// Throws when the header and the loaded library are of different ABI generations.
inline void check_abi() {
    if (fa_abi_version() != FA_ABI_VERSION) {
        throw Error(FA_ERROR_INTERNAL, "libfastattn has ABI version " + std::to_string(fa_abi_version()) +
                                           "; the program was compiled for " + std::to_string(FA_ABI_VERSION));
    }
}

// Calls of this thread ask `check` whether they shall end early, and then throw an Error of FA_ERROR_CANCELLED: see fa_set_interrupt.
// The check must not throw. nullptr: ask nothing.
inline void set_interrupt(fa_interrupt_check interrupt_check, void *context = nullptr, std::int32_t milliseconds = 10) {
    check(fa_set_interrupt(interrupt_check, context, milliseconds));
}

// Describes memory with strides in elements; the memory stays the caller's. 1 to 4 axes.
inline fa_tensor strided(float *data, std::initializer_list<std::int64_t> shape,
                         std::initializer_list<std::int64_t> strides) {
    if (shape.size() != strides.size() || shape.size() < 1 || shape.size() > FA_MAX_NDIM) {
        throw Error(FA_ERROR_SHAPE, "strided: shape and strides must have the same number of axes, 1 to 4");
    }

    fa_tensor tensor{};
    tensor.data = data;
    tensor.ndim = static_cast<std::int32_t>(shape.size());
    std::size_t axis = 0;
    for (std::int64_t extent : shape) tensor.shape[axis++] = extent;
    axis = 0;
    for (std::int64_t stride : strides) tensor.strides[axis++] = stride;
    return tensor;
}

// Describes row-major memory without gaps. 1 to 4 axes.
inline fa_tensor dense(float *data, std::initializer_list<std::int64_t> shape) {
    fa_tensor tensor = strided(data, shape, shape);
    std::int64_t stride = 1;
    for (std::int32_t axis = tensor.ndim; axis-- > 0;) {
        tensor.strides[axis] = stride;
        stride *= tensor.shape[axis];
    }
    return tensor;
}

// The same for memory that is only read: the library does not write to inputs.
inline fa_tensor dense(const float *data, std::initializer_list<std::int64_t> shape) {
    return dense(const_cast<float *>(data), shape);
}

inline fa_tensor strided(const float *data, std::initializer_list<std::int64_t> shape,
                         std::initializer_list<std::int64_t> strides) {
    return strided(const_cast<float *>(data), shape, strides);
}

// Memory of 16-bit numbers, FA_FLOAT16 or FA_BFLOAT16, such as std::uint16_t holds their bits.
inline fa_tensor strided(const void *data, std::int32_t element_type, std::initializer_list<std::int64_t> shape,
                         std::initializer_list<std::int64_t> strides) {
    fa_tensor tensor = strided(static_cast<const float *>(data), shape, strides);
    tensor.element_type = element_type;
    return tensor;
}

inline fa_tensor dense(const void *data, std::int32_t element_type, std::initializer_list<std::int64_t> shape) {
    fa_tensor tensor = dense(static_cast<const float *>(data), shape);
    tensor.element_type = element_type;
    return tensor;
}

// Owns a handle and destroys it at the end of its life.
template <typename Handle, fa_status (*Destroy)(Handle)>
class Owner {
public:
    Owner() noexcept = default;
    explicit Owner(Handle handle) noexcept : handle_(handle) {}
    Owner(Owner &&other) noexcept : handle_(std::exchange(other.handle_, Handle{0})) {}
    Owner &operator=(Owner &&other) noexcept {
        Owner taken(std::move(other));  // ends what this one held at once, and not when other ends
        std::swap(handle_, taken.handle_);
        return *this;
    }
    Owner(const Owner &) = delete;
    Owner &operator=(const Owner &) = delete;
    ~Owner() { Destroy(handle_); }

    Handle get() const noexcept { return handle_; }

private:
    Handle handle_{0};
};

// The rows of a random feature map: see fa_projection_create and fa_projection_from_values.
class Projection {
public:
    static Projection draw(std::int64_t features, std::int64_t dimension, const char *kind = "orthogonal",
                           std::uint64_t seed = 0) {
        fa_projection handle{0};
        check(fa_projection_create(features, dimension, kind, seed, &handle));
        return Projection(handle);
    }

    static Projection from_values(const fa_tensor &values) {
        fa_projection handle{0};
        check(fa_projection_from_values(&values, &handle));
        return Projection(handle);
    }

    // {H, m, d}.
    std::array<std::int64_t, 3> shape() const {
        std::array<std::int64_t, 3> extents{};
        check(fa_projection_shape(owner_.get(), extents.data()));
        return extents;
    }

    // A copy of the entries, [H, m, d] in row-major order.
    std::vector<float> values() const {
        const std::array<std::int64_t, 3> extents = shape();
        std::vector<float> copy(static_cast<std::size_t>(extents[0] * extents[1] * extents[2]));
        const fa_tensor target = dense(copy.data(), {extents[0], extents[1], extents[2]});
        check(fa_projection_values(owner_.get(), &target));
        return copy;
    }

    fa_projection get() const noexcept { return owner_.get(); }

private:
    explicit Projection(fa_projection handle) noexcept : owner_(handle) {}

    Owner<fa_projection, fa_projection_destroy> owner_;
};

// Relative positions by a few parameters: see the fa_position_ functions. An attention takes one by options.position = position.get().
class Position {
public:
    static Position clipped(const fa_tensor &bias) {
        return make([&](fa_position *handle) { return fa_position_clipped(&bias, handle); });
    }

    static Position dense(const fa_tensor &bias, std::int64_t query_length, std::int64_t key_length) {
        return make([&](fa_position *handle) { return fa_position_dense(&bias, query_length, key_length, handle); });
    }

    static Position t5(const fa_tensor &bias, bool bidirectional = true, std::int64_t max_distance = 128, const char *rounding = "exact") {
        return make([&](fa_position *handle) { return fa_position_t5_rounded(&bias, bidirectional ? 1 : 0, max_distance, rounding, handle); });
    }

    static Position alibi(const fa_tensor &slopes) {
        return make([&](fa_position *handle) { return fa_position_alibi(&slopes, handle); });
    }

    static Position exponentials(const fa_tensor &weights, const fa_tensor &rates) {
        return make([&](fa_position *handle) { return fa_position_exponentials(&weights, &rates, handle); });
    }

    static Position kerple_log(const fa_tensor &r1, const fa_tensor &r2) {
        return make([&](fa_position *handle) { return fa_position_kerple_log(&r1, &r2, handle); });
    }

    static Position kerple_power(const fa_tensor &a, const fa_tensor &p) {
        return make([&](fa_position *handle) { return fa_position_kerple_power(&a, &p, handle); });
    }

    static Position grid(const fa_tensor &bias, std::int64_t height, std::int64_t width) {
        return make([&](fa_position *handle) { return fa_position_grid(&bias, height, width, handle); });
    }

    // Any of the last three may be nullptr: zeros.
    static Position grid_special(const fa_tensor &bias, std::int64_t height, std::int64_t width, std::int64_t prefix, std::int64_t suffix,
                                 const fa_tensor *special_to_grid, const fa_tensor *grid_to_special, const fa_tensor *special_to_special) {
        return make([&](fa_position *handle) {
            return fa_position_grid_special(&bias, height, width, prefix, suffix, special_to_grid, grid_to_special, special_to_special, handle);
        });
    }

    fa_position get() const noexcept { return owner_.get(); }

private:
    explicit Position(fa_position handle) noexcept : owner_(handle) {}

    template <typename Create>
    static Position make(Create create) {
        fa_position handle{0};
        check(create(&handle));
        return Position(handle);
    }

    Owner<fa_position, fa_position_destroy> owner_;
};

// A draw of random Maclaurin features: see fa_maclaurin_create and fa_maclaurin_from_values.
class Maclaurin {
public:
    static Maclaurin draw(std::int64_t features, std::int64_t dimension, const char *kernel = "exp", std::uint64_t seed = 0,
                          std::int32_t exact_degrees = 0, bool literal = false) {
        fa_maclaurin handle{0};
        check(fa_maclaurin_create(features, dimension, kernel, seed, exact_degrees, literal ? 1 : 0, &handle));
        return Maclaurin(handle);
    }

    static Maclaurin from_values(const std::vector<std::int32_t> &degrees, const std::vector<std::int8_t> &signs,
                                 std::int64_t dimension, const char *kernel = "exp", std::int32_t exact_degrees = 0,
                                 bool literal = false) {
        fa_maclaurin handle{0};
        check(fa_maclaurin_from_values(degrees.data(), static_cast<std::int64_t>(degrees.size()), signs.data(),
                                       static_cast<std::int64_t>(signs.size()), dimension, kernel, exact_degrees,
                                       literal ? 1 : 0, &handle));
        return Maclaurin(handle);
    }

    // {features, dimension, random features, sum of their degrees}.
    std::array<std::int64_t, 4> shape() const {
        std::array<std::int64_t, 4> sizes{};
        check(fa_maclaurin_shape(owner_.get(), sizes.data()));
        return sizes;
    }

    // A copy of the random features' degrees.
    std::vector<std::int32_t> degrees() const {
        std::vector<std::int32_t> copy(static_cast<std::size_t>(shape()[2]));
        check(fa_maclaurin_degrees(owner_.get(), copy.data(), static_cast<std::int64_t>(copy.size())));
        return copy;
    }

    // A copy of the signs, [sum of degrees, dimension].
    std::vector<std::int8_t> signs() const {
        const std::array<std::int64_t, 4> sizes = shape();
        std::vector<std::int8_t> copy(static_cast<std::size_t>(sizes[3] * sizes[1]));
        check(fa_maclaurin_signs(owner_.get(), copy.data(), static_cast<std::int64_t>(copy.size())));
        return copy;
    }

    fa_maclaurin get() const noexcept { return owner_.get(); }

private:
    explicit Maclaurin(fa_maclaurin handle) noexcept : owner_(handle) {}

    Owner<fa_maclaurin, fa_maclaurin_destroy> owner_;
};

// How many features a map makes of a row: see fa_feature_count.
inline std::int64_t feature_count(const fa_attention_options &options, std::int64_t dimension, const Projection *projection = nullptr) {
    std::int64_t count = 0;
    check(fa_feature_count(&options, projection ? projection->get() : fa_projection{0}, dimension, &count));
    return count;
}

// phi of rows: see fa_map_features. With log_scales, one number a row, features are phi(x) / exp(log_scales).
inline void map_features(const fa_attention_options &options, const fa_tensor &rows, const fa_tensor &features,
                         const Projection *projection = nullptr, double *log_scales = nullptr, std::int64_t log_scales_count = 0) {
    check(fa_map_features(&options, projection ? projection->get() : fa_projection{0}, &rows, &features, log_scales, log_scales_count));
}

// Attention of any kind: the constructors make kernelized attention with relative positions (see fa_attention_create and
// fa_attention_forward), the named functions the other systems. May be used by several threads at once.
class Attention {
public:
    explicit Attention(const fa_attention_shape &shape, const fa_attention_options &options = FA_ATTENTION_OPTIONS_INIT,
                       const fa_tensor *bias = nullptr)
        : owner_(create(shape, options, bias, fa_projection{0})) {}

    Attention(const fa_attention_shape &shape, const fa_attention_options &options, const fa_tensor *bias,
              const Projection &projection)
        : owner_(create(shape, options, bias, projection.get())) {}

    // See fa_schoenbat_create.
    static Attention schoenbat(const fa_attention_shape &shape, const fa_schoenbat_options &options = FA_SCHOENBAT_OPTIONS_INIT,
                               const fa_tensor *bias = nullptr, const Maclaurin *draw = nullptr) {
        fa_attention handle{0};
        check(fa_schoenbat_create(&shape, &options, bias, draw ? draw->get() : fa_maclaurin{0}, &handle));
        return Attention(handle);
    }

    // See fa_softmax_create.
    static Attention softmax(const fa_attention_shape &shape, const fa_softmax_options &options = FA_SOFTMAX_OPTIONS_INIT,
                             const fa_tensor *bias = nullptr) {
        fa_attention handle{0};
        check(fa_softmax_create(&shape, &options, bias, &handle));
        return Attention(handle);
    }

    // See fa_gaussian_create.
    static Attention gaussian(const fa_attention_shape &shape, const fa_gaussian_options &options = FA_GAUSSIAN_OPTIONS_INIT,
                              const fa_tensor *bias = nullptr) {
        fa_attention handle{0};
        check(fa_gaussian_create(&shape, &options, bias, &handle));
        return Attention(handle);
    }

    // See fa_skyformer_create.
    static Attention skyformer(const fa_attention_shape &shape, const fa_skyformer_options &options = FA_SKYFORMER_OPTIONS_INIT) {
        fa_attention handle{0};
        check(fa_skyformer_create(&shape, &options, &handle));
        return Attention(handle);
    }

    fa_report forward(const fa_tensor &query, const fa_tensor &key, const fa_tensor &value, const fa_tensor &destination,
                      const fa_key_selection *selection = nullptr) const {
        fa_report report = FA_REPORT_INIT;
        check(fa_attention_forward(owner_.get(), &query, &key, &value, &destination, selection, &report));
        return report;
    }

    // What it is going to do: see fa_attention_plan.
    fa_plan plan() const {
        fa_plan plan = FA_PLAN_INIT;
        check(fa_attention_plan(owner_.get(), &plan));
        return plan;
    }

    // The same as text: see fa_attention_explain.
    std::string explain() const {
        std::int64_t length = 0;
        check(fa_attention_explain(owner_.get(), nullptr, 0, &length));
        std::string text(static_cast<std::size_t>(length), '\0');
        check(fa_attention_explain(owner_.get(), &text[0], length, &length));
        text.pop_back();
        return text;
    }

    // Frees the working memory that no call uses now.
    void trim() const { check(fa_attention_trim(owner_.get())); }

    fa_attention get() const noexcept { return owner_.get(); }

private:
    explicit Attention(fa_attention handle) noexcept : owner_(handle) {}

    static fa_attention create(const fa_attention_shape &shape, const fa_attention_options &options,
                               const fa_tensor *bias, fa_projection projection) {
        fa_attention handle{0};
        check(fa_attention_create(&shape, &options, bias, projection, &handle));
        return handle;
    }

    Owner<fa_attention, fa_attention_destroy> owner_;
};

// Multiplication by Toeplitz matrices: see fa_toeplitz_create and fa_toeplitz_multiply.
// May be used by several threads at once.
class Toeplitz {
public:
    Toeplitz(const fa_tensor &coefficients, std::int64_t output_length, std::int64_t input_length)
        : owner_(create(coefficients, output_length, input_length)) {}

    void multiply(const fa_tensor &x, const fa_tensor &destination, std::int32_t threads = 0) const {
        check(fa_toeplitz_multiply(owner_.get(), &x, &destination, threads));
    }

    fa_toeplitz get() const noexcept { return owner_.get(); }

private:
    static fa_toeplitz create(const fa_tensor &coefficients, std::int64_t output_length, std::int64_t input_length) {
        fa_toeplitz handle{0};
        check(fa_toeplitz_create(&coefficients, output_length, input_length, &handle));
        return handle;
    }

    Owner<fa_toeplitz, fa_toeplitz_destroy> owner_;
};

// FastRPB weights, added to any attention's output: see fa_fast_rpb_create and fa_fast_rpb_apply.
// May be used by several threads at once.
class FastRpb {
public:
    explicit FastRpb(const fa_tensor &weights, const fa_fast_rpb_options &options = FA_FAST_RPB_OPTIONS_INIT) {
        fa_fast_rpb handle{0};
        check(fa_fast_rpb_create(&weights, &options, &handle));
        owner_ = Owner<fa_fast_rpb, fa_fast_rpb_destroy>(handle);
    }

    static FastRpb grid(const fa_tensor &vertical, const fa_tensor &horizontal,
                        const fa_fast_rpb_options &options = FA_FAST_RPB_OPTIONS_INIT) {
        fa_fast_rpb handle{0};
        check(fa_fast_rpb_create_grid(&vertical, &horizontal, &options, &handle));
        return FastRpb(handle);
    }

    // Writes W V over destination.
    void forward(const fa_tensor &value, const fa_tensor &destination, const fa_key_selection *selection = nullptr,
                 std::int32_t threads = 0) const {
        check(fa_fast_rpb_apply(owner_.get(), &value, &destination, selection, 0, threads));
    }

    // Adds W V to destination.
    void add_to(const fa_tensor &value, const fa_tensor &destination, const fa_key_selection *selection = nullptr,
                std::int32_t threads = 0) const {
        check(fa_fast_rpb_apply(owner_.get(), &value, &destination, selection, 1, threads));
    }

    fa_fast_rpb get() const noexcept { return owner_.get(); }

private:
    explicit FastRpb(fa_fast_rpb handle) noexcept : owner_(handle) {}

    Owner<fa_fast_rpb, fa_fast_rpb_destroy> owner_;
};

} // namespace fastattn

#endif
