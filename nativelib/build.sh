#!/bin/bash
# Builds the native library and lays it out for C, C++, CMake, pkg-config and Python.
#
#   nativelib/build.sh [--prefix DIR] [--arch x64|arm64]        default DIR: artifacts/native in the repository
#
#   DIR/include/fastattn.h, fastattn.hpp
#   DIR/lib/libfastattn.so -> libfastattn.so.0                     any x86-64
#   DIR/lib/glibc-hwcaps/x86-64-v3/libfastattn.so.0                AVX2 and FMA
#   DIR/lib/glibc-hwcaps/x86-64-v4/libfastattn.so.0                AVX-512
#   DIR/bin/fastattn-levels                                        prints which of these a machine runs
#   DIR/lib/pkgconfig/fastattn.pc, DIR/lib/cmake/FastAttn/
#   DIR/python/                                                    put on PYTHONPATH, or: pip install DIR/python
#
# With --arch arm64, a cross-build, lib/ holds the one build for any ARM64 (NEON), and there is no Python package yet.
#
# Needs the .NET 10 SDK. Installs gcc (for ARM64: its cross-compiler), python3-numpy and zlib1g-dev (Debian's names) where
# they are missing.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
prefix=$root/artifacts/native
arch=x64

while [ $# -gt 0 ]; do
    case $1 in
        --prefix)
            [ $# -ge 2 ] || { echo "build.sh: --prefix needs a directory" >&2; exit 2; }
            prefix=$2
            shift 2
            ;;
        --prefix=*)
            prefix=${1#--prefix=}
            shift
            ;;
        --arch)
            case ${2:-} in x64|arm64) arch=$2 ;; *) echo "build.sh: --arch is x64 or arm64" >&2; exit 2 ;; esac
            shift 2
            ;;
        *)
            echo "usage: nativelib/build.sh [--prefix DIR] [--arch x64|arm64]" >&2
            exit 2
            ;;
    esac
done

if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "build.sh: the native library is built for Linux on x86-64 only; elsewhere use the NuGet package" >&2
    exit 1
fi

# shellcheck source=install-packages.sh
. "$root/nativelib/install-packages.sh"
if [ "$arch" = arm64 ]; then
    install_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross
else
    install_packages gcc libc6-dev zlib1g-dev python3-numpy
fi

mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$root/Directory.Build.props")
project=$root/nativelib/FastAttn.Native/FastAttn.Native.csproj
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT

# One instruction set a build: what ILCompiler calls it, where the dynamic linker looks for it, what Python calls it.
publish_level() {
    local instruction_set=$1 lib_directory=$2 level=$3
    echo "publishing $level"
    dotnet publish "$project" -c Release -r "linux-$arch" -p:FastAttnInstructionSet="$instruction_set" \
        -o "$staging/$level" --nologo -v quiet
    mkdir -p "$lib_directory"
    install -m 755 "$staging/$level/libfastattn.so" "$lib_directory/libfastattn.so.0"
    ln -sfn libfastattn.so.0 "$lib_directory/libfastattn.so"
    [ "$arch" = arm64 ] || install -D -m 755 "$staging/$level/libfastattn.so" "$prefix/python/fastattn/lib/$level/libfastattn.so"
}

if [ "$arch" = arm64 ]; then
    publish_level ''        "$prefix/lib"                        arm64
else
    # Which of the builds a machine runs: for Python, which loads by path, and as a program for whoever else does.
    mkdir -p "$prefix/bin" "$prefix/python/fastattn/lib"
    levels=("$root/nativelib/levels/levels.c" -std=c11 -O2 -Wall -Wextra -Werror)
    gcc -shared -fPIC "${levels[@]}" -o "$prefix/python/fastattn/lib/libfastattn_levels.so"
    gcc "${levels[@]}" "$root/nativelib/levels/main.c" -o "$prefix/bin/fastattn-levels"

    publish_level ''        "$prefix/lib"                        x86-64
    publish_level x86-64-v3 "$prefix/lib/glibc-hwcaps/x86-64-v3"  x86-64-v3
    publish_level x86-64-v4 "$prefix/lib/glibc-hwcaps/x86-64-v4"  x86-64-v4
fi

mkdir -p "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/FastAttn"
install -m 644 "$root"/nativelib/include/fastattn.h "$root"/nativelib/include/fastattn.hpp "$prefix/include/"
sed "s:@VERSION@:$version:" "$root/nativelib/pkgconfig/fastattn.pc.in" > "$prefix/lib/pkgconfig/fastattn.pc"
install -m 644 "$root/nativelib/cmake/FastAttnConfig.cmake" "$prefix/lib/cmake/FastAttn/"
sed "s:@VERSION@:$version:" "$root/nativelib/cmake/FastAttnConfigVersion.cmake.in" \
    > "$prefix/lib/cmake/FastAttn/FastAttnConfigVersion.cmake"

if [ "$arch" = x64 ]; then
    install -m 644 "$root"/nativelib/python/fastattn/*.py "$root"/nativelib/python/fastattn/py.typed "$prefix/python/fastattn/"
    install -m 644 "$root"/nativelib/python/README.md "$root"/LICENSE "$prefix/python/"
    sed "s:@VERSION@:$version:" "$root/nativelib/python/pyproject.toml.in" > "$prefix/python/pyproject.toml"
fi

echo "FastAttn $version for $arch is in $prefix"
