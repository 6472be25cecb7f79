#!/bin/bash
# The whole test house. Builds once, runs every suite on every instruction tier this machine has, the native library's callers,
# linux-arm64 under an emulator, and the deliberate faults. Installs what it needs.
#
#   tests/run.sh --quick     only library and command line, on the widest tier, without the tests that take longest; installs nothing
#
# Last line: "N passed, N failed" or "N passed, N failed, N skipped"; exit status 0 only when nothing failed and every step ran.
set -uo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
unset FASTATTN_TIER FASTATTN_THREADS
# What someone measured on this machine must not decide which methods are tested.
export FASTATTN_COSTS=shipped

passed=0 failed=0 skipped=0
summary=()
work=$(mktemp -d)
log=$work/log
trap 'rm -rf "$work"' EXIT

# step NAME COMMAND...: runs a command whose last "N passed, N failed[, N skipped]" counts; one that prints none has failed.
step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n=== %s\n' "$name"
    "$@" 2>&1 | tee "$log"
    local status=${PIPESTATUS[0]} line p=0 f=0 s=0
    line=$(grep -oE '[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?' "$log" | tail -1)
    if [ -n "$line" ]; then
        read -r p f s < <(echo "$line" | tr -dc '0-9, ' | tr ',' ' ')
        s=${s:-0}
        if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    else
        f=1
        line="did not report, exit status $status"
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    summary+=("$(printf '%-44s %5d s  %s' "$name" $((SECONDS - start)) "$line")")
}

# suite PROJECT [ARGUMENT...]: one xunit project, already built.
suite() {
    local project=$1
    shift
    timeout 20m dotnet test "tests/$project" -c Release --no-build --nologo "$@" 2>&1 | tee "$log.suite"
    local status=${PIPESTATUS[0]} p f s
    read -r f p s < <(sed -nE 's/.*Failed: *([0-9]+), Passed: *([0-9]+), Skipped: *([0-9]+).*/\1 \2 \3/p' "$log.suite" | tail -1)
    rm -f "$log.suite"
    [ -n "${p:-}" ] && echo "$project: $p passed, $f failed, $s skipped"
    return "$status"
}

# tell: what all steps did; the last line of this script.
tell() {
    printf '\n'
    printf '%s\n' "${summary[@]}"
    if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
    [ "$failed" -eq 0 ]
}

build_suites() {
    dotnet build tests/FastAttn.Tests -c Release -clp:ErrorsOnly &&
        dotnet build tests/FastAttn.Cli.Tests -c Release -clp:ErrorsOnly && echo "1 passed, 0 failed"
}

# A quarter of the time of all: what is left out goes through every float32, every length or every small shape, or through hard cases of every kind.
if [ "${1-}" = --quick ]; then
    long=(Exhaustive EveryLength every_small_shape AdversarialTests GaussianAttentionTests.AgreesWithFloat64)
    filter=$(printf '&FullyQualifiedName!~%s' "${long[@]}")
    step "build" build_suites
    [ "$failed" -eq 0 ] || { tell; exit 1; }
    step "FastAttn.Tests, the quick ones" suite FastAttn.Tests --filter "${filter#&}"
    step "FastAttn.Cli.Tests" suite FastAttn.Cli.Tests
    tell
    exit
fi

# The tiers of this machine by their word; a tier it lacks is skipped by name.
has_tier() {
    case $1 in
        avx512) [ "$(uname -m)" = x86_64 ] && "$work/levels" x86-64-v4 > "$log" ;;
        avx2) [ "$(uname -m)" = x86_64 ] && "$work/levels" x86-64-v3 > "$log" ;;
        neon) [ "$(uname -m)" = aarch64 ] ;;
        portable) true ;;
    esac
}

# What this processor can run, which the tests must not ask of the library that they test.
if [ "$(uname -m)" = x86_64 ]; then
    # shellcheck source=../nativelib/install-packages.sh
    . nativelib/install-packages.sh
    install_packages gcc libc6-dev
    gcc nativelib/levels/levels.c nativelib/levels/main.c -o "$work/levels" || exit 1
fi

build() { dotnet build FastAttn.sln -c Release -clp:ErrorsOnly && echo "1 passed, 0 failed"; }
native_library() { nativelib/build.sh --prefix artifacts/native && echo "1 passed, 0 failed"; }
absent_tier() { echo "SKIPPED: this machine has no $1"; echo "0 passed, 0 failed, 1 skipped"; }
on_tier() { local FASTATTN_TIER=$1; export FASTATTN_TIER; suite "$2"; }
runtime_with() { export "${1?}"; suite FastAttn.Tests --filter FullyQualifiedName~TierSmokeTests; }

step "build" build
[ "$failed" -eq 0 ] || { echo "$passed passed, $failed failed"; exit 1; }
step "generators" suite FastAttn.Generators.Tests
for tier in avx512 avx2 neon portable; do
    for project in FastAttn.Tests FastAttn.Cli.Tests; do
        if has_tier "$tier"; then
            step "$project, $tier" on_tier "$tier" "$project"
        else
            step "$project, $tier" absent_tier "$tier"
        fi
    done
done
step "the runtime without AVX-512" runtime_with DOTNET_EnableAVX512=0
step "the runtime without AVX2" runtime_with DOTNET_EnableAVX2=0
step "the runtime with narrower vectors" runtime_with DOTNET_PreferredVectorBitWidth=256
step "the package" tests/package/run.sh
step "native library" native_library
step "C and C++ callers" tests/abi/run.sh artifacts/native
step "Python" tests/python/run.sh artifacts/native
step "the README's examples" tests/readme/run.sh artifacts/native
step "ARM64 under an emulator" tests/neon/run.sh
step "deliberate faults" tests/faults/run.sh
tell
