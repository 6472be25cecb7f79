#!/bin/sh
# Makes report.md with plots from the tables of one folder below bench/results, or of each when none is named, and the tables of the README.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
. "$folder/peers/common.sh"
install_packages python3-matplotlib >&2
[ $# -gt 0 ] || set -- "$folder"/results/*/
/usr/bin/python3 "$folder/report.py" "$@"
/usr/bin/python3 "$folder/readme.py"
