#!/bin/bash
# Makes every table of bench/results for this machine, then its report. What is there already is kept: a run that was cut off goes on.
#   bench/run.sh [--quick] [--force] [--no-torch] [COMMAND…]
#   --quick     few rows, a fifth of a second each, into a folder outside the repository, always anew: tries everything in five minutes or so
#   --force     measures again what is there
#   --no-torch  leaves PyTorch out: a Debian trixie of 1.3 GB, made once
#   COMMAND…    only these
# Measure on a quiet machine; each command pins itself to the last core. One that takes three times as long as told is ended.
set -euo pipefail
cd "$(dirname "$0")"
. peers/common.sh

quick="" force="" torch=yes chosen=""
for argument in "$@"; do
    case $argument in
        --quick) quick=--quick force=yes ;;
        --force) force=yes ;;
        --no-torch) torch="" ;;
        -*) fail "$argument is not known; see the head of $0" ;;
        *) chosen="$chosen $argument" ;;
    esac
done

# Command, seconds for one row, about how long it takes on a Zen 4 in minutes, and its peers. A new command is one line here.
commands="
limits     0.5  0.2  -
peak       1    0.3  -
heads      1    5    libraries
fft        0.5  0.5  -
toeplitz   0.6  1.5  libraries,scipy
torch      1    4    torch
positions  1    4    -
lengths    0.3  1    -
grids      0.5  1    -
features   0.5  0.5  -
softmax    1    0.3  -
skyformer  1    0.3  -
types      1    0.3  -
threads    1    0.3  -
memory     0    0.5  -
costs      0.3  1    -
planner    0.1  3    -
accuracy   0    1.5  -
"

results=results
[ -z "$quick" ] || results=$cache/quick
dotnet build FastAttn.Bench -c Release -clp:ErrorsOnly -nologo >&2
bench="dotnet FastAttn.Bench/bin/Release/net10.0/FastAttn.Bench.dll"
known=$($bench --help)
folder=$results/$($bench folder)

# The environment may have chosen another core's kernels for OpenBLAS, or more threads.
unset OPENBLAS_CORETYPE
export OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 OMP_NUM_THREADS=1

failed=""
peers_for() {
    case $1 in
        libraries*)
            libraries=$(peers/build.sh) || return 1
            for library in $libraries; do echo "--peers $library"; done
            ;;&
        *scipy) install_packages python3-scipy && echo "--peers peers/scipy_peer.py" ;;
        torch) peers/pytorch.sh >/dev/null && echo "--peers peers/pytorch.sh" ;;
    esac
}

while read -r command seconds minutes peers; do
    [ -n "$command" ] || continue
    [ -z "$chosen" ] || [[ " $chosen " == *" $command "* ]] || continue
    grep -q "^  $command " <<< "$known" || continue
    [ "$command" != torch ] || [ -n "$torch" ] || continue
    if [ -e "$folder/$command.csv" ] && [ -z "$force" ]; then
        say "$command: kept (--force measures again)"
        continue
    fi
    [ -z "$quick" ] || seconds=0.2
    say "$command: about $minutes minutes"
    limit=$(awk "BEGIN { print int(180 * $minutes) + 60 }")
    started=$SECONDS
    # shellcheck disable=SC2086,SC2046
    if arguments=$(peers_for "$peers") && timeout "$limit" $bench $command --results $results --seconds $seconds $quick $arguments < /dev/null; then
        say "$command: $((SECONDS - started)) s"
    else
        say "$command: FAILED after $((SECONDS - started)) s"
        failed="$failed $command"
    fi
done <<< "$commands"

./report.sh "$folder"
[ -z "$failed" ] || fail "failed:$failed"
