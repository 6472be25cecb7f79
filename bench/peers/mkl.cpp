// Intel MKL: columns and tiles. On a processor of another maker MKL 2020 takes its oldest kernels for Fourier transforms (twice as slow
// here) unless told that the processor is Intel's; PEER_AS_INTEL tells it, by the function that it asks, so that it is measured at its best.
#include <mkl.h>
#include <mkl_dfti.h>

#include <string>

#include "fourier.hpp"
#include "tiles.hpp"

#ifdef PEER_AS_INTEL
extern "C" int mkl_serv_intel_cpu_true() { return 1; }
#endif

namespace {

using Long = MKL_LONG;

class MklTransform {
  public:
    MklTransform(Layout layout, float *signal_memory, float *spectrum_memory) : signal(signal_memory), spectrum(spectrum_memory), in_place(layout.in_place) {
        const Long floats = Long(layout.stride()), points = floats / 2;
        forward_plan = make(layout, layout.is_complex ? points : floats, points);
        inverse_plan = make(layout, points, layout.is_complex ? points : floats);
    }

    MklTransform(const MklTransform &) = delete;

    ~MklTransform() {
        DftiFreeDescriptor(&forward_plan);
        DftiFreeDescriptor(&inverse_plan);
    }

    void forward() { in_place ? DftiComputeForward(forward_plan, signal) : DftiComputeForward(forward_plan, signal, spectrum); }
    void inverse() { in_place ? DftiComputeBackward(inverse_plan, signal) : DftiComputeBackward(inverse_plan, spectrum, signal); }

  private:
    static DFTI_DESCRIPTOR_HANDLE make(Layout layout, Long input_distance, Long output_distance) {
        DFTI_DESCRIPTOR_HANDLE handle = nullptr;
        DftiCreateDescriptor(&handle, DFTI_SINGLE, layout.is_complex ? DFTI_COMPLEX : DFTI_REAL, 1, Long(layout.size));
        if (!layout.is_complex) DftiSetValue(handle, DFTI_CONJUGATE_EVEN_STORAGE, DFTI_COMPLEX_COMPLEX);
        DftiSetValue(handle, DFTI_PLACEMENT, layout.in_place ? DFTI_INPLACE : DFTI_NOT_INPLACE);
        DftiSetValue(handle, DFTI_NUMBER_OF_TRANSFORMS, Long(layout.units));
        DftiSetValue(handle, DFTI_INPUT_DISTANCE, input_distance);
        DftiSetValue(handle, DFTI_OUTPUT_DISTANCE, output_distance);
        if (DftiCommitDescriptor(handle) != 0) throw std::bad_alloc();
        return handle;
    }

    float *signal, *spectrum;
    bool in_place;
    DFTI_DESCRIPTOR_HANDLE forward_plan, inverse_plan;
};

const char *about() {
    static const std::string text = [] {
        MKLVersion version;
        mkl_get_version(&version);
        return "MKL " + std::to_string(version.MajorVersion) + "." + std::to_string(version.UpdateVersion) + " for " + version.Processor;
    }();
    return text.c_str();
}

} // namespace

// Its matrix products are as good unforced, so that tiles are measured once.
const Peer peers[] = {{PEER_NAME, about, make_fourier_head<MklTransform>, make_fourier_product<MklTransform>}, {"MKL tiles", about, make_tile_head, nullptr}};
#ifdef PEER_AS_INTEL
const int peer_count = 2;
#else
const int peer_count = 1;
#endif
