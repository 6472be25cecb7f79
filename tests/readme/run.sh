#!/bin/bash
# Runs the README's first examples exactly as they stand there.
#
#   tests/readme/run.sh [PREFIX]     PREFIX: what nativelib/build.sh made; without it, the script builds its own
#
# Ends with "readme: N passed, N failed".
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A cost table that somebody measured on this machine decides nothing here.
export FASTATTN_COSTS=shipped

# shellcheck source=../../nativelib/install-packages.sh
. "$root/nativelib/install-packages.sh"
install_packages gcc libc6-dev pkg-config python3 python3-numpy

if [ $# -gt 0 ]; then
    prefix=$(cd "$1" && pwd)
else
    prefix=$root/artifacts/native
    "$root/nativelib/build.sh" --prefix "$prefix"
fi

passed=0 failed=0

# check NAME PATTERN COMMAND...: passes when the command does and prints a line that matches.
check() {
    local name=$1 pattern=$2
    shift 2
    if "$@" > "$work/log" 2>&1 && grep -qE "$pattern" "$work/log"; then
        passed=$((passed + 1))
        echo "passed $name: $(grep -E "$pattern" "$work/log" | head -1)"
    else
        failed=$((failed + 1))
        echo "FAILED $name; expected a line like: $pattern"
        sed 's/^/  /' "$work/log"
    fi
}

# block LANGUAGE: the first fenced block of that language.
block() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$root/README.md" | sed '1d;/^```$/,$d'; }

csharp() {
    mkdir "$work/csharp"
    block csharp > "$work/csharp/Program.cs"
    cat > "$work/csharp/Example.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <NuGetAudit>false</NuGetAudit>
  </PropertyGroup>
  <ItemGroup><ProjectReference Include="$root/src/FastAttn/FastAttn.csproj" /></ItemGroup>
</Project>
PROJECT
    dotnet run -c Release --project "$work/csharp"
}

python() {
    block python > "$work/example.py"
    PYTHONPATH=$prefix/python /usr/bin/python3 "$work/example.py"
}

c() {
    block c > "$work/example.c"
    # shellcheck disable=SC2046
    gcc -std=c11 -Wall -Wextra -Werror "$work/example.c" -o "$work/example" \
        $(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs fastattn)
    LD_LIBRARY_PATH=$prefix/lib "$work/example"
}

check "C#" 'Method = (Direct|Fft|Linear|Band|Decay|Multipole), RepairedRows = [0-9]+' csharp
check "Python" '\(8, 4096, 64\) float32 .*method=' python
check "C" '^(direct|fft|linear|band|decay|multipole) on (avx512|avx2|portable), [0-9]+ rows repaired$' c

echo "readme: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
