#!/bin/bash
# Runs the examples of the READMEs exactly as they stand there, follows their links, and compares their tables with bench/results.
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
install_packages gcc g++ libc6-dev pkg-config python3 python3-numpy

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

# block FILE LANGUAGE: all fenced blocks of that language, one after the other.
block() { sed -n "/^\`\`\`$2\$/,/^\`\`\`\$/p" "$root/$1" | grep -v '^```'; }

# project FOLDER: a console project around FOLDER/Program.cs.
project() {
    cat > "$1/Example.csproj" <<PROJECT
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
    dotnet run -c Release --project "$1"
}

csharp() {
    mkdir "$work/$1"
    block "$2" csharp > "$work/$1/Program.cs"
    project "$work/$1"
}

# Every worked example of the library's README in braces of its own, its result printed.
worked() {
    mkdir "$work/worked"
    {
        echo 'using FastAttn;'
        echo 'using System.Numerics.Tensors;'
        sed -n '/^```csharp$/,/^```$/p' "$root/src/FastAttn/README.md" | sed 's/^```csharp$/{/; s/^```$/Console.Write($"{string.Join(" ", z.Select(x => x.ToString("0.000")))}; ");\n}/'
    } > "$work/worked/Program.cs"
    project "$work/worked"
}

python() {
    block "$1" python > "$work/example.py"
    PYTHONPATH=$prefix/python /usr/bin/python3 "$work/example.py"
}

flags() { PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs fastattn; }

c() {
    block README.md c > "$work/example.c"
    # shellcheck disable=SC2046
    gcc -std=c11 -Wall -Wextra -Werror "$work/example.c" -o "$work/example" $(flags)
    "$work/example"
}

# A function alone: a program that calls it with zeros stands around it.
c_function() {
    block nativelib/README.md c > "$work/function.c"
    echo 'int main(void) { static float x[5][8 * 1024 * 64]; return attend(x[0], x[1], x[2], x[3], x[4]) != FA_OK; }' >> "$work/function.c"
    # shellcheck disable=SC2046
    gcc -std=c11 -Wall -Wextra -Werror "$work/function.c" -o "$work/function" $(flags)
    "$work/function" && echo "attended"
}

cpp() {
    block nativelib/README.md cpp > "$work/example.cpp"
    # shellcheck disable=SC2046
    g++ -std=c++17 -Wall -Wextra -Werror "$work/example.cpp" -o "$work/example-cpp" $(flags)
    "$work/example-cpp"
}

# The commands of the command line's README, on small arrays and short documents.
command_line() {
    mkdir "$work/commands"
    cd "$work/commands"
    /usr/bin/python3 -c 'import numpy as np; [np.save(f"{name}.npy", np.ones((2, 30, 8), np.float32)) for name in "qkv"]'
    dotnet build "$root/src/FastAttn.Cli" -c Release -clp:ErrorsOnly -nologo -v:quiet
    fastattn() { dotnet "$root/src/FastAttn.Cli/bin/Release/net10.0/FastAttn.Cli.dll" "$@"; }
    local line count=0
    while read -r line; do
        case $line in
            fastattn\ tune*) line="fastattn tune --dry-run" ;;
            fastattn\ demo*) line="fastattn demo --max-length 512" ;;
            fastattn\ compare*) line="$line --length 256 --budget 16" ;;
        esac
        echo "$line"
        eval "$line"
        count=$((count + 1))
    done < <(block src/FastAttn.Cli/README.md bash | grep '^fastattn' | sed 's/ *#.*//')
    echo "$count commands"
}

# links: every relative link of every Markdown file names a file that is there, and a heading where it names one.
links() {
    (cd "$root" && git ls-files '*.md' | /usr/bin/python3 -c '
import pathlib, re, sys
count = broken = 0
def heads(path):
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.replace("`", "").lower()).replace(" ", "-") for title in titles}
for page in map(pathlib.Path, sys.stdin.read().split()):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if link.startswith("https:"):
            continue
        name, _, head = link.partition("#")
        target = page.parent / name if name else page
        count += 1
        if not target.exists() or head and head not in heads(target):
            broken += 1
            print(f"{page}: {link} is not there")
print(f"{count} links, {broken} broken")
')
}

# short: the front page has at most 200 lines, and what packages show has no links, which would lead nowhere from there.
short() {
    local lines
    lines=$(wc -l < "$root/README.md")
    [ "$lines" -le 200 ] && ! grep -F '](' "$root/src/FastAttn/PACKAGE.md" "$root/src/FastAttn.Cli/README.md" && echo "$lines lines"
}

# summaries: every report begins with what its tables say.
summaries() {
    local report lines count=0 missing=0
    for report in "$root"/bench/results/*/report.md; do
        lines=$(/usr/bin/python3 "$root/bench/summary.py" "$(dirname "$report")")
        count=$((count + 1))
        if [ "$(sed -n '/^## In short$/,/^## /p' "$report" | grep '^\*')" != "$lines" ]; then
            missing=$((missing + 1))
            echo "$report: run bench/report.sh"
        fi
    done
    echo "$count summaries, $missing missing"
}

# architecture: every file and folder that the pages for contributors name is there, and every layer of the library has its line.
architecture() {
    (cd "$root" && /usr/bin/python3 -c '
import pathlib, re, subprocess
missing, count = [], 0
for page in ("ARCHITECTURE.md", "CONTRIBUTING.md"):
    for name in re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?)`", pathlib.Path(page).read_text(encoding="utf-8")):
        count += 1
        if not pathlib.Path(name).exists() and not pathlib.Path("src/FastAttn", name).exists():
            missing.append(f"{page}: {name} is not there")
block = re.search("<!-- layers of src/FastAttn -->(.*?)<!-- end of layers -->", pathlib.Path("ARCHITECTURE.md").read_text(encoding="utf-8"), re.S)[1]
named = re.findall(r"^\| `([\w/]+)`", block, re.M)
files = subprocess.run(["git", "ls-files", "src/FastAttn/*/*.cs"], capture_output=True, text=True, check=True).stdout.split()
folders = {str(pathlib.Path(file).parent.relative_to("src/FastAttn")) for file in files}
missing += [f"ARCHITECTURE.md has no layer {name}" for name in folders - set(named)] + [f"there is no layer {name}" for name in set(named) - folders]
table = re.search("string Library = \"\"\"(.*?)\"\"\"", pathlib.Path("tests/FastAttn.Tests/Layers/LayersTests.cs").read_text(encoding="utf-8"), re.S)[1]
order = [line.split(":")[0].strip() for line in table.strip().splitlines()]
if named != [name for name in order if name != "."]:
    missing.append("the layers of ARCHITECTURE.md are not in the order of LayersTests.cs")
print(*missing, f"{count} paths and {len(named)} layers, {len(missing)} missing", sep="\n")
')
}

reports="method='?(direct|fft|linear|band|decay|multipole)'?"
check "C#" 'Method = (Direct|Fft|Linear|Band|Decay|Multipole), RepairedRows = [0-9]+' csharp readme README.md
check "C#, the package's README" 'Tier = (Avx512|Avx2|Portable)' csharp package src/FastAttn/PACKAGE.md
check "C#, worked examples" '^4.000 3.238; 1.000 0.000 1.000 1.000; 3.023 3.045 3.182; 2.000 3.000 20.000 30.000 2.000 3.000 20.000 30.000; 3.182 3.209 3.298 3.378; 4.852; 123.000 234.000 345.000; $' worked
check "Python" "\(8, 4096, 64\) float32 .*$reports" python README.md
check "Python, its own README" "\(8, 1024, 64\) .*$reports" python nativelib/python/README.md
check "C" '^(direct|fft|linear|band|decay|multipole) on (avx512|avx2|portable), [0-9]+ rows repaired$' c
check "C, a function" '^attended$' c_function
check "C++" '^softmax on (avx512|avx2|portable)$' cpp
check "command line" '^6 commands$' command_line
check "architecture" ', 0 missing$' architecture
check "links" ', 0 broken$' links
check "the front page is short" '^[0-9]+ lines$' short
check "summaries of reports" ', 0 missing$' summaries
check "tables against bench/results" '^$' bash -c '"$0" "$1" --check && echo' /usr/bin/python3 "$root/bench/readme.py"

echo "readme: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
