"""Which lines and branches of the compiled room the tests reach: ``python tests/cover.py``.

All of the source is in one build for any CPU, compiled for gcov, with the lines that Cython wrote
it from. A line counts as reached if it is in one of the types that it is written out for. Lines
that no test reaches are printed; those that none can are explained in UNREACHED. Branches are
C's: in _kernels.pyx most are those of errors that Cython looks for after each call into Python.
"""

import argparse
import collections
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import builds

# Beside those that need memory: builds of their own, and other arrays than NumPy's.
LEFT_OUT = [
    "test_beyond_32_bits.py", "test_no_fused_operations.py", "test_dask.py",
    "test_dask_cluster.py", "test_xarray.py",
]

# Why no test reaches a line: the file, what is found in the line, the reason.
UNREACHED = []


def measure(folder, tests):
    """Build with counters and run the tests; return what gcov says."""
    builds.copy_tree(folder)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace", "--cython-line-directives"],
        cwd=folder, check=True, capture_output=True,
        env=dict(os.environ, CFLAGS="-O0 -w --coverage -fprofile-update=atomic"))
    done = builds.run_tests(
        folder, tests, [] if tests else [f"--ignore-glob=*/{name}" for name in LEFT_OUT],
        CGRAD_SIMD="baseline")
    print(done.stdout.splitlines()[-1], flush=True)
    counters, = folder.glob("build/temp*/src/_kernels.gcda")
    said = subprocess.run(
        ["gcov", "--json-format", "--branch-counts", "--branch-probabilities", "--stdout",
         str(counters)], cwd=folder, check=True, capture_output=True, text=True).stdout
    return done.returncode, json.loads(said)["files"]


def summed(name, lines):
    """Sum the counts of lines and of branches over the types that they are written out for."""
    counts, branches = collections.Counter(), {}
    for line in lines:
        if not name.endswith(".h") and not re.search(r"__pyx_p?f_", line.get("function_name", "")):
            continue                  # what Cython adds, and the module as it is imported
        counts[line["line_number"]] += line["count"]
        taken = [branch["count"] for branch in line["branches"] if not branch["throw"]]
        before = branches.get(line["line_number"], [])
        branches[line["line_number"]] = [
            sum(both) for both in itertools.zip_longest(before, taken, fillvalue=0)]
    return counts, branches


def reason(name, source):
    """Return why a line is not reached, if that is known."""
    return next((why for file, pattern, why in UNREACHED
                 if file == name and re.search(pattern, source)), None)


def report(files):
    """Print what is reached and what is not; return how many lines nobody explains."""
    unexplained = 0
    for file in sorted(files, key=lambda file: file["file"]):
        path = pathlib.Path(file["file"])
        if path.parent.name != "src" or path.suffix == ".c":
            continue
        source = (builds.ROOT / "src" / path.name).read_text().splitlines()
        counts, branches = summed(path.name, file["lines"])
        ways = [count for line in branches.values() for count in line]
        print(f"{path.name}: {sum(map(bool, counts.values()))} of {len(counts)} lines, "
              f"{sum(map(bool, ways))} of {len(ways)} branches")
        for number in sorted(number for number, count in counts.items() if not count):
            line = source[number - 1].strip()
            why = reason(path.name, line)
            unexplained += why is None
            print(f"    {number}: {line}\n        {why or 'NOT REACHED'}")
    return unexplained


def main():
    """Fail if tests do, or if a line is not reached and that is not explained."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", nargs="*", default=(), help="of these files alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        failed, files = measure(pathlib.Path(temporary) / "cgrad", options.tests)
    return int(bool(report(files)) or failed != 0)


if __name__ == "__main__":
    sys.exit(main())
