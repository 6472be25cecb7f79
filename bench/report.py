"""report.md with plots, from the tables that bench/run.sh made: report.py FOLDER…

A new table is one line in SECTIONS; with a plot it is one function more. What was not measured is named, not left out.
"""

import csv
import math
import pathlib
import re
import sys

import matplotlib

from summary import summary

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "fastattn", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "legend.fontsize": 8})
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of a backend)

# One colour and mark a contestant, in every plot; those not named take the next of the cycle.
STYLES = {
    "fft": ("#1f77b4", "o"),
    "direct": ("#0b3c6f", "s"),
    "ours": ("#1f77b4", "o"),
    "MKL": ("#d62728", "^"),
    "MKL unforced": ("#ff9896", "^"),
    "MKL tiles": ("#8c1a1b", "v"),
    "FFTW AVX-512": ("#2ca02c", "D"),
    "FFTW Debian": ("#98df8a", "D"),
    "OpenBLAS tiles": ("#9467bd", "v"),
    "scipy": ("#8c564b", "x"),
    "scipy-transposed": ("#c49c94", "x"),
}


def number(text):
    """A figure of a table; None where there is none."""
    match = re.fullmatch(r"(-?[\d.]+(?:e-?\d+)?)( %)?", (text or "").strip())
    return float(match[1]) if match else None


def series(rows, key, x, y, where=lambda row: True):
    """name -> ([x], [y]) in the order of the table, without what has no figure."""
    lines = {}
    for row in rows:
        if not where(row) or number(row[x]) is None or number(row[y]) is None:
            continue
        xs, ys = lines.setdefault(key(row), ([], []))
        if number(row[x]) not in xs:
            xs.append(number(row[x]))
            ys.append(number(row[y]))
    return lines


def draw(path, lines, x, y, title, logarithmic=True, bottom=None, top=None, level=None, marks_only=False):
    figure, axes = plt.subplots(figsize=(7.2, 4.4), layout="constrained")
    for name, (xs, ys) in lines.items():
        colour, mark = STYLES.get(name, (None, "o"))
        axes.plot(xs, ys, color=colour, marker=mark, markersize=4.5, linewidth=1.4, label=name, linestyle="" if marks_only else "-")
    axes.set_xscale("log", base=10 if marks_only else 2)
    if not marks_only:
        ticks = sorted({value for xs, _ in lines.values() for value in xs})
        powers = [value for value in ticks if value == 2 ** round(math.log2(value))] or ticks
        axes.set_xticks(powers, [f"{int(value) >> 10}k" if value >= 1024 else f"{int(value)}" for value in powers])
        axes.minorticks_off()
    if logarithmic:
        axes.set_yscale("log")
        axes.grid(True, which="minor", axis="y", alpha=0.12)
    axes.set_ylim(bottom=bottom, top=top)
    if level is not None:
        axes.axhline(level[0], color="grey", linestyle=":", linewidth=1)
        if logarithmic:
            axes.set_ylim(top=max(axes.get_ylim()[1], 3 * level[0]))
        axes.annotate(level[1], (1, level[0]), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8, color="grey")
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title, fontsize=10)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def plot_heads(rows, save):
    for m in sorted({row["m"] for row in rows}, key=int):
        lines = series(rows, lambda row: row["by"], "n", "ms", lambda row: row["m"] == m and row["remark"] != "void")
        save(f"heads-{m}", lines, f"One head against its length: d = 64, m = {m}, one core, both axes logarithmic. Peers are given the features, ours compute them; void comparisons are left out.",
             x="tokens n", y="ms a head", title=f"Kernelized attention with relative positions, m = {m}")


def plot_torch(rows, save):
    lines = series(rows, lambda row: row["ours"] + " (ours)", "n", "a head")
    lines.update(series(rows, lambda row: "PyTorch " + row["PyTorch"], "n", "PyTorch a head"))
    save("torch", lines, "Whole calls against PyTorch, time of all heads divided by their number, both axes logarithmic.", x="tokens n", y="ms a head", title="Against PyTorch, d = m = 64, one core")


def per_head(rows):
    for row in rows:
        heads = int(row["heads"])
        row["a head"], row["PyTorch a head"] = str(number(row["ms"]) / heads), str(number(row["PyTorch ms"]) / heads)
    return rows


def plot_toeplitz(rows, save):
    lines = series(rows, lambda row: "ours", "n", "ms")
    for column in rows[0]:
        if column.endswith(" ms"):
            lines.update(series(rows, lambda row, name=column[:-3]: name, "n", column))
    # Time an entry: the products differ by a thousand between the ends.
    lines = {name: (xs, [y * 1e6 / (x * 64) for x, y in zip(xs, ys)]) for name, (xs, ys) in lines.items()}
    save("toeplitz", lines, "Toeplitz products of 64 columns from and to rows, time divided by entries.", x="rows n", y="ns an entry", title="Toeplitz products of 64 columns, one core")


def plot_positions(rows, save):
    save("positions", series(rows, lambda row: row["positions"], "n", "µs a token", lambda row: row["causal"] == "no"),
         "Positions with structure: time a token and head against the length.", x="tokens n", y="µs a token", title="Structure in the positions, m = d = 64, one core", logarithmic=False, bottom=0)
    lines = series(rows, lambda row: row["positions"], "µs a token", "worst error")
    if lines:
        save("error", lines, "Error against time: each mark is one length; the dotted line is the tolerance that was asked for. Errors are the worst of the checked rows, relative to the largest visible value.",
             x="µs a token", y="worst ‖Δz‖ / max ‖v‖", title="Error against time", marks_only=True, level=(1e-4, "tolerance"))


def plot_peak(rows, save):
    save("peak", series(rows, lambda row: f"direct, m = {row['m']}", "n", "share"), "The direct method alone: share of the multiply-add peak measured in the same rounds.", x="tokens n",
         y="% of peak", title="Direct method: percentage of the multiply-add peak", logarithmic=False, bottom=0, top=100)


def plot_softmax(rows, save):
    save("softmax", series(rows, lambda row: "exact softmax with a bias", "n", "share of peak"), "Exact softmax attention with relative bias: share of the multiply-add peak, exponentials not counted.",
         x="tokens n", y="% of peak", title="Exact softmax attention: percentage of the multiply-add peak", logarithmic=False, bottom=0, top=100)


# Command, what the reader learns from it, its plots or None, whether the whole table belongs into the report or only the notes under it.
SECTIONS = [
    ("limits", "What the machine can do", None, True),
    ("heads", "Kernelized attention against other libraries", plot_heads, True),
    ("torch", "Against PyTorch", plot_torch, True),
    ("positions", "Structure in the positions", plot_positions, True),
    ("peak", "Share of the peak: the direct method", plot_peak, True),
    ("softmax", "Share of the peak: exact softmax attention", plot_softmax, True),
    ("skyformer", "Skyformer against its floor and softmax", None, True),
    ("fft", "Fourier transforms", None, True),
    ("toeplitz", "Toeplitz products", plot_toeplitz, True),
    ("lengths", "Any length", None, True),
    ("grids", "Positions on a grid", None, True),
    ("features", "Feature maps", None, True),
    ("types", "Element types", None, True),
    ("threads", "Two threads", None, True),
    ("planner", "The planner's choices", None, False),
    ("memory", "Working memory", None, False),
    ("costs", "Costs of methods", None, False),
    ("accuracy", "Errors of the Fourier method", None, False),
]


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def machine(folder):
    """The machine's line of the newest table."""
    tables = sorted(folder.glob("*.md"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in tables:
        lines = path.read_text(encoding="utf-8").splitlines()
        if path.name != "report.md" and len(lines) > 2:
            return re.sub(r"\d+ of \d+ cores allowed, ", "", lines[2])
    return "No table yet."


def report(folder):
    text, missing = [], []
    for command, title, plot, whole in SECTIONS:
        table, data = folder / f"{command}.md", folder / f"{command}.csv"
        if not data.exists():
            missing.append(command)
            continue
        text += [f"## {title}", "", f"[Table]({table.name}), [CSV]({data.name}), made by `bench/run.sh {command}`.", ""]

        def save(name, lines, caption, **options):
            (folder / "plots").mkdir(exist_ok=True)
            draw(folder / "plots" / f"{name}.svg", lines, **options)
            text.extend([f"![{caption}](plots/{name}.svg)", "", f"*{caption}*", ""])

        if plot is not None:
            try:
                rows = read(data)
                plot(per_head(rows) if command == "torch" else rows, save)
            except KeyError as column:
                text += [f"No plot: {data.name} has no column {column}; it comes from an earlier version, `bench/run.sh --force {command}` measures again.", ""]
        # The title and the machine stand above already.
        body = table.read_text(encoding="utf-8").splitlines()[3:]
        if not whole:
            last = max(index for index, line in enumerate(body) if line.startswith("|"))
            body = body[:2] + body[last + 2 :]
        text += body + [""]
    if missing:
        text += ["## Not measured here", "", ", ".join(f"`bench/run.sh {command}`" for command in missing) + "."]
    head = [
        f"# FastAttn on {folder.name}",
        "",
        machine(folder),
        "",
        "Every contestant of a row runs once a round, round after round, pinned to one core: times are the tenth percentile over rounds, ratios the median of the ratios within rounds.",
        "Everything here is made by `bench/run.sh`; this page by `bench/report.sh`.",
        "",
    ]
    sentences = summary(folder)
    if sentences:
        head += ["## In short", "", *sentences, ""]
    (folder / "report.md").write_text("\n".join(head + text).rstrip() + "\n", encoding="utf-8")
    print(folder / "report.md")


for argument in sys.argv[1:]:
    report(pathlib.Path(argument))
