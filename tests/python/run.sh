#!/bin/bash
# Tests the Python package on every build this machine can run.
#
#   tests/python/run.sh [PREFIX]     PREFIX: what nativelib/build.sh made; without it, the script builds its own
#
# Ends with "python: N passed, N failed, N skipped".
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A cost table that somebody measured on this machine decides nothing here.
export FASTATTN_COSTS=shipped

# shellcheck source=../../nativelib/install-packages.sh
. "$root/nativelib/install-packages.sh"
install_packages python3 python3-numpy python3-pip python3-setuptools python3-wheel

if [ $# -gt 0 ]; then
    prefix=$(cd "$1" && pwd)
else
    prefix=$root/artifacts/native
    "$root/nativelib/build.sh" --prefix "$prefix"
fi

# Debian's NumPy belongs to Debian's Python, which need not be the first one on the PATH.
export PYTHONPATH=$prefix/python PYTHONDONTWRITEBYTECODE=1
passed=0 failed=0 skipped=0

# run LEVEL: every test on one build.
run() {
    local summary
    FASTATTN_LIBRARY=$prefix/python/fastattn/lib/$1/libfastattn.so \
        /usr/bin/python3 "$root/tests/python/run.py" > "$work/log" 2>&1 || cat "$work/log"
    summary=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$work/log" | tail -1 || true)
    if [ -z "$summary" ]; then
        failed=$((failed + 1))
        echo "FAILED $1: ended without a summary"
        return
    fi
    echo "$1: $summary"
    # shellcheck disable=SC2086
    set -- $summary
    passed=$((passed + $1)) failed=$((failed + $3)) skipped=$((skipped + $5))
}

# run_level LEVEL: the same, where this machine runs that build.
run_level() {
    local verdict
    if verdict=$("$prefix/bin/fastattn-levels" "$1"); then
        run "$1"
    else
        skipped=$((skipped + 1))
        echo "skipped $verdict"
    fi
}

run_level x86-64
run_level x86-64-v3
run_level x86-64-v4

echo "python: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
