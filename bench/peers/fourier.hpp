// Heads and Toeplitz products by columns on a circle.
#pragma once

#include "circle.hpp"
#include "transpose.hpp"

// The paper's algorithm as a good library does it (Luo et al. 2021, algorithm 1): for every feature a and every column d the Toeplitz
// product of k[:, a] * [v, 1][:, d], formed in the cache, and its sum times q[:, a] as it comes out.
template <typename Transform> class FourierHead final : public Work {
  public:
    explicit FourierHead(const HeadInputs &inputs)
        : in(inputs), circle(inputs.coefficients), bare(Circle<Transform>::identity(in.length)), width(circle.width()), floats(in.length * width), columns(in.dimension + 1),
          feature_units((in.features + width - 1) / width), values(make_array<float>(std::size_t(columns) * floats)),
          sums(make_array<float>(std::size_t(columns) * floats)), keys(make_array<float>(std::size_t(feature_units) * floats)),
          queries(make_array<float>(std::size_t(feature_units) * floats)) {}

    void run() override {
        load_features(in.key, keys.get());
        load_features(in.query, queries.get());
        for (int t = 0; t < in.length; t++)
            for (int s = 0; s < width; s++) {
                for (int d = 0; d < in.dimension; d++) values[std::size_t(d) * floats + t * width + s] = in.value[std::size_t(t) * in.dimension + d];
                values[std::size_t(in.dimension) * floats + t * width + s] = 1;
            }
        std::memset(sums.get(), 0, std::size_t(columns) * floats * sizeof(float));

        // Features in blocks whose keys and queries stay in the second cache while the columns pass.
        const int group = circle.units(), block = std::max(group, (1 << 16) / floats / group * group);
        for (int first = 0; first < feature_units; first += block)
            for (int column = 0; column < columns; column++)
                for (int unit = first; unit < std::min(first + block, feature_units); unit += group) add_products(unit, column);

        const float *denominator = &sums[std::size_t(in.dimension) * floats];
        for (int t = 0; t < in.length; t++) {
            const float inverse = 1 / at(denominator, t);
            for (int d = 0; d < in.dimension; d++) in.output[std::size_t(t) * in.dimension + d] = at(&sums[std::size_t(d) * floats], t) * inverse;
        }
    }

    double run_bare() override {
        const double all = double(feature_units) * columns / circle.units();
        const int calls = int(all / 8) + 1;
        for (int call = 0; call < calls; call++) bare.multiply();
        return calls / all;
    }

  private:
    float at(const float *column, int t) const { return width == 1 ? column[t] : column[2 * t] + column[2 * t + 1]; }

    void load_features(const float *rows, float *target) const {
        if (in.features % width == 0) {
            transpose::floats(width, rows, in.features, in.length, in.features, target, floats);
            return;
        }
        for (int t = 0; t < in.length; t++)
            for (int a = 0; a < in.features; a++) target[std::size_t(a / width) * floats + t * width + a % width] = rows[std::size_t(t) * in.features + a];
    }

    void add_products(int first, int column) {
        const int count = std::min(circle.units(), feature_units - first);
        const float *__restrict value = &values[std::size_t(column) * floats];
        for (int unit = 0; unit < count; unit++) {
            const float *__restrict key = &keys[std::size_t(first + unit) * floats];
            float *__restrict signal = circle.signal(unit);
            for (int i = 0; i < floats; i++) signal[i] = key[i] * value[i];
            circle.pad(unit, floats);
        }
        circle.multiply();
        float *__restrict sum = &sums[std::size_t(column) * floats];
        for (int unit = 0; unit < count; unit++) {
            const float *__restrict query = &queries[std::size_t(first + unit) * floats];
            const float *__restrict signal = circle.signal(unit);
            for (int i = 0; i < floats; i++) sum[i] += query[i] * signal[i];
        }
    }

    HeadInputs in;
    Circle<Transform> circle, bare;
    int width, floats, columns, feature_units;
    Array<float> values, sums, keys, queries;
};

// Columns in panels of one cache line: transposed in, multiplied, transposed out.
template <typename Transform> class FourierProduct final : public Work {
  public:
    explicit FourierProduct(const ProductInputs &inputs)
        : in(inputs), circle(inputs.coefficients), bare(Circle<Transform>::identity(in.length)), width(circle.width()), floats(in.length * width),
          stride((std::size_t(floats) + 31) / 16 * 16), panel(make_array<float>(stride * panel_columns)) {}

    void run() override {
        for (int first = 0; first < in.columns; first += panel_columns) {
            const int count = std::min(panel_columns, in.columns - first), units = count / width;
            transpose::floats(width, in.x + first, in.columns, in.length, count, panel.get(), stride);
            for (int unit = 0; unit < units; unit += circle.units()) multiply(unit, std::min(circle.units(), units - unit));
            if (width == 1)
                transpose::matrix(panel.get(), stride, count, in.length, in.y + first, in.columns);
            else
                transpose::matrix(reinterpret_cast<const double *>(panel.get()), stride / 2, units, in.length, reinterpret_cast<double *>(in.y + first), in.columns / 2);
        }
    }

    double run_bare() override {
        const double all = double(in.columns) / (circle.units() * width);
        const int calls = int(all / 2) + 1;
        for (int call = 0; call < calls; call++) bare.multiply();
        return calls / all;
    }

  private:
    static constexpr int panel_columns = 16;

    void multiply(int first, int count) {
        for (int unit = 0; unit < count; unit++) {
            std::memcpy(circle.signal(unit), &panel[(first + unit) * stride], floats * sizeof(float));
            circle.pad(unit, floats);
        }
        circle.multiply();
        for (int unit = 0; unit < count; unit++) std::memcpy(&panel[(first + unit) * stride], circle.signal(unit), floats * sizeof(float));
    }

    ProductInputs in;
    Circle<Transform> circle, bare;
    int width, floats;
    std::size_t stride;
    Array<float> panel;
};

template <typename Transform> std::unique_ptr<Work> make_fourier_head(const HeadInputs &inputs) {
    return std::make_unique<FourierHead<Transform>>(inputs);
}

// Columns come in pairs at the most.
template <typename Transform> std::unique_ptr<Work> make_fourier_product(const ProductInputs &inputs) {
    return inputs.columns % 2 == 0 ? std::make_unique<FourierProduct<Transform>>(inputs) : nullptr;
}
