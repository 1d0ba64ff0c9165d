"""Measure the gradient of a Dask array: `dask.array.gradient` against `cgrad.gradient`.

    python benchmarks/bench_dask.py --gib 8 --rounds 3

Measured is, on the threaded scheduler, what it takes to make the data, differentiate it along
all axes, and hand each chunk of each result to a target that drops it: the time, and the largest
resident size of the process, each run in a process of its own, round by round. What hands them
over is `dask.persist`, or with ``--compute`` `dask.compute`, which gathers an answer from all
chunks at the end; Dask then orders the tasks so that more chunks are in memory.

The data is float32 in chunks of 64 MiB: each is a copy of one random chunk plus its number,
since good random numbers would take longer than the gradient.
*source* is what that alone takes, when the data itself is handed to the target.

Tasks are counted with those of the source, in the graph as it is made and as Dask optimises it.
``--check`` compares the results of both first, on a smaller array: they are equal to the bit.
"""

import argparse
import functools
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

CHUNKS = {"3-D": (256, 256, 256), "2-D": (4096, 4096)}
CONTESTANTS = ("source", "dask", "cgrad")


class Nowhere:
    """A target that drops what is stored in it."""

    def __setitem__(self, index, value):
        pass


def shape_of(case, gib):
    """Double the number of chunks along one axis after the other until there is this much."""
    chunk = CHUNKS[case]
    counts = [1] * len(chunk)
    axis = 0
    while np.prod(counts) * np.prod(chunk) * 4 < gib * 2**30:
        counts[axis] *= 2
        axis = (axis + 1) % len(counts)
    return tuple(int(n * length) for n, length in zip(counts, chunk, strict=True))


@functools.lru_cache(maxsize=1)
def random_chunk(shape):
    """One chunk of noise, for all."""
    return np.random.default_rng(0).random(shape, np.float32)


def make_chunk(block_id, shape):
    """Make the data of a chunk."""
    return random_chunk(shape) + np.float32(sum(block_id))


def source(case, gib):
    """Return the data as a Dask array."""
    import dask.array as da

    shape, chunk = shape_of(case, gib), CHUNKS[case]
    random_chunk(chunk)
    chunks = tuple((c,) * (n // c) for n, c in zip(shape, chunk, strict=True))
    return da.map_blocks(make_chunk, shape=chunk, chunks=chunks, dtype=np.float32,
                         meta=np.empty((0,) * len(chunk), np.float32))


def results_of(name, f):
    """Return what a contestant makes of the data, as a list of Dask arrays."""
    if name == "source":
        return [f]
    if name == "dask":
        import dask.array as da

        return list(da.gradient(f, 0.3))
    import cgrad

    return list(cgrad.gradient(f, 0.3))


def count_tasks(arrays):
    """Count the tasks of several arrays together, as made and as optimised."""
    import dask

    return [
        len(set().union(*(dict(array.__dask_graph__()) for array in some)))
        for some in (arrays, dask.optimize(*arrays))]


def run(name, case, gib, threads, gathers):
    """Compute once, and return seconds, bytes and numbers of tasks."""
    import dask
    import dask.array as da

    arrays = results_of(name, source(case, gib))
    tasks = count_tasks(arrays)
    with dask.config.set(scheduler="threads", num_workers=threads):
        start = time.perf_counter()
        writes = da.store(arrays, [Nowhere() for _ in arrays], lock=False, compute=False)
        (dask.compute if gathers else dask.persist)(writes)
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "peak": peak, "tasks": tasks}


def run_alone(name, options, case):
    """Compute once in a new process."""
    command = [
        sys.executable, __file__, "--child", name, "--cases", case, "--gib", str(options.gib),
        "--threads", str(options.threads), *(["--compute"] if options.compute else [])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def check(case):
    """Tell whether both give the same bits on an array of some chunks."""
    import dask

    f = source(case, 0.5)
    with dask.config.set(scheduler="threads"):
        return all(
            bool((a.view(np.int32) == b.view(np.int32)).all().compute())
            for a, b in zip(results_of("dask", f), results_of("cgrad", f), strict=True))


def print_environment(options):
    """Print what it is measured on."""
    import environment
    from contestants import installed_version

    facts = environment.describe(["numpy"])
    for name in ("dask", "distributed"):
        facts[name] = installed_version(name)
    facts["threads"] = options.threads
    for name, fact in facts.items():
        print(f"{name:<14}{fact}")


def print_case(case, options):
    """Measure a case and print its table."""
    shape = shape_of(case, options.gib)
    chunks = [n // c for n, c in zip(shape, CHUNKS[case], strict=True)]
    print(f"\n{' x '.join(map(str, shape))} float32, {np.prod(shape) * 4 / 2**30:.3g} GiB in "
          f"{' x '.join(map(str, chunks))} chunks of 64 MiB, along all axes")
    if options.check:
        print(f"bits of both equal: {'yes' if check(case) else 'NO'}")
    runs = {name: [] for name in CONTESTANTS}
    for _ in range(options.rounds):
        for name in CONTESTANTS:
            runs[name].append(run_alone(name, options, case))
    print(f"{'':<10}{'seconds':>9}  {'(each round)':<24}{'peak MiB':>9}{'tasks':>8}"
          f"{'optimised':>11}")
    times = {}
    for name, some in runs.items():
        times[name] = statistics.median(one["seconds"] for one in some)
        peak = max(one["peak"] for one in some) / 2**20
        every = " ".join(f"{one['seconds']:.1f}" for one in some)
        tasks, optimised = some[0]["tasks"]
        print(f"{name:<10}{times[name]:>9.2f}  {every:<24}{peak:>9.0f}{tasks:>8}{optimised:>11}")
    print(f"dask / cgrad: {times['dask'] / times['cgrad']:.2f}; without the source: "
          f"{(times['dask'] - times['source']) / (times['cgrad'] - times['source']):.2f}")


def main():
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=8, help="size of the data (8)")
    parser.add_argument("--rounds", type=int, default=3, help="(3)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="(all CPUs)")
    parser.add_argument("--cases", nargs="+", choices=list(CHUNKS), default=list(CHUNKS))
    parser.add_argument("--compute", action="store_true", help="dask.compute, not dask.persist")
    parser.add_argument("--check", action="store_true", help="compare the results first")
    parser.add_argument("--child", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run(
            options.child, options.cases[0], options.gib, options.threads, options.compute)))
        return
    print_environment(options)
    for case in options.cases:
        print_case(case, options)


if __name__ == "__main__":
    main()
