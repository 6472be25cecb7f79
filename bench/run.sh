#!/bin/sh
# Makes every table of bench/results for this machine: one Markdown and one CSV file each. Arguments go to every command: --quick, --seconds S.
set -eu
cd "$(dirname "$0")"
dotnet build FastAttn.Bench -c Release -clp:ErrorsOnly -nologo
bench="dotnet FastAttn.Bench/bin/Release/net10.0/FastAttn.Bench.dll"
for command in peak grids toeplitz threads memory softmax costs accuracy; do
    $bench $command --results results "$@"
done
peers/run.sh --results results "$@"
