"""Measure what it costs to ask cgrad for something that NumPy has to answer.

    python benchmarks/fallback.py --json fallback.json

That is parts of a microsecond, which between two processes are lost in the noise. So here both
are called by turns, in one process, a call of each at a time, and their quartiles are compared.
"""

import argparse
import gc
import sys
import time

import environment
import numpy as np
from bench_gradient import human_time, print_line, write_json

import cgrad


class Subclass(np.ndarray):
    """An array that leaves the answer to NumPy."""


CASES = {
    "10 times": lambda: (np.arange(10).astype("m8[s]"),),
    "1000 times": lambda: (np.arange(1000).astype("m8[s]"),),
    "10 objects": lambda: (np.arange(10.0).astype(object),),
    "1000 objects": lambda: (np.arange(1000.0).astype(object),),
    "10 f8, subclass": lambda: (np.arange(10.0).view(Subclass),),
    "1000 f8, subclass": lambda: (np.arange(1000.0).view(Subclass),),
    "10 f8, masked": lambda: (np.ma.array(np.arange(10.0)),),
    "3x3 f8, matrix": lambda: (np.matrix(np.eye(3)),),
    "10 c16, complex spacing": lambda: (np.arange(10.0) + 0j, 1j),
    "10 f8, object coordinates": lambda: (np.arange(10.0), np.arange(10.0).astype(object)),
}

QUARTILES = (0.25, 0.5, 0.75)


def nanoseconds(function, arguments):
    """Return the time of one call."""
    begin = time.perf_counter_ns()
    function(*arguments)
    return time.perf_counter_ns() - begin


def alternate(arguments, calls):
    """Call both by turns, each first as often as the other; return their times, sorted."""
    times = {np.gradient: [], cgrad.gradient: []}
    order = list(times)
    for _ in range(calls):
        for function in order:
            times[function].append(nanoseconds(function, arguments))
        order.reverse()
    return [sorted(each) for each in times.values()]


def row_of(name, arguments, calls):
    """Measure a case."""
    alternate(arguments, calls // 10)
    numpy, ours = alternate(arguments, calls)
    places = [int(quartile * calls) for quartile in QUARTILES]
    return {
        "name": name,
        "numpy": [numpy[place] * 1e-9 for place in places],
        "cgrad": [ours[place] * 1e-9 for place in places],
    }


def main():
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000, help="of each (20000)")
    parser.add_argument("--json", metavar="PATH", help="write everything that was measured")
    options = parser.parse_args()
    if options.calls < 1:
        parser.error(f"--calls: expected at least 1, not {options.calls}")
    facts = environment.describe(["numpy", "cgrad"])
    for name, fact in facts.items():
        print(f"{name:<14}{fact}")
    print()
    print_line("", ["NumPy", *(f"{quartile:.0%}" for quartile in QUARTILES)])
    rows = []
    gc.disable()
    for name, make in CASES.items():
        row = row_of(name, make(), options.calls)
        more = [f"{(b - a) * 1e6:+.2f} us" for a, b in zip(row["numpy"], row["cgrad"], strict=True)]
        print_line(f"  {name}", [human_time(row["numpy"][1]), *more])
        rows.append(row)
    if options.json:
        write_json(options.json, facts, options, rows)


if __name__ == "__main__":
    sys.exit(main())
