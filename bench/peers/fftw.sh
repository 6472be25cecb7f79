#!/bin/sh
# FFTW 3 in single precision with AVX-512, from Debian's source package: Debian's own build stops at AVX. Some minutes the first time.
# Prints the folder that holds include/ and lib/libfftw3f.a.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
. "$folder/common.sh"
prefix=$cache/fftw-avx512

if [ ! -e "$prefix/lib/libfftw3f.a" ]; then
    install_packages g++ make dpkg-dev
    say "building FFTW with AVX-512 in $cache"
    rm -rf "$cache/fftw-source"
    mkdir -p "$cache/fftw-source"
    cd "$cache/fftw-source"
    wider_apt_get update
    wider_apt_get source fftw3
    cd fftw3-*/
    ./configure --prefix="$prefix" --enable-float --enable-sse2 --enable-avx --enable-avx2 --enable-avx512 --enable-fma \
        --disable-fortran --disable-doc --disable-shared --enable-static --with-pic CFLAGS="-O3 -fomit-frame-pointer -fstrict-aliasing -march=native" >&2
    make -s -j"$(nproc)" >&2
    make -s install >&2
    rm -rf "$cache/fftw-source"
fi
echo "$prefix"
