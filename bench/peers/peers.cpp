// The functions of peers.h over the table of the library that this is linked into.
#include "peers.h"

#include "head.hpp"

namespace {

const Peer *find_head(int index) { return index >= 0 && index < peer_count ? &peers[index] : nullptr; }

const Peer *find_product(int index) {
    for (int peer = 0; peer < peer_count; peer++)
        if (peers[peer].make_product != nullptr && index-- == 0) return &peers[peer];
    return nullptr;
}

template <typename Make> void *guarded(Make make) {
    try {
        return make().release();
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

} // namespace

const char *peer_name(int index) { return find_head(index) != nullptr ? find_head(index)->name : nullptr; }

const char *peer_about(int index) { return find_head(index) != nullptr ? find_head(index)->about() : nullptr; }

void *peer_create(int index, int length, int features, int dimension, const float *coefficients, const float *query,
                  const float *key, const float *value, float *output) {
    return guarded([&] { return find_head(index)->make_head({length, features, dimension, {length, coefficients}, query, key, value, output}); });
}

void peer_run(void *head) { static_cast<Work *>(head)->run(); }

double peer_run_bare(void *head) { return static_cast<Work *>(head)->run_bare(); }

void peer_destroy(void *head) { delete static_cast<Work *>(head); }

const char *peer_toeplitz_name(int index) { return find_product(index) != nullptr ? find_product(index)->name : nullptr; }

void *peer_toeplitz_create(int index, int length, int columns, const float *coefficients, const float *x, float *y) {
    return guarded([&] { return find_product(index)->make_product({length, columns, {length, coefficients}, x, y}); });
}

void peer_toeplitz_run(void *product) { static_cast<Work *>(product)->run(); }

double peer_toeplitz_run_bare(void *product) { return static_cast<Work *>(product)->run_bare(); }

void peer_toeplitz_destroy(void *product) { delete static_cast<Work *>(product); }
