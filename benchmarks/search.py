"""Search at random for calls that NumPy answers sooner.

    python benchmarks/search.py --seconds 300 --json search.json

Shapes, types, layouts, axes and spacings are drawn; each call is made by turns, in one process, and
the medians are compared. That is no way to measure a call: what comes out slow should be a case.
What NumPy itself has to answer is not drawn; `fallback.py` has it.
"""

import argparse
import gc
import math
import random
import sys
import time
import warnings

import environment
import numpy as np
from bench_gradient import human_time, print_line, write_json
from cases import LAYOUTS, SCALARS, random_coordinates

import cgrad

DTYPES = [
    "f2", "f4", "f8", "g", "c8", "c16", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8",
    ">f2", ">f4", ">f8", ">i2", ">i4", ">i8", ">c8", ">c16",
]
LEAST, MOST = 4, 2_000_000     # points
PARTS = 5                       # of a call's measurement
SECONDS = 5e-4                  # of each part


def unaligned(values):
    """The same numbers, one byte too far."""
    view = np.zeros(values.nbytes + 1, "u1")[1:].view(values.dtype).reshape(values.shape)
    view[...] = values
    return view


def repeated(values):
    """The first of each row, over and over."""
    return np.broadcast_to(values[..., :1], values.shape)


WAYS = {**LAYOUTS, "unaligned": unaligned, "repeated": repeated}


def draw_shape(draw):
    """Of one to five axes, some of them short."""
    ndim = draw.choice([1, 2, 2, 2, 3, 3, 4, 5])
    parts = [draw.random() ** 2 + 0.02 for _ in range(ndim)]
    size = math.log(LEAST) + draw.random() * math.log(MOST / LEAST)
    return tuple(max(2, round(math.exp(size * part / sum(parts)))) for part in parts)


def draw_call(draw):
    """A call that is compiled, and its name."""
    shape, dtype, way = draw_shape(draw), draw.choice(DTYPES), draw.choice(list(WAYS))
    if way == "repeated" and np.dtype(dtype).kind == "c":
        way = "C"                     # left to NumPy
    if way == "transposed" and len(shape) == 1:
        way = "C"
    count = draw.randint(1, len(shape))
    axis = draw.choice([None, tuple(draw.sample(range(len(shape)), count))])
    axes = range(len(shape)) if axis is None else axis
    spacing = draw.choice(["none", *SCALARS, "coordinates"])
    if spacing == "none":
        spacings = ()
    elif spacing == "coordinates":
        spacings = tuple(random_coordinates(shape[d]) for d in axes)
    else:
        spacings = (SCALARS[spacing](),)
    order = draw.choice([1, 1, 2]) if min(shape) > 2 else 1
    values = np.random.default_rng(0).uniform(0, 100, shape).astype(dtype)
    name = f"{'x'.join(map(str, shape))} {dtype} {way}, axis={axis}, {spacing}, {order}"
    return name, (WAYS[way](values), *spacings), {"axis": axis, "edge_order": order}


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
    """Measure calls until then."""
    rows = []
    while time.perf_counter() < until:
        name, arguments, options = draw_call(draw)
        numpy, ours = measure(arguments, options)
        rows.append({"name": name, "numpy": numpy, "cgrad": ours})
    return sorted(rows, key=lambda row: row["numpy"] / row["cgrad"])


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
        rows = search(random.Random(options.seed), time.perf_counter() + options.seconds)
    ratios = [row["numpy"] / row["cgrad"] for row in rows]
    facts["calls"] = str(len(rows))
    facts["NumPy/cgrad"] = ", ".join(
        f"{100 * share:g} %: {ratios[int(share * len(rows))]:.2f}"
        for share in (0, 0.001, 0.01, 0.1, 0.5))
    print(f"{'calls':<14}{facts['calls']}\n{'NumPy/cgrad':<14}{facts['NumPy/cgrad']}\n")
    print_line("", ["NumPy", "cgrad", "ratio"])
    for row, ratio in list(zip(rows, ratios, strict=True))[:options.show]:
        print_line(f"  {row['name']}", [
            human_time(row["numpy"]), human_time(row["cgrad"]), f"{ratio:.2f}"])
    if options.json:
        write_json(options.json, facts, options, rows[:options.show])


if __name__ == "__main__":
    sys.exit(main())
