#!/bin/sh
# Builds the peers into bench/peers/build/libpeers.so, installing by apt-get what is missing. GPL code (FFTW) is linked
# here for comparison only: nothing of this folder is shipped.
set -eu
cd "$(dirname "$0")"
missing=""
for package in g++ libfftw3-dev libopenblas-dev; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
if [ -n "$missing" ]; then
    if [ "$(id -u)" -eq 0 ]; then as_root=""; else as_root=sudo; fi
    $as_root apt-get update >&2
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends $missing >&2
fi
mkdir -p build
g++ -std=c++17 -O3 -march=native -fno-math-errno -fopenmp-simd -Wall -Wextra -Wpedantic -Werror -fPIC -shared -fvisibility=default \
    peers.cpp fftw_head.cpp openblas_head.cpp -lfftw3f -lopenblas -o build/libpeers.so
echo "$PWD/build/libpeers.so"
