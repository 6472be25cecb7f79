"""What the tables of a folder say, in a few sentences: the beginning of its report. report.py prints it; summary.py FOLDER prints it alone."""

import csv
import pathlib
import sys


def read(folder, command):
    path = folder / f"{command}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def span(figures, unit=""):
    """The smallest and the largest of some figures, as they stand in the tables."""
    ordered = sorted((text.removesuffix(" %") for text in figures), key=float)
    return " to ".join(dict.fromkeys([ordered[0], ordered[-1]])) + unit


def softmax(folder):
    rows = read(folder, "softmax")
    if not rows:
        return
    faster = next((row for row in rows if float(row["speed-up"]) > 1.1), None)
    yield f"Exact softmax attention reaches {span([row['share of peak'] for row in rows], ' %')} of the multiply-add peak."
    if faster:
        yield (f"Kernelized attention with a dense bias is faster than it from {faster['n']} tokens on in this table, {faster['speed-up']} times as fast there, "
               f"and {rows[-1]['speed-up']} times as fast at {rows[-1]['n']}.")


def torch(folder):
    rows = [row for row in read(folder, "torch") if row["ours"] == "kernelized, dense" and row["PyTorch"] == "biased softmax"]
    if rows:
        yield f"PyTorch's softmax with a bias takes {rows[0]['PyTorch / ours']} times the time of our kernelized attention at {rows[0]['n']} tokens, {rows[-1]['PyTorch / ours']} times at {rows[-1]['n']}."


def positions(folder):
    rows = [row for row in read(folder, "positions") if row["causal"] == "no"]
    if not rows:
        return
    longest = max(rows, key=lambda row: int(row["n"]))["n"]
    figures = [row["µs a token"] for row in rows if row["n"] == longest]
    yield f"With structured positions a token takes {span(figures, ' µs')} a head at {int(longest):,} tokens."


def heads(folder):
    rows = [row for row in read(folder, "heads") if row["m"] == "64" and row.get("remark") != "void" and int(row["n"]) >= 1024]
    peers = [name for name in ("MKL", "FFTW AVX-512") if any(row["by"] == name for row in rows)]
    if peers:
        parts = [f"{name} {span([row['times ours by fft'] for row in rows if row['by'] == name])} times" for name in peers]
        yield f"The paper's algorithm by other Fourier transforms takes, in times of ours by fft, from 1024 tokens on with 64 features: {', '.join(parts)}."


def toeplitz(folder):
    rows = read(folder, "toeplitz")
    peers = [name for name in ("MKL", "FFTW AVX-512", "scipy") if rows and f"{name} / ours" in rows[0]]
    if peers:
        yield f"Toeplitz products take, in times of ours: {', '.join(name + ' ' + span([row[name + ' / ours'] for row in rows if row[name + ' / ours']]) for name in peers)}."


def peak(folder):
    rows = [row for row in read(folder, "peak") if int(row["n"]) >= 1024]
    if rows:
        yield f"The direct method reaches {span([row['share'] for row in rows], ' %')} of the multiply-add peak from 1024 tokens on."


def planner(folder):
    rows = read(folder, "planner")
    if rows:
        near = sum(float(row["choice / fastest"]) <= 1.1 for row in rows)
        yield f"Of {len(rows)} problems the planner took the fastest method, or one within 10 % of it, in {near}; the worst choice took {max((row['choice / fastest'] for row in rows), key=float)} times the time of the fastest."


def threads(folder):
    rows = read(folder, "threads")
    if rows:
        yield f"Two threads are {span([row['speed-up'] for row in rows])} times as fast as one."


def accuracy(folder):
    rows = read(folder, "accuracy")
    if rows:
        worst = max((row[column] for row in rows for column in ("denominator", "numerator")), key=float)
        yield f"The largest error found of the Fourier method is {worst} of its certificate's units, of which the certificate allows 6."


PARTS = [softmax, torch, positions, heads, toeplitz, peak, threads, planner, accuracy]


def summary(folder):
    """One line of Markdown a sentence; none for a table that is not there, or that an earlier version made with other columns."""
    lines = []
    for part in PARTS:
        try:
            lines += [f"* {sentence}" for sentence in part(folder)]
        except KeyError:
            pass
    return lines


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print("\n".join(summary(pathlib.Path(argument))))
