#!/bin/bash
# Plants each deliberate fault of faults.txt in the library, alone, and runs the test that its line names, which must turn red.
# Prints each fault and the test that caught it. Last line: "faults: N passed, N failed".
#
#   tests/faults/run.sh [WORDS]        WORDS: only the faults with these words in their names
set -uo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset FASTATTN_TIER FASTATTN_THREADS
export FASTATTN_COSTS=shipped

build() { dotnet build "$1" -c Release -clp:ErrorsOnly -nologo -v:quiet; }
build tests/FastAttn.Tests && build tests/faults/FastAttn.Faults || { echo "faults: 0 passed, 1 failed"; exit 1; }
dotnet tests/faults/FastAttn.Faults/bin/Release/net10.0/FastAttn.Faults.dll \
    src/FastAttn src/FastAttn/obj tests/faults/faults.txt tests/FastAttn.Tests/bin/Release/net10.0 "$work" "$@"
