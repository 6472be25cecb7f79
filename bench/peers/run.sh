#!/bin/sh
# Our heads and other people's, in the same rounds on one core. Arguments go to the bench: --quick, --seconds S, --results DIR,
# --peers LIBRARY for more implementations behind peers.h.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
library=$("$folder/build.sh")
dotnet build "$folder/../FastAttn.Bench" -c Release -clp:ErrorsOnly -nologo >&2

# The environment may have chosen another core's kernels for OpenBLAS, or more threads.
unset OPENBLAS_CORETYPE
export OPENBLAS_NUM_THREADS=1
exec dotnet "$folder/../FastAttn.Bench/bin/Release/net10.0/FastAttn.Bench.dll" heads --peers "$library" "$@"
