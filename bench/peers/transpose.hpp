// Rows to columns and back, units of one or two columns at a time: target[unit][t * width + s] = rows[t * stride + unit * width + s].
#pragma once

#include <immintrin.h>

#include <cstddef>

namespace transpose {

// 8 x 8 floats.
inline void tile(const float *from, std::size_t from_stride, float *to, std::size_t to_stride) {
    __m256 r[8], s[8];
    for (int i = 0; i < 8; i++) r[i] = _mm256_loadu_ps(from + i * from_stride);
    for (int i = 0; i < 8; i += 2) {
        s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(to + i * to_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * to_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}

// 4 x 4 pairs of floats.
inline void tile(const double *from, std::size_t from_stride, double *to, std::size_t to_stride) {
    __m256d r[4], s[4];
    for (int i = 0; i < 4; i++) r[i] = _mm256_loadu_pd(from + i * from_stride);
    for (int i = 0; i < 4; i += 2) {
        s[i] = _mm256_unpacklo_pd(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_pd(r[i], r[i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        _mm256_storeu_pd(to + i * to_stride, _mm256_permute2f128_pd(s[i], s[i + 2], 0x20));
        _mm256_storeu_pd(to + (i + 2) * to_stride, _mm256_permute2f128_pd(s[i], s[i + 2], 0x31));
    }
}

template <typename T> void matrix(const T *from, std::size_t from_stride, int rows, int columns, T *to, std::size_t to_stride) {
    constexpr int side = 32 / sizeof(T);
    const int whole_rows = rows / side * side, whole_columns = columns / side * side;
    for (int i = 0; i < whole_rows; i += side)
        for (int j = 0; j < whole_columns; j += side)
            tile(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
    for (int i = 0; i < rows; i++)
        for (int j = i < whole_rows ? whole_columns : 0; j < columns; j++) to[j * to_stride + i] = from[i * from_stride + j];
}

// Strides and `columns` are in floats and divide by `width`, 1 or 2.
inline void floats(int width, const float *from, std::size_t from_stride, int rows, int columns, float *to, std::size_t to_stride) {
    if (width == 1)
        matrix(from, from_stride, rows, columns, to, to_stride);
    else
        matrix(reinterpret_cast<const double *>(from), from_stride / 2, rows, columns / 2, reinterpret_cast<double *>(to), to_stride / 2);
}

} // namespace transpose
