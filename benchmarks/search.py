"""Search at random for calls that NumPy answers sooner.

    python benchmarks/search.py --seconds 300 --json search.json

Shapes, types, layouts, axes and spacings are drawn; each call is made by turns, in one process, and
the medians are compared. That is no way to measure a call: each finds in the caches what the other
left. So what comes out slowest is measured again, each in a process of its own, that has freed a
large array before. What NumPy itself has to answer is not drawn; `fallback.py` has it.
"""

import argparse
import gc
import math
import random
import sys
import time
import warnings
from dataclasses import dataclass
from statistics import median

import environment
import numpy as np
import workers
from bench_gradient import human_time, print_line, write_json
from cases import LAYOUTS, SCALARS, Case, shape_text

import cgrad

DTYPES = [
    "f2", "f4", "f8", "g", "c8", "c16", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8",
    ">f2", ">f4", ">f8", ">i2", ">i4", ">i8", ">c8", ">c16",
]
LEAST, MOST = 4, 2_000_000     # points
PARTS = 5                       # of a call's measurement
SECONDS = 5e-4                  # of each part
ROUNDS = 5                      # of what is measured again


def unaligned(values):
    """The same numbers, one byte too far."""
    view = np.zeros(values.nbytes + 1, "u1")[1:].view(values.dtype).reshape(values.shape)
    view[...] = values
    return view


def repeated(values):
    """The first of each row, over and over."""
    return np.broadcast_to(values[..., :1], values.shape)


WAYS = {**LAYOUTS, "unaligned": unaligned, "repeated": repeated}


@dataclass(frozen=True)
class Drawn(Case):
    """A call that was drawn: of any axes, a tuple, and in more layouts."""

    @property
    def axes(self):
        return tuple(range(self.ndim)) if self.axis is None else self.axis

    @property
    def name(self):
        return (f"{shape_text(self.shape)} {self.dtype} {self.layout}, axis={self.axis}, "
                f"{self.spacing}, {self.edge_order}")

    def build_data(self):
        values = np.random.default_rng(0).uniform(0, 100, self.shape).astype(self.dtype)
        return WAYS[self.layout](values)


def draw_shape(draw):
    """Of one to five axes, some of them short."""
    ndim = draw.choice([1, 2, 2, 2, 3, 3, 4, 5])
    parts = [draw.random() ** 2 + 0.02 for _ in range(ndim)]
    size = math.log(LEAST) + draw.random() * math.log(MOST / LEAST)
    return tuple(max(2, round(math.exp(size * part / sum(parts)))) for part in parts)


def draw_case(draw):
    """A call that is compiled."""
    shape, dtype, way = draw_shape(draw), draw.choice(DTYPES), draw.choice(list(WAYS))
    if way == "repeated" and np.dtype(dtype).kind == "c":
        way = "C"                     # left to NumPy
    if way == "transposed" and len(shape) == 1:
        way = "C"
    count = draw.randint(1, len(shape))
    axis = draw.choice([None, tuple(draw.sample(range(len(shape)), count))])
    spacing = draw.choice(["none", *SCALARS, "coordinates"])
    order = draw.choice([1, 1, 2]) if min(shape) > 2 else 1
    return Drawn("drawn", shape, dtype, way, axis, spacing, order)


def seconds(function, arguments, options, calls):
    """Return the time of a call."""
    begin = time.perf_counter()
    for _ in range(calls):
        function(*arguments, **options)
    return (time.perf_counter() - begin) / calls


def measure(arguments, options):
    """Return the medians of NumPy and of cgrad, by turns."""
    calls = max(1, int(SECONDS / seconds(np.gradient, arguments, options, 1)))
    times = {np.gradient: [], cgrad.gradient: []}
    for part in range(PARTS + 1):
        for function, each in times.items():
            each.append(seconds(function, arguments, options, calls))
            if part == 0:
                each.clear()          # a first call is no measurement
    return [sorted(each)[PARTS // 2] for each in times.values()]


def search(draw, until):
    """Measure calls until then; return them, the slowest first."""
    rows = []
    while time.perf_counter() < until:
        case = draw_case(draw)
        arguments = (case.build_data(), *case.build_spacings())
        numpy, ours = measure(arguments, {"axis": case.axis, "edge_order": case.edge_order})
        rows.append((numpy / ours, case))
    return sorted(rows, key=lambda row: row[0])


def measure_again(case):
    """Return the medians of NumPy and of cgrad, each in a process of its own."""
    seconds, failures = workers.measure(case, ["numpy", "cgrad"], ROUNDS, seasoned=True)
    for name, failure in failures.items():
        raise RuntimeError(f"{name}, {case.name}: {failure}")
    return median(seconds["numpy"]), median(seconds["cgrad"])


def main():
    """Search as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="to search for (60)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (0)")
    parser.add_argument("--show", type=int, default=20, help="how many, the slowest first (20)")
    parser.add_argument("--json", metavar="PATH", help="write what is shown")
    options = parser.parse_args()
    facts = environment.describe(["numpy", "cgrad"])
    for name, fact in facts.items():
        print(f"{name:<14}{fact}")
    gc.disable()
    # Sums of halves overflow, and so may what is drawn.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = search(random.Random(options.seed), time.perf_counter() + options.seconds)
    facts["calls"] = str(len(found))
    facts["NumPy/cgrad"] = ", ".join(
        f"{100 * share:g} %: {found[int(share * len(found))][0]:.2f}"
        for share in (0, 0.001, 0.01, 0.1, 0.5))
    print(f"{'calls':<14}{facts['calls']}\n{'NumPy/cgrad':<14}{facts['NumPy/cgrad']}\n")
    print_line("", ["by turns", "NumPy", "cgrad", "apart"])
    rows = []
    for ratio, case in found[:options.show]:
        numpy, ours = measure_again(case)
        rows.append({"name": case.name, "by turns": ratio, "numpy": numpy, "cgrad": ours})
        print_line(f"  {case.name}", [
            f"{ratio:.2f}", human_time(numpy), human_time(ours), f"{numpy / ours:.2f}"])
    if options.json:
        write_json(options.json, facts, options, rows)


if __name__ == "__main__":
    sys.exit(main())
