#!/bin/bash
# The library as linux-arm64 runs it, under an emulator: the tests of its kernels and of its methods as a program compiled ahead
# of time, and the native library's C callers. NEON must be what runs. Installs what it needs.
# Last line: "neon: N passed, N failed".
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export FASTATTN_TIER=neon FASTATTN_COSTS=shipped

# shellcheck source=../../nativelib/install-packages.sh
. "$root/nativelib/install-packages.sh"
install_packages qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross
emulated() { timeout 20m qemu-aarch64 -L /usr/aarch64-linux-gnu -E "LD_LIBRARY_PATH=$work/native/lib" "$@"; }

passed=0 failed=0
# add_up NAME COMMAND...: a program whose last line is "...: N passed, N failed".
add_up() {
    local name=$1 p f
    shift
    "$@" 2>&1 | tee "$work/log"
    if read -r p f < <(sed -nE '$s/.*: ([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$work/log"); then
        passed=$((passed + p)) failed=$((failed + f))
    else
        failed=$((failed + 1))
        echo "FAILED $name: ended without a summary"
    fi
}

"$root/nativelib/build.sh" --arch arm64 --prefix "$work/native" > "$work/native.log" 2>&1 &&
    dotnet publish "$root/tests/neon/FastAttn.NeonTests" -c Release -r linux-arm64 -o "$work/tests" --nologo -v quiet ||
    { cat "$work/native.log"; echo "neon: 0 passed, 1 failed"; exit 1; }

version=$(sed -n 's/^Version: //p' "$work/native/lib/pkgconfig/fastattn.pc")
compile() {
    local program=$1
    shift
    aarch64-linux-gnu-gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -O1 -g -pthread -DEXPECTED_VERSION="\"$version\"" -I"$work/native/include" \
        "$root/tests/abi/$program.c" -o "$work/$program" "$@"
}
compile caller -L"$work/native/lib" -lfastattn -lm
compile process -ldl
# The first takes as long as the other two, on another core.
emulated "$work/process" "$work/native/lib/libfastattn.so.0" > "$work/process.log" 2>&1 &
add_up "caller.c" emulated -E EXPECTED_TIER=neon "$work/caller"
add_up "the library's tests" emulated "$work/tests/FastAttn.Tests" \
    TierSmokeTests WorkedExampleTests TileKernelTests RowKernelTests SoftmaxKernelTests CodeletTests LaneFftTests
wait
add_up "process.c" cat "$work/process.log"

echo "neon: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
