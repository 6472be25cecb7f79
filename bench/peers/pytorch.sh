#!/bin/sh
# PyTorch 2 from Debian trixie, in a folder of its own (1.3 GB, some minutes the first time).
#   pytorch.sh            makes the folder when it is not there, and prints its name
#   pytorch.sh run        runs torch_peer.py in it, which answers on standard output what it is asked on standard input
# Mounts are made in a private namespace, so none is left behind however this ends.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)
. "$folder/common.sh"
root=$cache/trixie

# OpenBLAS because PyTorch would otherwise multiply with the reference BLAS.
packages=python3,python3-torch,python3-numpy,libopenblas0-pthread

make_root() {
    [ -e "$root/.complete" ] && return
    install_packages debootstrap
    say "making $root"
    mkdir -p "$cache"
    as_root rm -rf "$root"
    as_root unshare --mount sh -eu -c '
        debootstrap --variant=minbase --keyring="$1" trixie "$2" "$3" >&2
        [ -e "$2/proc/self" ] || mount -t proc proc "$2/proc"
        printf "APT::Install-Recommends \"false\";\n" > "$2/etc/apt/apt.conf.d/90no-recommends"
        if [ -d /etc/apt/apt.conf.d ]; then cp -n /etc/apt/apt.conf.d/*proxy* "$2/etc/apt/apt.conf.d/" 2>/dev/null || true; fi
        cp /etc/resolv.conf "$2/etc/resolv.conf"
        DEBIAN_FRONTEND=noninteractive chroot "$2" apt-get install -y -qq $(echo "$4" | tr , " ") >&2
        chroot "$2" apt-get clean
        touch "$2/.complete"
    ' sh "$keyring" "$root" "$(archive)" "$packages"
}

case ${1:-} in
    "")
        make_root
        echo "$root"
        ;;
    run)
        make_root
        as_root cp "$folder/pipe.py" "$folder/torch_peer.py" "$root/"
        as_root unshare --mount sh -eu -c '
            mount -t proc proc "$1/proc"
            exec chroot "$1" /usr/bin/env -i PATH=/usr/bin:/bin LANG=C.UTF-8 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python3 -u /torch_peer.py
        ' sh "$root"
        ;;
    *) fail "usage: pytorch.sh [run]" ;;
esac
