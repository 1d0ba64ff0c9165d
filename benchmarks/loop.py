"""Measure calls in a loop: fresh results, given arrays, two workers; draw the curve.

    python benchmarks/loop.py --json loop.json --picture loop.png

Sizes are those of one result, from 64 KiB to 1 GiB; data is float64, two-dimensional, and is
differentiated along both axes. The largest case needs 16 GiB of memory for all contestants at
once; ``--largest 256`` (MiB) makes do with a quarter.
"""

import argparse
import sys

import environment
from bench_gradient import (
    human_time,
    percent,
    print_line,
    ratio,
    row_of,
    three_digits,
    write_json,
)
from cases import Case
from contestants import CONTESTANTS
from cores import SecondCore
from workers import measure

# Longer than elsewhere: a machine may take 20 ms until it gives a second thread a CPU.
# And it may have no second core to give: `cores.py` finds out, and such rounds are repeated.
ROUND = 0.15

NAMES = ("numpy", "cgrad", "out", "shared", "limit", "limit-two")

STYLES = {
    "numpy": {"color": "#000000", "marker": "s", "label": "NumPy"},
    "cgrad": {"color": "#0072B2", "marker": "o", "label": "cgrad, fresh results"},
    "out": {"color": "#56B4E9", "marker": "P", "label": "cgrad, out="},
    "shared": {"color": "#D55E00", "marker": "^", "label": "cgrad, out=, workers=2"},
}

COLUMNS = {
    "NumPy": lambda t: human_time(t.get("numpy")),
    "fresh": lambda t: human_time(t.get("cgrad")),
    "out=": lambda t: human_time(t.get("out")),
    "2 workers": lambda t: human_time(t.get("shared")),
    "NumPy/fr.": lambda t: three_digits(ratio(t.get("numpy"), t.get("cgrad"))),
    "fresh/out": lambda t: three_digits(ratio(t.get("cgrad"), t.get("out"))),
    "out/2 w.": lambda t: three_digits(ratio(t.get("out"), t.get("shared"))),
    "of limit": lambda t: percent(ratio(t.get("limit"), t.get("out"))),
    "of lim. 2": lambda t: percent(ratio(t.get("limit-two"), t.get("shared"))),
}


def cases(largest):
    """Squares and two-to-one rectangles, each twice as large as the last."""
    kib = 64
    while kib <= largest * 1024:
        exponent = (kib * 128).bit_length() - 1
        yield Case("loop", (2 ** (exponent // 2), 2 ** (exponent - exponent // 2)))
        kib *= 2


def draw(rows, facts, path):
    """Draw time per element against the size of a result."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panel = plt.subplots(figsize=(8, 5), layout="constrained")
    for name, style in STYLES.items():
        points = [(row["size"] * 8 / 2**20, row["seconds"][name] / row["size"] * 1e9)
                  for row in rows if name in row["seconds"]]
        panel.loglog(*zip(*points, strict=True), **style)
    panel.set_xlabel("size of one result [MiB]")
    panel.set_ylabel("time per element [ns]")
    panel.set_title(f"float64, both axes, in a loop\n{facts.get('CPU', '')}, NumPy "
                    f"{facts.get('numpy', '')}, cgrad {facts.get('cgrad', '')}", fontsize=10)
    panel.grid(which="both", alpha=0.3)
    panel.legend()
    figure.savefig(path, dpi=120)


def main():
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=1024, metavar="MIB", help="(1024)")
    parser.add_argument("--rounds", type=int, default=7, help="(7)")
    parser.add_argument("--json", metavar="PATH", help="write everything that was measured")
    parser.add_argument("--picture", metavar="PATH", help="draw the curve")
    options = parser.parse_args()
    names = [name for name in NAMES if CONTESTANTS[name]().is_installed()]
    facts = environment.describe(names)
    for name, fact in facts.items():
        print(f"{name:<14}{fact}")
    print()
    print_line("", COLUMNS)
    second_core = SecondCore()
    rows = []
    for case in cases(options.largest):
        rows.append(row_of(case, *measure(
            case, names, options.rounds, seconds=ROUND, second_core=second_core)))
        times = rows[-1]["seconds"]
        print_line(f"  {case.name}", [text(times) for text in COLUMNS.values()])
    if options.json:
        write_json(options.json, facts, options, rows)
    if options.picture:
        draw(rows, facts, options.picture)


if __name__ == "__main__":
    sys.exit(main())
