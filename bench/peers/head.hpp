// One head as every implementation sees it, and memory on huge pages so that nobody pays for small ones.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

struct Inputs {
    int length, features, dimension;
    const float *coefficients, *query, *key, *value;
    float *output;

    // c_t for t = j - i.
    float coefficient(int offset) const { return coefficients[offset + length - 1]; }
};

struct Head {
    virtual void run() = 0;
    virtual ~Head() = default;
};

struct Free {
    void operator()(void *memory) const { std::free(memory); }
};

template <typename T> using Array = std::unique_ptr<T[], Free>;

template <typename T> Array<T> make_array(std::size_t count) {
    constexpr std::size_t page = std::size_t{2} << 20;
    const std::size_t bytes = (count * sizeof(T) + page - 1) / page * page;
    void *memory = std::aligned_alloc(page, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    madvise(memory, bytes, MADV_HUGEPAGE);
    std::memset(memory, 0, bytes);
    return Array<T>(static_cast<T *>(memory));
}

std::unique_ptr<Head> make_fftw_head(const Inputs &inputs);
std::unique_ptr<Head> make_openblas_head(const Inputs &inputs);
