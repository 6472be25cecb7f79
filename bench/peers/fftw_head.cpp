// The paper's algorithm as most people would write it with a good library (Luo et al. 2021, algorithm 1): for every
// feature a and every column d, the Toeplitz product of k[:, a] * [v, 1][:, d] by real transforms of length 2n.
#include <fftw3.h>

#include "head.hpp"

namespace {

class FftwHead final : public Head {
  public:
    explicit FftwHead(const Inputs &inputs)
        : in(inputs), size(2 * inputs.length), bins(inputs.length + 1), columns(inputs.dimension + 1),
          signal(make_array<float>(size)), transform(make_array<fftwf_complex>(bins)),
          spectrum(make_array<fftwf_complex>(bins)), values(make_array<float>(std::size_t(columns) * in.length)),
          sums(make_array<float>(std::size_t(columns) * in.length)),
          keys(make_array<float>(std::size_t(in.features) * in.length)),
          queries(make_array<float>(std::size_t(in.features) * in.length)) {
        forward = fftwf_plan_dft_r2c_1d(size, signal.get(), transform.get(), FFTW_MEASURE);
        inverse = fftwf_plan_dft_c2r_1d(size, transform.get(), signal.get(), FFTW_MEASURE);

        // y_i = sum_j h_{i-j} x_j with h_t = c_{-t}, on a circle of 2n; 1/2n belongs to the inverse transform.
        const float scale = 1.0f / float(size);
        std::memset(signal.get(), 0, size * sizeof(float));
        for (int t = 0; t < in.length; t++) signal[t] = in.coefficient(-t) * scale;
        for (int t = 1; t < in.length; t++) signal[size - t] = in.coefficient(t) * scale;
        fftwf_execute(forward);
        std::memcpy(spectrum.get(), transform.get(), bins * sizeof(fftwf_complex));
    }

    ~FftwHead() override {
        fftwf_destroy_plan(forward);
        fftwf_destroy_plan(inverse);
    }

    void run() override {
        const int n = in.length;
        transpose(in.value, in.dimension, values.get());
        for (int t = 0; t < n; t++) values[std::size_t(in.dimension) * n + t] = 1;
        transpose(in.key, in.features, keys.get());
        transpose(in.query, in.features, queries.get());
        std::memset(sums.get(), 0, std::size_t(columns) * n * sizeof(float));
        for (int column = 0; column < columns; column++)
            for (int a = 0; a < in.features; a++) add_product(a, column);
        const float *denominator = &sums[std::size_t(in.dimension) * n];
        for (int t = 0; t < n; t++)
            for (int d = 0; d < in.dimension; d++)
                in.output[std::size_t(t) * in.dimension + d] = sums[std::size_t(d) * n + t] / denominator[t];
    }

  private:
    void transpose(const float *rows, int width, float *target) const {
        constexpr int block = 32;
        for (int first = 0; first < in.length; first += block)
            for (int column = 0; column < width; column++)
                for (int t = first; t < in.length && t < first + block; t++)
                    target[std::size_t(column) * in.length + t] = rows[std::size_t(t) * width + column];
    }

    void add_product(int feature, int column) {
        const int n = in.length;
        const float *key = &keys[std::size_t(feature) * n], *query = &queries[std::size_t(feature) * n];
        const float *value = &values[std::size_t(column) * n];
        float *sum = &sums[std::size_t(column) * n];
        for (int t = 0; t < n; t++) signal[t] = key[t] * value[t];
        std::memset(&signal[n], 0, n * sizeof(float));
        fftwf_execute(forward);
        for (int bin = 0; bin < bins; bin++) {
            const float re = transform[bin][0], im = transform[bin][1];
            transform[bin][0] = re * spectrum[bin][0] - im * spectrum[bin][1];
            transform[bin][1] = re * spectrum[bin][1] + im * spectrum[bin][0];
        }
        fftwf_execute(inverse);
        for (int t = 0; t < n; t++) sum[t] += query[t] * signal[t];
    }

    Inputs in;
    int size, bins, columns;
    Array<float> signal;
    Array<fftwf_complex> transform, spectrum;
    Array<float> values, sums, keys, queries;
    fftwf_plan forward, inverse;
};

} // namespace

std::unique_ptr<Head> make_fftw_head(const Inputs &inputs) { return std::make_unique<FftwHead>(inputs); }
