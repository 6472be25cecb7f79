// The direct method on a matrix multiplication with the interface of CBLAS (include it first): tiles of S = Q K^T that stay in
// cache, times the coefficients, then O += S V.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "head.hpp"

class TileHead final : public Work {
  public:
    explicit TileHead(const HeadInputs &inputs) : in(inputs), scores(make_array<float>(512 * 512)), denominators(make_array<float>(in.length)),
          bare_output(make_array<float>(std::size_t(512) * in.dimension)) {
        double least = 1e30;
        int best_rows = 256, best_keys = 512;
        for (int rows : {64, 128, 256, 512})
            for (int keys : {64, 128, 256, 512}) {
                row_tile = rows;
                key_tile = keys;
                const double seconds = seconds_of(std::min(in.length, 512), std::min(in.length, 1024));
                if (seconds >= least) continue;
                least = seconds;
                best_rows = rows;
                best_keys = keys;
            }
        row_tile = best_rows;
        key_tile = best_keys;
    }

    void run() override { run(in.length, in.length); }

    double run_bare() override {
        const int rows = std::min(row_tile, in.length), keys = std::min(key_tile, in.length);
        const double all = (double(in.length) / rows) * (double(in.length) / keys);
        const int calls = int(all / 8) + 1;
        for (int call = 0; call < calls; call++) multiply(0, rows, 0, keys, bare_output.get(), [](int, int) {});
        return calls / all;
    }

  private:
    // The first `row_count` rows over the first `key_count` keys.
    void run(int row_count, int key_count) {
        const int d = in.dimension;
        for (int i = 0; i < row_count; i += row_tile) {
            const int rows = std::min(row_tile, row_count - i);
            std::fill_n(denominators.get(), rows, 0.0f);
            for (int j = 0; j < key_count; j += key_tile)
                multiply(i, rows, j, std::min(key_tile, key_count - j), in.output + std::size_t(i) * d, [&](int row, int keys) {
                    denominators[row] += weigh(&scores[std::size_t(row) * key_tile], in.coefficients.values + (j - i - row + in.length - 1), keys);
                });
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < d; column++) in.output[std::size_t(i + row) * d + column] /= denominators[row];
        }
    }

    template <typename Weigh> void multiply(int i, int rows, int j, int keys, float *output, Weigh weigh_row) {
        const int m = in.features, d = in.dimension;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, keys, m, 1, in.query + std::size_t(i) * m, m, in.key + std::size_t(j) * m, m, 0,
                    scores.get(), key_tile);
        for (int row = 0; row < rows; row++) weigh_row(row, keys);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, d, keys, 1, scores.get(), key_tile, in.value + std::size_t(j) * d, d,
                    j == 0 ? 0 : 1, output, d);
    }

    static float weigh(float *scores, const float *coefficients, int count) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < count; j++) {
            scores[j] *= coefficients[j];
            sum += scores[j];
        }
        return sum;
    }

    double seconds_of(int row_count, int key_count) {
        using Clock = std::chrono::steady_clock;
        double least = 1e30;
        for (int round = 0; round < 6; round++) {
            const auto start = Clock::now();
            run(row_count, key_count);
            least = std::min(least, std::chrono::duration<double>(Clock::now() - start).count());
        }
        return least;
    }

    HeadInputs in;
    int row_tile = 0, key_tile = 0;
    Array<float> scores, denominators, bare_output;
};

inline std::unique_ptr<Work> make_tile_head(const HeadInputs &inputs) { return std::make_unique<TileHead>(inputs); }
