#include <cblas.h>

#include <string>

#include "tiles.hpp"

static const char *about() {
    static const std::string text = std::string(openblas_get_config()) + ", kernels " + openblas_get_corename();
    return text.c_str();
}

const Peer peers[] = {{"OpenBLAS tiles", about, make_tile_head, nullptr}};
const int peer_count = 1;
