#!/bin/bash
# Packs the library as its README says, adds the package to a program on a machine that has no packages yet, and publishes
# another program that uses it ahead of time.
# Ends with "package: N passed, N failed".
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
# A version nobody else has, so that the cache of packages holds no older one, and is left as it was.
version=0.0.1-test.$$
trap 'rm -rf "$work" "${NUGET_PACKAGES:-$HOME/.nuget/packages}/fastattn/$version"' EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
unset FASTATTN_TIER

# shellcheck source=../../nativelib/install-packages.sh
. "$root/nativelib/install-packages.sh"
install_packages gcc libc6-dev zlib1g-dev unzip

passed=0 failed=0

# shellcheck source=../check.sh
. "$root/tests/check.sh"

holds() { grep -F -e "$2" "$1" || { cat "$1"; return 1; }; }
lacks() { ! grep -F -e "$2" "$1"; }

dotnet pack "$root/src/FastAttn" -c Release -p:PackageVersion="$version" -o "$work/feed" --nologo -v quiet
unzip -l "$work/feed/FastAttn.$version.nupkg" > "$work/contents"
check "the package warns its users"       holds "$work/contents" " build/FastAttn.targets"
check "the package warns users of users"  holds "$work/contents" " buildTransitive/FastAttn.targets"

unzip -p "$work/feed/FastAttn.$version.nupkg" PACKAGE.md > "$work/readme"
check "its README names the library"      holds "$work/readme" "# FastAttn"
# A link or picture with a path leads nowhere from where a package is shown.
check "and has no links"                  lacks "$work/readme" "]("

# source_of_packages FOLDER: in this folder, packages come from there too.
source_of_packages() {
    echo "<configuration><packageSources><add key=\"FastAttn\" value=\"$1\" /></packageSources></configuration>" > nuget.config
}

# As the library's README says, with no package on the machine. A second local package must have another version, and be taken.
mkdir "$work/newcomer"
cd "$work/newcomer"
source_of_packages "$work/local"
cat > program.csproj <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
  </PropertyGroup>
</Project>
PROJECT
echo 'System.Console.WriteLine(FastAttn.FastAttnInfo.Tier);' > program.cs
add_package() {
    dotnet pack "$root/src/FastAttn" -c Release --no-build -o "$work/local" --nologo -v quiet
    NUGET_PACKAGES=$work/no-packages dotnet add package FastAttn --prerelease > "$work/added" || { cat "$work/added"; return 1; }
    sed -n 's/.*Include="FastAttn" Version="\(.*\)".*/\1/p' program.csproj >> "$work/versions"
}
two_versions() { [ "$(sort -u "$work/versions" | grep -c -- '-local\.')" -eq 2 ]; }
newest() { [ "$(tail -1 "$work/versions")" = "$(sort "$work/versions" | tail -1)" ]; }
check "a newcomer adds a local package"   add_package
check "and what is packed later"          eval 'sleep 1; add_package'
check "which has another version"         two_versions
check "and a later one"                   newest
check "the program runs"                  env NUGET_PACKAGES="$work/no-packages" dotnet run -c Release

mkdir "$work/program"
cd "$work/program"
source_of_packages "$work/feed"
cat > program.csproj <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <PublishAot>true</PublishAot>
    <RuntimeIdentifier>linux-x64</RuntimeIdentifier>
    <InvariantGlobalization>true</InvariantGlobalization>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="FastAttn" Version="[$version]" /></ItemGroup>
</Project>
PROJECT
echo 'System.Console.WriteLine($"{FastAttn.FastAttnInfo.Tier}: {FastAttn.FastAttnInfo.TierReason}");' > program.cs

# The warning alone, as a build of this project would give it.
warning_with() { dotnet msbuild program.csproj -t:FastAttnWarnOfNarrowBuild -nologo "$@"; }

check "a program is published" dotnet publish -c Release -o out --nologo
cp "$work/log" "$work/published"
check "publishing warns"                     holds "$work/published" "warning FASTATTN001: FastAttn's kernels are compiled for SSE only"
check "the warning has the line to add"      holds "$work/published" "<IlcInstructionSet>x86-64-v3</IlcInstructionSet>"
warning_with -p:IlcInstructionSet=x86-64-v3 > "$work/wider"
check "a wider program is not warned of"     lacks "$work/wider" FASTATTN001
warning_with -p:NoWarn=FASTATTN001 > "$work/silenced"
check "the warning can be silenced"          lacks "$work/silenced" "warning FASTATTN001"
warning_with -p:PublishAot=false > "$work/compiled-late"
check "a program compiled as it runs is not" lacks "$work/compiled-late" FASTATTN001
warning_with -p:RuntimeIdentifier=linux-arm64 > "$work/other"
check "nor is one for another processor"     lacks "$work/other" FASTATTN001

out/program > "$work/said"
check "the program has the portable kernels" holds "$work/said" "Portable: "
gcc "$root/nativelib/levels/levels.c" "$root/nativelib/levels/main.c" -o "$work/levels"
if "$work/levels" x86-64-v3 > "$work/log"; then
    check "and says why" holds "$work/said" "this build was compiled ahead of time without AVX2"
    check "and what to do" holds "$work/said" "<IlcInstructionSet>x86-64-v3</IlcInstructionSet>"
else
    check "which are all there is" holds "$work/said" "the widest instruction set that this processor offers"
fi

echo "package: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
