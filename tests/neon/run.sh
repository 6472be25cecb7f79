#!/bin/bash
# Runs every emitted NEON kernel under an ARM64 emulator and compares it with the portable kernels.
# Installs what it needs. Last line: "neon: N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
configuration=${CONFIGURATION:-Release}

. "$root/nativelib/install-packages.sh"
install_packages qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross

project=FastAttn.NeonCases/FastAttn.NeonCases.csproj
dotnet build "$project" -c "$configuration" -clp:ErrorsOnly -v:quiet -nologo >&2
property() { dotnet msbuild "$project" -p:Configuration="$configuration" -getProperty:"$1"; }
csc="$(property RoslynTargetsPath)/bincore/csc.dll"
ilc=$(echo "$(property NuGetPackageRoot)"/runtime.linux-x64.microsoft.dotnet.ilcompiler/10.*/tools/ilc)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mapfile -t emitted < <(find "$root/src/FastAttn/obj" -path '*generated/net10.0/*' -name '*NeonKernels*.g.cs')
dotnet "FastAttn.NeonCases/bin/$configuration/net10.0/FastAttn.NeonCases.dll" "$work" "${emitted[@]}"

# One ARM64 program out of freestanding C# and harness.c.
build() {
    dotnet "$csc" -nologo -noconfig -nostdlib -runtimemetadataversion:v4.0.30319 -langversion:latest -unsafe -optimize \
        -nowarn:CS0649,CS0169 -target:library -out:"$work/$1.dll" freestanding/*.cs "$work/$1"/*.cs
    "$ilc" "$work/$1.dll" -o "$work/$1.o" --systemmodule:"$1" -O --noscan --targetos:linux --targetarch:arm64 --nativelib
    aarch64-linux-gnu-gcc -std=c11 -D_DEFAULT_SOURCE -O2 -Wall -Wextra -Werror harness.c "$work/$1.o" -o "$work/$1.elf" -lm
    # An intrinsic that became an instruction leaves no function behind.
    if aarch64-linux-gnu-nm "$work/$1.elf" | grep -E '_(Vector128|AdvSimd)'; then
        echo "FAILED: the intrinsics above were compiled to calls"
        return 1
    fi
}
build plain
build marked
qemu-aarch64 -L /usr/aarch64-linux-gnu "$work/marked.elf" "$work/cases.bin" marks
qemu-aarch64 -L /usr/aarch64-linux-gnu "$work/plain.elf" "$work/cases.bin"
