// Toeplitz columns on a circle of at least 2n - 1 points by somebody's Fourier transform, driven in the way that is fastest on
// this machine: real transforms or two columns as real and imaginary part, one column a call or eight, in place or not, a power
// of two or a size that fits more closely. All are tried once for a size.
//
// Transform is { Transform(Layout, float *signal, float *spectrum); void forward(); void inverse(); }.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "head.hpp"

struct Layout {
    int size;
    bool is_complex; // a unit is two columns, interleaved
    int units;       // transforms a call
    bool in_place;

    int width() const { return is_complex ? 2 : 1; }
    // Floats between units; not a power of two, which would fall into the same sets of the cache.
    std::size_t stride() const { return (std::size_t(size) * width() + 2 + 15) / 16 * 16; }
};

typedef float Vector __attribute__((vector_size(64), aligned(64)));
typedef int Indices __attribute__((vector_size(64)));

template <typename Transform> class Circle {
  public:
    explicit Circle(Coefficients coefficients) : layout(best_layout(coefficients.length)) { prepare(coefficients); }

    // The same work with nothing around it, again and again on one signal: the identity, so that numbers stay as they are.
    static Circle identity(int length) { return Circle(length, best_layout(length)); }

    int width() const { return layout.width(); }
    int units() const { return layout.units; }
    float *signal(int unit) { return &signals[unit * layout.stride()]; }

    // Zeros behind the `floats` that the caller has written.
    void pad(int unit, int floats) {
        std::memset(signal(unit) + floats, 0, (std::size_t(layout.size) * width() - floats) * sizeof(float));
    }

    // Replaces the units' signals by their products.
    void multiply() {
        transform->forward();
        float *bins = layout.in_place ? signals.get() : spectra.get();
        constexpr Indices swap = {1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14};
        const Vector *re = reinterpret_cast<const Vector *>(real.get()), *im = reinterpret_cast<const Vector *>(imaginary.get());
        for (int unit = 0; unit < layout.units; unit++) {
            Vector *z = reinterpret_cast<Vector *>(bins + unit * layout.stride());
            for (std::size_t k = 0; k < layout.stride() / 16; k++) z[k] = z[k] * re[k] + __builtin_shuffle(z[k], swap) * im[k];
        }
        transform->inverse();
    }

  private:
    Circle(int length, Layout given) : layout(given) {
        std::vector<float> one(2 * length - 1);
        one[length - 1] = 1;
        prepare({length, one.data()});
        for (std::size_t i = 0; i < layout.stride() * layout.units; i++) signals[i] = 1;
    }

    void prepare(Coefficients coefficients) {
        const std::size_t floats = layout.stride() * layout.units;
        signals = make_array<float>(floats);
        if (!layout.in_place) spectra = make_array<float>(floats);
        real = make_array<float>(layout.stride());
        imaginary = make_array<float>(layout.stride());
        float *bins = layout.in_place ? signals.get() : spectra.get();
        transform = std::make_unique<Transform>(layout, signals.get(), bins);

        // y_i = sum_j h_{i-j} x_j with h_t = c_{-t}; planning has scribbled on the arrays. 1/size belongs to the inverse transform.
        std::memset(signals.get(), 0, floats * sizeof(float));
        for (int t = 0; t < coefficients.length; t++) signals[std::size_t(t) * width()] = coefficients[-t] / float(layout.size);
        for (int t = 1; t < coefficients.length; t++) signals[std::size_t(layout.size - t) * width()] = coefficients[t] / float(layout.size);
        transform->forward();
        for (std::size_t k = 0; k + 1 < layout.stride(); k += 2) {
            real[k] = real[k + 1] = bins[k];
            imaginary[k] = -bins[k + 1];
            imaginary[k + 1] = bins[k + 1];
        }
        std::memset(signals.get(), 0, floats * sizeof(float));
    }

    static Layout best_layout(int length) {
        static std::map<int, Layout> known;
        if (auto found = known.find(length); found != known.end()) return found->second;
        std::vector<int> sizes = {smooth_size(2 * length - 1, 1)};
        if (int closer = smooth_size(2 * length - 1, 15); closer != sizes[0]) sizes.push_back(closer);
        Layout best{};
        double least = 1e30;
        for (int size : sizes)
            for (int units : {1, 8})
                for (bool is_complex : {false, true})
                    for (bool in_place : {true, false}) {
                        Layout layout{size, is_complex, units, in_place};
                        if (units > 1 && layout.stride() * units > (std::size_t{1} << 17)) continue;
                        double seconds = seconds_a_column(length, layout);
                        if (seconds < least) {
                            least = seconds;
                            best = layout;
                        }
                    }
        return known[length] = best;
    }

    // The smallest even size of the form f 2^a, f a divisor of `factors`.
    static int smooth_size(int least, int factors) {
        int best = 1 << 30;
        for (int odd = 1; odd <= factors; odd += 2) {
            if (factors % odd != 0) continue;
            int size = 2 * odd;
            while (size < least) size *= 2;
            best = std::min(best, size);
        }
        return best;
    }

    static double seconds_a_column(int length, Layout layout) {
        using Clock = std::chrono::steady_clock;
        Circle circle(length, layout);
        const int columns = layout.units * layout.width();
        const int calls = std::max(1, 400000 / (layout.size * columns));
        double least = 1e30;
        for (int round = 0; round < 12; round++) {
            const auto start = Clock::now();
            for (int call = 0; call < calls; call++) circle.multiply();
            least = std::min(least, std::chrono::duration<double>(Clock::now() - start).count());
        }
        return least / calls / columns;
    }

    Layout layout;
    Array<float> signals, spectra, real, imaginary;
    std::unique_ptr<Transform> transform;
};
