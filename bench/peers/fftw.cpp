// FFTW 3 in single precision, whichever build this is linked with (PEER_NAME says which).
#include <fftw3.h>

#include "fourier.hpp"

namespace {

class FftwTransform {
  public:
    FftwTransform(Layout layout, float *signal, float *spectrum) {
        const int size = layout.size, units = layout.units, floats = int(layout.stride());
        auto *bins = reinterpret_cast<fftwf_complex *>(spectrum), *points = reinterpret_cast<fftwf_complex *>(signal);
        const unsigned effort = FFTW_MEASURE;
        if (layout.is_complex) {
            forward_plan = fftwf_plan_many_dft(1, &size, units, points, nullptr, 1, floats / 2, bins, nullptr, 1, floats / 2, FFTW_FORWARD, effort);
            inverse_plan = fftwf_plan_many_dft(1, &size, units, bins, nullptr, 1, floats / 2, points, nullptr, 1, floats / 2, FFTW_BACKWARD, effort);
        } else {
            forward_plan = fftwf_plan_many_dft_r2c(1, &size, units, signal, nullptr, 1, floats, bins, nullptr, 1, floats / 2, effort);
            inverse_plan = fftwf_plan_many_dft_c2r(1, &size, units, bins, nullptr, 1, floats / 2, signal, nullptr, 1, floats, effort);
        }
    }

    FftwTransform(const FftwTransform &) = delete;

    ~FftwTransform() {
        fftwf_destroy_plan(forward_plan);
        fftwf_destroy_plan(inverse_plan);
    }

    void forward() { fftwf_execute(forward_plan); }
    void inverse() { fftwf_execute(inverse_plan); }

  private:
    fftwf_plan forward_plan, inverse_plan;
};

const char *about() { return fftwf_version; }

} // namespace

const Peer peers[] = {{PEER_NAME, about, make_fourier_head<FftwTransform>, make_fourier_product<FftwTransform>}};
const int peer_count = 1;
