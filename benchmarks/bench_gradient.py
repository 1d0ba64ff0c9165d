"""Measure numpy.gradient, cgrad.gradient and their rivals, and print the table.

    python benchmarks/bench_gradient.py              NumPy and cgrad, every case
    python benchmarks/bench_gradient.py --quick      a look, in half a minute
    python benchmarks/bench_gradient.py --all        every contestant that is installed

README.md, beside this file, tells how to read the table.
"""

import argparse
import json
import sys
from pathlib import Path
from statistics import median

import environment
from cases import GROUPS, select
from contestants import CONTESTANTS
from workers import measure

DEFAULT = ("numpy", "cgrad")
RATIOS = ("torch", "jax", "findiff", "numba", "subtract")
SHARES = {
    "limit": ("of limit", "plain"),
    "limit-native": ("of limit", "native"),
    "limit-streaming": ("of limit", "streaming"),
    "divisions": ("of", "divisions"),
}
ROUNDS = 7
QUICK_ROUNDS = 3
NAME_WIDTH = 36


def names_in(known):
    """Make a parser of comma-separated names, each of which has to be known."""

    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                choices = ", ".join(known)
                raise argparse.ArgumentTypeError(f"expected some of {choices}, not {name!r}")
        return names

    return parse


def parse_arguments(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--all", action="store_true", help="every contestant that is installed")
    who.add_argument(
        "--contestants",
        type=names_in(CONTESTANTS),
        default=DEFAULT,
        metavar="A,B",
        help=f"some of {', '.join(CONTESTANTS)}",
    )
    parser.add_argument(
        "--groups",
        type=names_in(GROUPS),
        default=(),
        metavar="A,B",
        help=f"some of {', '.join(GROUPS)}",
    )
    parser.add_argument("--cases", default="", metavar="TEXT", help="cases with this in the name")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"how many ({ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="few cases, few rounds")
    parser.add_argument("--huge", action="store_true", help="also cases that move over 1 GB")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="for torch and jax (1)")
    parser.add_argument(
        "--bits",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="see that cgrad's bits are NumPy's (yes)",
    )
    parser.add_argument(
        "--seasoned", action="store_true", help="let each process free a large array first"
    )
    parser.add_argument("--json", metavar="PATH", help="write everything that was measured")
    return parser.parse_args(arguments)


def choose_contestants(options):
    """Pick the contestants that can be measured, and say which cannot."""
    everyone = [name for name, kind in CONTESTANTS.items() if kind.in_all]
    names = everyone if options.all else list(options.contestants)
    if "numpy" not in names:  # the ratios are to it
        names.insert(0, "numpy")
    absent = [name for name in names if not CONTESTANTS[name]().is_installed()]
    if absent:
        print(f"not installed: {', '.join(absent)}\n")
    return [name for name in names if name not in absent]


# Words and numbers.


def human_time(seconds):
    """Write a time with three digits and a unit."""
    if seconds is None:
        return "-"
    for unit, size in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * size:
            return f"{three_digits(seconds / size)} {unit}"
    return f"{three_digits(seconds)} s"


def three_digits(number):
    """Write a number between 0.01 and 999 with three digits."""
    if number is None:
        return "-"
    decimals = 0 if number >= 99.95 else 1 if number >= 9.995 else 2
    return f"{number:.{decimals}f}"


def percent(share):
    """Write a share."""
    return "-" if share is None else f"{share:.0%}"


def ratio(a, b):
    """Quotient, or None where a number is missing."""
    return a / b if a and b else None


# What a case gave.


def gigabytes_per_second(case, seconds):
    """Least traffic of a case over its time."""
    return case.bytes_moved / seconds / 1e9


def row_of(case, seconds, failures):
    """Everything that is known of a case after it was measured.

    Parameters
    ----------
    case : Case
    seconds : dict
        For each contestant, the seconds a call of each round.
    failures : dict
        For each contestant that failed, why.

    Returns
    -------
    dict
        As it is written to JSON.
    """
    medians = {name: median(times) for name, times in seconds.items()}
    return {
        "group": case.group,
        "name": case.name,
        "shape": case.shape,
        "dtype": case.dtype,
        "layout": case.layout,
        "axis": case.axis,
        "spacing": case.spacing,
        "edge_order": case.edge_order,
        "data": case.data,
        "size": case.size,
        "bytes_read": case.bytes_read,
        "bytes_written": case.bytes_written,
        "rounds": seconds,
        "seconds": medians,
        "GB/s": {name: gigabytes_per_second(case, time) for name, time in medians.items()},
        "failures": failures,
    }


def faster_than_cgrad(row):
    """Name those who beat cgrad in a row: NumPy or a rival."""
    ours = row["seconds"].get("cgrad")
    return [
        name
        for name, seconds in row["seconds"].items()
        if CONTESTANTS[name].role in ("baseline", "rival") and ours and seconds < ours
    ]


# The table.


def columns_for(names):
    """Choose the table's columns.

    Parameters
    ----------
    names : sequence of str
        The contestants.

    Returns
    -------
    list of (str, str, callable)
        Of each column: the two lines of its heading, and what makes its text of a row.
    """

    def time(name):
        return lambda row: human_time(row["seconds"].get(name))

    def times_faster(name):
        return lambda row: three_digits(ratio(row["seconds"]["numpy"], row["seconds"].get(name)))

    def share(name):
        return lambda row: percent(ratio(row["seconds"].get(name), row["seconds"].get("mapped")))

    def bandwidth(name):
        return lambda row: three_digits(row["GB/s"].get(name))

    columns = [("NumPy", "time", time("numpy"))]
    if "cgrad" in names:
        columns.append(("cgrad", "time", time("cgrad")))
        columns.append(("NumPy/", "cgrad", times_faster("cgrad")))
    if "mapped" in names:
        columns.append(("mapped", "time", time("mapped")))
        columns.append(("mapped", "GB/s", bandwidth("mapped")))
    for name, heading in SHARES.items():
        if name in names:
            columns.append((*heading, share(name)))
    for name in RATIOS:
        if name in names:
            columns.append(("NumPy/", name, times_faster(name)))
    return columns


def print_line(first, texts, remark=""):
    """Print a line of the table."""
    cells = "".join(f"{text:>10}" for text in texts)
    print(f"{first:<{NAME_WIDTH}}{cells}  {remark}".rstrip(), flush=True)


def print_heading(columns):
    """Print the table's heading."""
    print_line("", [first for first, _, _ in columns])
    print_line("case", [second for _, second, _ in columns])


def remark_on(row):
    """What has to catch the eye in a row."""
    remarks = [f"{name} FAILED" for name in row["failures"] if CONTESTANTS[name].exact]
    faster = faster_than_cgrad(row)
    if faster:
        remarks.append(f"<- LOST to {', '.join(faster)}")
    return "; ".join(remarks)


def print_lost(rows):
    """List the rows in which someone is faster than cgrad."""
    lost = [(row, name) for row in rows for name in faster_than_cgrad(row)]
    print(f"\nrows lost: {len({id(row) for row, _ in lost})} of {len(rows)}")
    for row, name in lost:
        ours, theirs = row["seconds"]["cgrad"], row["seconds"][name]
        print(
            f"  {row['group']}: {row['name']}: cgrad {human_time(ours)}, {name} "
            f"{human_time(theirs)} ({human_time(ours - theirs)} less)"
        )


def print_failures(rows):
    """List what went wrong."""
    failures = [(row, *failure) for row in rows for failure in row["failures"].items()]
    if failures:
        print(f"\nfailures: {len(failures)}")
    for row, name, why in failures:
        print(f"  {row['group']}: {row['name']}: {name}: {why}")


# The run.


def run(cases, names, options):
    """Measure the cases and print each row as soon as it is known.

    Returns
    -------
    list of dict
        The rows.
    """
    columns = columns_for(names)
    print_heading(columns)
    rows, group = [], None
    for case in cases:
        if case.group != group:
            group = case.group
            print(f"\n{group}", flush=True)
        measured = measure(
            case, names, options.rounds, options.threads, options.bits, options.seasoned
        )
        row = row_of(case, *measured)
        rows.append(row)
        print_line(f"  {case.name}", [text(row) for _, _, text in columns], remark_on(row))
    return rows


def write_json(path, facts, options, rows):
    """Write everything that was measured."""
    asked = {name: value for name, value in vars(options).items() if name != "json"}
    document = {"environment": facts, "options": asked, "rows": rows}
    Path(path).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def main():
    """Measure as the command line says.

    Returns
    -------
    int
        Exit status: 1 if an exact contestant failed.
    """
    options = parse_arguments()
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    cases = select(options.groups, options.cases, options.quick, options.huge)
    names = choose_contestants(options)
    facts = environment.describe(names)
    for name, fact in facts.items():
        print(f"{name:<14}{fact}")
    processes = "seasoned" if options.seasoned else "new"
    print(f"\n{len(cases)} cases; medians of {options.rounds} rounds; {processes} processes\n")
    rows = run(cases, names, options)
    if "cgrad" in names:
        print_lost(rows)
    print_failures(rows)
    if options.json:
        write_json(options.json, facts, options, rows)
    return int(any(CONTESTANTS[name].exact for row in rows for name in row["failures"]))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell has it
