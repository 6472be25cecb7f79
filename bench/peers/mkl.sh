#!/bin/sh
# Intel MKL from Debian's non-free component; the machine's own apt sources are left as they are.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
. "$folder/common.sh"
missing=$(missing_of libmkl-rt libmkl-dev)
if [ -n "$missing" ]; then
    say "installing $missing from non-free"
    wider_apt_get update
    # shellcheck disable=SC2086
    wider_apt_get install -y --no-install-recommends $missing
fi
