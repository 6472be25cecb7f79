// The table of implementations behind peers.h.
#include "peers.h"

#include "head.hpp"

namespace {

struct Peer {
    const char *name;
    std::unique_ptr<Head> (*make)(const Inputs &);
};

constexpr Peer peers[] = {{"FFTW", make_fftw_head}, {"OpenBLAS", make_openblas_head}};
constexpr int count = sizeof peers / sizeof *peers;

} // namespace

const char *peer_name(int index) { return index >= 0 && index < count ? peers[index].name : nullptr; }

void *peer_create(int index, int length, int features, int dimension, const float *coefficients, const float *query,
                  const float *key, const float *value, float *output) {
    try {
        const Inputs inputs{length, features, dimension, coefficients, query, key, value, output};
        return peers[index].make(inputs).release();
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

void peer_run(void *head) { static_cast<Head *>(head)->run(); }

void peer_destroy(void *head) { delete static_cast<Head *>(head); }
