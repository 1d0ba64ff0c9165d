"""Say what cgrad is on this machine, and compare it with NumPy: ``python -m cgrad``.

Takes about three seconds. ``--json`` prints the same for machines. The exit status is 1
if any result differs from NumPy's in a single bit.

It is a first look: both contestants share one process, so an allocation that one of them
made may serve the other. The scripts in ``benchmarks/`` measure with more care.
"""

import argparse
import json
import platform
import statistics
import sys
import time
import timeit
from pathlib import Path

import numpy as np

import cgrad
from cgrad import _simd

SECONDS_PER_CASE = 0.25
SECONDS_PER_BATCH = 2e-4  # Long against the clock's own cost, short against an interruption.
FEWEST_ROUNDS = 3


def cases():
    """Yield the name and the arguments of each call that is measured."""
    rng = np.random.default_rng(0)
    image = rng.standard_normal((1024, 1024))
    line = image.ravel()[:100_000]
    coordinates = np.cumsum(rng.uniform(0.5, 1.5, line.size))
    yield "float64 10", (line[:10],)
    yield "float64 1 000", (line[:1000],)
    yield "float64 100 000", (line,)
    yield "float64 100 000, coordinates", (line, coordinates)
    yield "float64 1024 x 1024", (image,)
    yield "float32 1024 x 1024", (image.astype(np.float32),)
    yield "int16 1024 x 1024", ((1000 * image).astype(np.int16),)
    yield "float64 64 x 64 x 64", (image.ravel()[: 64**3].reshape(64, 64, 64),)


def content(result):
    """Return all that has to be equal in two results: the container, the layout, the bytes."""
    if isinstance(result, tuple):
        return (type(result), *map(content, result))
    return type(result), result.dtype, result.shape, result.strides, result.tobytes()


def median_seconds(functions, args):
    """Measure one call of each function with the same arguments: medians, in seconds.

    The functions take turns, so that whatever else the machine does slows all of them.
    Each turn is a batch of calls that is long enough for the clock.
    """
    timers = [
        timeit.Timer("function(*args)", globals={"function": function, "args": args})
        for function in functions
    ]
    batches = [max(1, round(SECONDS_PER_BATCH / timer.timeit(1))) for timer in timers]
    rounds = []
    end = time.perf_counter() + SECONDS_PER_CASE
    while len(rounds) < FEWEST_ROUNDS or time.perf_counter() < end:
        rounds.append(
            [timer.timeit(calls) / calls for timer, calls in zip(timers, batches, strict=True)]
        )
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def measure(name, args):
    """Compare NumPy and cgrad for one call: a row of the table."""
    # The comparison comes first: it also warms up code and caches for the clock.
    equal = content(np.gradient(*args)) == content(cgrad.gradient(*args))
    numpy_seconds, cgrad_seconds = median_seconds([np.gradient, cgrad.gradient], args)
    return {
        "case": name,
        "numpy_seconds": numpy_seconds,
        "cgrad_seconds": cgrad_seconds,
        "ratio": numpy_seconds / cgrad_seconds,
        "bits_equal": equal,
    }


def cpu_model():
    """Look up the name of the processor, as far as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def build():
    """Return with what the compiled room was compiled."""
    compiler, cython = (said.decode() for said in _simd.kernels.build_info())
    return {"compiler": compiler.strip(), "cython": cython.replace("_", ".")}


def environment():
    """Collect what cgrad runs on."""
    return {
        "simd level": _simd.level,
        "numpy": np.__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}, "
        f"built with {platform.python_compiler()}",
        "platform": platform.platform(),
        "cpu": cpu_model(),
    }


def human_time(seconds):
    """Write a time with three digits and the unit that suits it."""
    unit, scale = ("ns", 1e9) if seconds < 1e-6 else ("us", 1e6) if seconds < 1e-3 else ("ms", 1e3)
    value = seconds * scale
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f} {unit}"


def print_heading(report):
    """Print what was built, what it runs on, and the head of the table."""
    print(f"cgrad {report['version']}")
    for heading in "build", "environment":
        print(f"\n{heading}")
        for name, value in report[heading].items():
            print(f"  {name:<12}{value}")
    print(f"\n{'case':<30}{'NumPy':>10}{'cgrad':>10}{'ratio':>8}   bits equal")


def print_row(row):
    """Print a row of the table."""
    times = [human_time(row[key]) for key in ("numpy_seconds", "cgrad_seconds")]
    equal = "yes" if row["bits_equal"] else "NO"
    print(f"{row['case']:<30}{times[0]:>10}{times[1]:>10}{row['ratio']:>8.1f}   {equal}")


def main():
    """Report on this cgrad and this machine."""
    parser = argparse.ArgumentParser(prog="python -m cgrad", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object, for machines")
    as_json = parser.parse_args().json

    report = {
        "version": cgrad.__version__,
        "build": build(),
        "environment": environment(),
    }
    if not as_json:
        print_heading(report)
    rows = []
    for name, args in cases():
        rows.append(measure(name, args))
        if not as_json:
            print_row(rows[-1])
    if as_json:
        print(json.dumps({**report, "rows": rows}, indent=2))
    return 0 if all(row["bits_equal"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
