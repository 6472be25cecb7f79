#!/bin/sh
# Builds the peers, installing what is missing, and prints one library a line. FFTW is GPL and MKL not free: both are linked here
# for comparison only, and nothing of this folder is shipped.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
. "$folder/common.sh"
install_packages g++ libfftw3-dev libopenblas-dev
"$folder/mkl.sh"
fftw=$("$folder/fftw.sh")
libraries=$(dirname "$(dpkg -L libmkl-dev libmkl-computational-dev | grep '/libmkl_core\.a$')")
target=$cache/lib
mkdir -p "$target"

build() {
    output=$target/libpeers-$1.so
    shift
    g++ -std=c++17 -O3 -march=native -fno-math-errno -fopenmp-simd -Wall -Wextra -Wpedantic -Werror -fPIC -shared -I"$folder" \
        "$folder/peers.cpp" "$@" -Wl,--exclude-libs,ALL -Wl,-z,defs -o "$output.new"
    mv "$output.new" "$output"
    echo "$output"
}

# A library is built again when a source is newer.
current() { [ -e "$target/libpeers-$1.so" ] && [ -z "$(find "$folder" \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name build.sh \) -newer "$target/libpeers-$1.so")" ] && echo "$target/libpeers-$1.so"; }

# Static, so that each library has an MKL of its own that was told its own truth about the processor.
mkl="-I/usr/include/mkl $folder/mkl.cpp -Wl,-z,muldefs -Wl,--start-group $libraries/libmkl_intel_lp64.a $libraries/libmkl_sequential.a $libraries/libmkl_core.a -Wl,--end-group -lpthread -lm -ldl"
# shellcheck disable=SC2086
current mkl || build mkl -DPEER_NAME='"MKL"' -DPEER_AS_INTEL $mkl
# shellcheck disable=SC2086
current mkl-unforced || build mkl-unforced -DPEER_NAME='"MKL unforced"' $mkl
current fftw-avx512 || build fftw-avx512 -DPEER_NAME='"FFTW AVX-512"' -I"$fftw/include" "$folder/fftw.cpp" "$fftw/lib/libfftw3f.a" -lm
current fftw || build fftw -DPEER_NAME='"FFTW Debian"' "$folder/fftw.cpp" -lfftw3f -lm
current openblas || build openblas "$folder/openblas.cpp" -lopenblas
