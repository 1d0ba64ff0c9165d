"""Print the README's table from JSON files of ``bench_gradient.py``, as Markdown.

    python benchmarks/readme_table.py benchmarks/results/2026-11-avx512{,-seasoned}.json

The second is from a run with ``--seasoned``.
"""

import argparse
import json
from statistics import median

from bench_gradient import human_time

ROWS = (
    "10 f8", "10 f8, coordinates", "4x4x4 f8", "1000 f8", "10000 f8", "100000 f8",
    "100000 f8, coordinates", "256x256 f8", "64x64x64 f8", "1024x1024 f4",
    "1024x1024 i2", "1024x1024 f2", "1024x1024 g",
    "4096x4096 f8", "256x256x256 f8, coordinates", "10 f8, list", "1000 O",
)
RIVALS = ("torch", "jax", "findiff", "numba")


def read_rows(path):
    """Return the environment of a report and its rows, but for the curve, by name."""
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    return report["environment"], {
        row["name"]: row for row in report["rows"] if row["group"] != "curve"}


def times_of(row):
    """Return the median time of each contestant that took part in a row."""
    return {name: median(rounds) for name, rounds in row["rounds"].items() if rounds}


def write_row(row, seasoned):
    """Write a line of the table."""
    times, later = times_of(row), times_of(seasoned)
    rivals = {name: times[name] for name in RIVALS if name in times}
    best = min(rivals, key=rivals.get) if rivals else None
    share = ""
    if "limit" in times and "mapped" in times and row["bytes_read"] >= 2**18:
        share = f"{times['limit'] / times['mapped']:.0%}"
    return " | ".join((
        f"| {row['name']}",
        human_time(times["numpy"]),
        human_time(times["cgrad"]),
        f"{times['numpy'] / times['cgrad']:.3g}",
        f"{later['numpy'] / later['cgrad']:.3g}",
        f"{rivals[best] / times['cgrad']:.2g} ({best})" if best else "",
        f"{share} |",
    ))


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("json")
    parser.add_argument("seasoned")
    options = parser.parse_args()
    environment, rows = read_rows(options.json)
    _, seasoned = read_rows(options.seasoned)
    print("| case | NumPy | cgrad | NumPy / cgrad | seasoned | best rival / cgrad "
          "| of the traffic limit |")
    print("|---|---|---|---|---|---|---|")
    for name in ROWS:
        print(write_row(rows[name], seasoned[name]))
    print("\n" + ", ".join(f"{key} {value}" for key, value in environment.items()))


if __name__ == "__main__":
    main()
