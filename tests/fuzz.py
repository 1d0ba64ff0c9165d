"""Compare random calls of cgrad with NumPy: ``python tests/fuzz.py --calls 1000000``.

Each call has a seed of its own; the one printed with a difference repeats it.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import multiprocessing
import sys
import time

import calls
import numpy as np
import oracle

import cgrad
from cgrad._simd import kernels as _kernels


class Random:
    """A source of choices that is a plain generator."""

    def __init__(self, seed):
        self._random = np.random.default_rng(seed)

    def choice(self, options):
        return options[self._random.integers(len(options))]

    def integer(self, low, high):
        return int(self._random.integers(low, high, endpoint=True))


def compiled(call):
    """Say whether the compiled room answers this call (and not NumPy)."""
    args, order = call.args, call.kwargs.get("edge_order", 1)
    with np.errstate(**call.state):
        return _kernels.differentiate(
            args[0], tuple(args[1:]), call.kwargs.get("axis"), order) is not None


def compare(seeds):
    """Return how many calls were made of each kind, and the seeds of those that differ."""
    kinds = collections.Counter()
    different = []
    for seed in seeds:
        call = calls.call(Random(seed))
        try:
            oracle.assert_same(cgrad.gradient, call.args, call.kwargs, **call.state)
        except AssertionError:
            different.append(seed)
        kinds["compiled" if compiled(call) else "left to NumPy"] += 1
    return kinds, different


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="seed of the first call")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args(argv)
    start = time.perf_counter()
    stop = options.seed + options.calls
    shares = [range(first, min(first + 2000, stop)) for first in range(options.seed, stop, 2000)]
    kinds = collections.Counter()
    different = []
    with contextlib.ExitStack() as stack:
        run = map
        if options.processes > 1:
            # Unlike multiprocessing's own, this pool does not wait for a process that crashed.
            run = stack.enter_context(concurrent.futures.ProcessPoolExecutor(
                options.processes, multiprocessing.get_context("spawn"))).map
        for counted, found in run(compare, shares):
            kinds += counted
            different += found
    print(f"{sum(kinds.values())} calls in {time.perf_counter() - start:.0f} s, "
          f"NumPy {np.__version__}: {dict(kinds)}, {len(different)} differ")
    if different:
        print("seeds:", *sorted(different)[:20])
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
