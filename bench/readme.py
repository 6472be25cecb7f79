"""The tables of the READMEs that come from bench/results: readme.py [--check]

A table stands between two comments, of which the first names it and the folder it comes from. Without --check a README is
written again where it differs; with it the differences are printed and the exit status is 1.
"""

import csv
import difflib
import math
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "bench/README.md"]
BLOCK = re.compile(r"(<!-- table: (?P<name>\w+) of (?P<folder>\S+) -->\n)(?P<lines>.*?)(<!-- end of table -->)", re.DOTALL)


def read(folder, command):
    with (folder / f"{command}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digits(value, count):
    """A number with that many digits that count, whole from a thousand on."""
    # The tables hold rounded decimals, so a half is one, though its binary form may lie just below.
    rounded = float(f"{value * (1 + 1e-9):.{count - 1}e}")
    return f"{rounded:,.{max(count - 1 - math.floor(math.log10(rounded)), 0)}f}" if rounded < 1000 else f"{value:,.0f}"


def milliseconds(text, heads=1):
    return digits(float(text) / heads, 3)


def table(columns, rows, words=0):
    """Markdown; the first columns hold words and stand to the left."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'|'.join(['---'] * words + ['---:'] * (len(columns) - words))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def softmax(folder):
    """Dense learned positions against exact softmax attention; where PyTorch's run had no softmax of ours, that of the run of our own two."""
    runs, own = read(folder, "torch"), {row["n"]: row for row in read(folder, "softmax")}
    lines = []
    for n in dict.fromkeys(row["n"] for row in runs):
        kernelized = {row["PyTorch"]: row for row in runs if row["n"] == n and row["ours"] == "kernelized, dense"}
        biased = "biased softmax" in kernelized
        row = kernelized["biased softmax" if biased else "softmax"]
        heads = int(row["heads"])
        ours = next((other for other in runs if other["n"] == n and other["ours"] == "biased softmax"), None)
        if ours:
            softmax_time, ratio = milliseconds(ours["ms"], heads), digits(float(ours["ms"]) / float(row["ms"]), 2)
        elif n in own:
            softmax_time, ratio = milliseconds(own[n]["softmax ms"]), digits(float(own[n]["speed-up"]), 2)
        else:
            softmax_time = ratio = ""
        lines.append([
            n, milliseconds(row["PyTorch ms"], heads) + ("" if biased else " (no bias)"), softmax_time,
            row["method"], milliseconds(row["ms"], heads), digits(float(row["PyTorch / ours"]), 2), ratio,
        ])
    return table(["n", "PyTorch softmax", "our softmax", "kernelized by", "ms", "against PyTorch", "against ours"], lines)


def positions(folder):
    """Time a token of every kind of structure, bidirectional."""
    rows = [row for row in read(folder, "positions") if row["causal"] == "no"]
    lengths = sorted({row["n"] for row in rows}, key=int)
    lines = []
    for name in dict.fromkeys(row["positions"] for row in rows):
        own = {row["n"]: row for row in rows if row["positions"] == name}
        methods = dict.fromkeys(own[n]["planner takes"] for n in lengths)
        lines.append([name, ", ".join(f"`{method}`" for method in methods)] + [own[n]["µs a token"] for n in lengths])
    return table(["positions", "method"] + [f"n = {int(n):,}" for n in lengths], lines, words=2)


def libraries(folder):
    """Other people's transforms in the time of our fft method."""
    names = {"MKL": "MKL, told to use AVX-512", "MKL unforced": "MKL as it comes", "FFTW AVX-512": "FFTW, built with AVX-512", "FFTW Debian": "Debian's FFTW"}
    rows = {(row["n"], row["by"]): row for row in read(folder, "heads") if row["m"] == "64" and row["remark"] != "void"}
    lengths = ["1024", "2048", "4096", "8192", "16384", "65536"]
    return table(["n"] + list(names.values()), [[n] + [digits(float(rows[n, name]["times ours by fft"]), 2) for name in names] for n in lengths])


TABLES = {"softmax": softmax, "positions": positions, "libraries": libraries}


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    same = True
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        after = BLOCK.sub(lambda block: block[1] + "".join(f"{line}\n" for line in TABLES[block["name"]](ROOT / block["folder"])) + block[5], before)
        if after == before:
            continue
        same = False
        if arguments:
            sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), str(page), "bench/results"))
        else:
            page.write_text(after, encoding="utf-8")
            print(page)
    sys.exit(1 if arguments and not same else 0)


main(sys.argv[1:])
