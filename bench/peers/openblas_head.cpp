// The direct method on OpenBLAS: tiles of S = QK^T that stay in cache, times the coefficients, then O += S V.
#include <cblas.h>

#include <algorithm>

#include "head.hpp"

namespace {

class OpenBlasHead final : public Head {
  public:
    explicit OpenBlasHead(const Inputs &inputs)
        : in(inputs), scores(make_array<float>(std::size_t(query_tile) * key_tile)),
          denominators(make_array<float>(in.length)) {}

    void run() override {
        const int n = in.length, m = in.features, d = in.dimension;
        for (int i = 0; i < n; i += query_tile) {
            const int rows = std::min(query_tile, n - i);
            float *output = in.output + std::size_t(i) * d;
            std::fill_n(denominators.get(), rows, 0.0f);
            for (int j = 0; j < n; j += key_tile) {
                const int keys = std::min(key_tile, n - j);
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, keys, m, 1, in.query + std::size_t(i) * m, m,
                            in.key + std::size_t(j) * m, m, 0, scores.get(), key_tile);
                for (int row = 0; row < rows; row++)
                    denominators[row] += weigh(&scores[std::size_t(row) * key_tile], &in.coefficients[j - i - row + n - 1], keys);
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, d, keys, 1, scores.get(), key_tile,
                            in.value + std::size_t(j) * d, d, j == 0 ? 0 : 1, output, d);
            }
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < d; column++) output[std::size_t(row) * d + column] /= denominators[row];
        }
    }

  private:
    static constexpr int query_tile = 256, key_tile = 512;

    static float weigh(float *scores, const float *coefficients, int count) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < count; j++) {
            scores[j] *= coefficients[j];
            sum += scores[j];
        }
        return sum;
    }

    Inputs in;
    Array<float> scores, denominators;
};

} // namespace

std::unique_ptr<Head> make_openblas_head(const Inputs &inputs) { return std::make_unique<OpenBlasHead>(inputs); }
