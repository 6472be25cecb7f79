// What an implementation is to peers.cpp, and memory on huge pages so that nobody pays for small ones.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

// c_t for t = j - i, entry t + (length - 1).
struct Coefficients {
    int length;
    const float *values;

    float operator[](int offset) const { return values[offset + length - 1]; }
};

struct HeadInputs {
    int length, features, dimension;
    Coefficients coefficients;
    const float *query, *key, *value;
    float *output;
};

struct ProductInputs {
    int length, columns;
    Coefficients coefficients;
    const float *x;
    float *y;
};

struct Work {
    virtual void run() = 0;
    // See peer_run_bare.
    virtual double run_bare() = 0;
    virtual ~Work() = default;
};

struct Peer {
    const char *name;
    const char *(*about)();
    std::unique_ptr<Work> (*make_head)(const HeadInputs &);
    // NULL where there are no Toeplitz products.
    std::unique_ptr<Work> (*make_product)(const ProductInputs &);
};

// Each library defines its own.
extern const Peer peers[];
extern const int peer_count;

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
