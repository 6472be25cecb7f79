#!/bin/bash
# Tests the native library from C and C++, on every instruction level this machine has.
#
#   tests/abi/run.sh [PREFIX]     PREFIX: what nativelib/build.sh made; without it, the script builds its own
#
# Ends with "abi: N passed, N failed, N skipped".
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/tests/abi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A cost table that somebody measured on this machine decides nothing here.
export FASTATTN_COSTS=shipped

# shellcheck source=../../nativelib/install-packages.sh
. "$root/nativelib/install-packages.sh"
install_packages gcc g++ binutils cmake make pkg-config libc6-dev

if [ $# -gt 0 ]; then
    prefix=$(cd "$1" && pwd)
else
    prefix=$root/artifacts/native
    "$root/nativelib/build.sh" --prefix "$prefix"
fi

passed=0 failed=0 skipped=0

# shellcheck source=../check.sh
. "$root/tests/check.sh"

# add_up NAME COMMAND...: a program that prints "...: N passed, N failed" of its own.
add_up() {
    local name=$1 summary
    shift
    timeout 300 "$@" > "$work/log" 2>&1 || true
    summary=$(grep -E ': [0-9]+ passed, [0-9]+ failed$' "$work/log" | tail -1 || true)
    if [ -z "$summary" ]; then
        failed=$((failed + 1))
        echo "FAILED $name: ended without a summary"
        sed 's/^/  /' "$work/log"
        return
    fi
    passed=$((passed + $(echo "$summary" | sed -E 's/.*: ([0-9]+) passed.*/\1/')))
    failed=$((failed + $(echo "$summary" | sed -E 's/.* ([0-9]+) failed$/\1/')))
    grep -v -F "$summary" "$work/log" | sed "s/^/  /" || true
    echo "$name, $summary"
}

# ---- The header -----------------------------------------------------------------------------------------------------

strict=(-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -I"$prefix/include" -fsyntax-only)
check "fastattn.h is C99"     gcc -std=c99   "${strict[@]}" -x c   "$prefix/include/fastattn.h"
check "fastattn.h is C11"     gcc -std=c11   "${strict[@]}" -x c   "$prefix/include/fastattn.h"
check "fastattn.h is C++17"   g++ -std=c++17 "${strict[@]}" -x c++ -include "$prefix/include/fastattn.h" /dev/null
check "fastattn.hpp is C++17" g++ -std=c++17 "${strict[@]}" -x c++ -include "$prefix/include/fastattn.hpp" /dev/null

# ---- Declarations in other languages --------------------------------------------------------------------------------

python_declarations_compile() {
    /usr/bin/env python3 "$here/declarations.py" "$prefix/python/fastattn" > "$work/declarations.cpp" &&
        g++ -std=c++17 "${strict[@]}" -x c++ "$work/declarations.cpp"
}
check "what is made from fastattn.h is up to date" "$root/nativelib/declarations.py" --check
check "Python's declarations are those of fastattn.h" python_declarations_compile

# ---- The exports, of every build ------------------------------------------------------------------------------------

gcc -E -P "$prefix/include/fastattn.h" | tr -d '\n' | grep -oE '\bfa_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u > "$work/declared"
gcc -E -P "$prefix/include/fastattn.h" | tr -d '\n' | grep -oE 'fa_status fa_[a-z0-9_]+ *\(' | tr -d ' (' | sed 's/^fa_status//' > "$work/status-functions"

exports_match() {
    nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort > "$work/exported"
    diff "$work/declared" "$work/exported"
}

is_self_contained() {
    ! readelf -d "$1" | grep NEEDED | grep -vE 'libc\.so|ld-linux|libm\.so|libpthread|libdl'
}

has_dynamic_tags() {
    readelf -d "$1" | grep -q 'soname: \[libfastattn.so.0\]' && readelf -d "$1" | grep -q NODELETE
}

# ---- The builds -----------------------------------------------------------------------------------------------------

version=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --modversion fastattn)
flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs fastattn)
warnings=(-Wall -Wextra -Wpedantic -Werror -O1 -g -pthread)
# shellcheck disable=SC2086
check "caller.c compiles"   gcc -std=c11   "${warnings[@]}" -DEXPECTED_VERSION="\"$version\"" "$here/caller.c" -o "$work/caller-c" $flags -lm
# shellcheck disable=SC2086
check "caller.cpp compiles" g++ -std=c++17 "${warnings[@]}" "$here/caller.cpp" -o "$work/caller-cpp" $flags
# shellcheck disable=SC2086
check "door.c compiles"     gcc -std=c11   "${warnings[@]}" "$here/door.c" -o "$work/door" $flags -ldl
check "process.c compiles"  gcc -std=c11   "${warnings[@]}" -I"$prefix/include" -rdynamic "$here/process.c" -o "$work/process" -ldl
# shellcheck disable=SC2086
check "consumer.c compiles" gcc -std=c11   "${warnings[@]}" "$here/consumer.c" -o "$work/consumer" $flags

check "levels.c compiles"   gcc -std=c11   "${warnings[@]}" -D_GNU_SOURCE "$here/levels.c" "$root/nativelib/levels/levels.c" -o "$work/levels"
add_up "levels" "$work/levels"

readme_example_compiles() {
    awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$root/nativelib/README.md" > "$work/readme.c"
    # shellcheck disable=SC2086
    gcc -std=c11 "${warnings[@]}" -c "$work/readme.c" -o "$work/readme.o" $flags
}
check "the README's C example compiles" readme_example_compiles

best=portable

# run_level LEVEL DIRECTORY TIER: everything on one build, where this machine runs it.
run_level() {
    local level=$1 tier=$3 file=$2/libfastattn.so.0 verdict
    check "$level exports what the header declares" exports_match "$file"
    check "$level needs nothing but the C library" is_self_contained "$file"
    check "$level has a soname and stays mapped" has_dynamic_tags "$file"
    if ! verdict=$("$prefix/bin/fastattn-levels" "$level"); then
        skipped=$((skipped + 1))
        echo "skipped $verdict"
        return
    fi

    # A directory of its own keeps the dynamic linker from choosing a better build.
    mkdir -p "$work/$level"
    cp "$file" "$work/$level/"
    best=$tier
    add_up "$level" env LD_LIBRARY_PATH="$work/$level" EXPECTED_TIER="$tier" "$work/caller-c"
    add_up "$level" env LD_LIBRARY_PATH="$work/$level" "$work/caller-cpp"
    # shellcheck disable=SC2046
    add_up "$level" env LD_LIBRARY_PATH="$work/$level" "$work/door" $(cat "$work/status-functions")
    add_up "$level" "$work/process" "$work/$level/libfastattn.so.0"
    check "$level lowered to portable by FASTATTN_TIER" \
        test "$(FASTATTN_TIER=portable LD_LIBRARY_PATH=$work/$level "$work/consumer")" = portable
    check "$level ignores a FASTATTN_TIER it lacks" \
        test "$(FASTATTN_TIER=neon LD_LIBRARY_PATH=$work/$level "$work/consumer")" = "$tier"
    check "$level refuses a FASTATTN_TIER it does not know" \
        grep "FASTATTN_TIER.*sse9.*portable" <(FASTATTN_TIER=sse9 LD_LIBRARY_PATH=$work/$level "$work/consumer")
}

run_level x86-64    "$prefix/lib"                        portable
run_level x86-64-v3 "$prefix/lib/glibc-hwcaps/x86-64-v3" avx2
run_level x86-64-v4 "$prefix/lib/glibc-hwcaps/x86-64-v4" avx512

# ---- How users reach the library ------------------------------------------------------------------------------------

check "the dynamic linker chooses the best build" test "$("$work/consumer")" = "$best"
cp "$here/CMakeLists.txt" "$here/consumer.c" "$work/"
check "find_package finds it" cmake -S "$work" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix"
check "a CMake consumer builds" cmake --build "$work/cmake"
check "a CMake consumer runs" test "$("$work/cmake/consumer")" = "$best"

echo "abi: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
