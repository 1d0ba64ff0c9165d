"""Tables of the benchmarks' results, from the JSON that ``bench_gradient.py`` wrote."""

import json
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))

from readme_table import RIVALS, human_time, times_of  # noqa: E402

TRAFFIC_FROM = 2**18              # bytes of data, as in the README's table


def read(name):
    """Read a file of results."""
    with open(BENCHMARKS / "results" / name, encoding="utf-8") as file:
        return json.load(file)


def rows_of(report, groups):
    """Return the rows of some groups."""
    return [row for row in report["rows"] if row["group"] in groups]


def results(name, *groups):
    """Tabulate some groups: times, and what each contestant takes beside cgrad."""
    header = ("case", "NumPy", "cgrad", "NumPy / cgrad",
              *(f"{rival} / cgrad" for rival in RIVALS), "of the limit")
    rows = []
    for row in rows_of(read(name), groups):
        times = times_of(row)
        share = ""
        if {"limit", "mapped"} <= times.keys() and row["bytes_read"] >= TRAFFIC_FROM:
            share = f"{times['limit'] / times['mapped']:.0%}"
        rows.append((
            row["name"], human_time(times["numpy"]), human_time(times["cgrad"]),
            *(ratio(times, other) for other in ("numpy", *RIVALS)), share))
    return header, rows


def ratio(times, other):
    """Write the time of another over cgrad's; bold if the other was faster."""
    if other not in times:
        return "—"
    value = times[other] / times["cgrad"]
    return f"**{value:.3g}**" if value < 1 else f"{value:.3g}"


def lost(name):
    """Tabulate every row in which NumPy or a rival is faster than cgrad."""
    header = "case", "group", "cgrad", "who is faster"
    rows = []
    for row in read(name)["rows"]:
        times = times_of(row)
        faster = [f"{other}, {human_time(times[other])}" for other in ("numpy", *RIVALS)
                  if other in times and times[other] < times["cgrad"]]
        if faster:
            rows.append((
                row["name"], row["group"], human_time(times["cgrad"]), "; ".join(faster)))
    return header, rows


def environment(name):
    """Tell what the results were measured on."""
    return ("", ""), list(read(name)["environment"].items())
