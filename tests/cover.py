"""Which lines and branches of the compiled room the tests reach: ``python tests/cover.py``.

All of the source is in one build for any CPU, compiled for gcov, with the lines that Cython wrote
it from. A line counts as reached if it is in one of the types that it is written out for. Lines
that no test reaches are printed; those that none can are explained in UNREACHED. Branches are
C's, and only counted: in _kernels.pyx most are those of errors that Cython looks for after each
call into Python, in rows.pxi those of types that a loop is never asked for. The few lines of C that
stand in .pyx and .pxi files themselves are not counted.
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
import mutants

# Beside those that need memory: builds of their own, and other arrays than NumPy's.
LEFT_OUT = [
    "test_beyond_32_bits.py", "test_no_fused_operations.py", "test_dask.py",
    "test_dask_cluster.py", "test_xarray.py",
]

MEMORY = "there was memory, and there were threads, whenever a test asked for them"
MACHINE = "of other machines than this"
FORK = "run by a child that ends without writing its counters"
PLACE = "whether a row ends before the first line that begins in it depends on where memory was had"
ALLOCATOR = "an allocator has to have it, and NumPy does not ask ours for it"
WIDER = "only builds for wider registers divide, or combine, along two axes at once"
RETURNED = "all types that it is written out for return before"
AGAIN = "what was put in place once can be again"

# Why no test reaches a line: the file, what is found in it or the line before, the reason.
UNREACHED = [
    ("_kernels.pyx", r"(job.memory|plan.box) == NULL|raise MemoryError", MEMORY),
    ("_kernels.pyx", r"ROUNDS_AS_NUMPY:\n|return \[\]$", MACHINE),
    ("_kernels.pyx", r"set_places.*\nreturn None", AGAIN),
    ("compiled_function.h", r"if \(PyType_Ready.*\n|if \(!self\)\n", MEMORY),
    ("conversion.pxi", r"NPY_U?LONG\] = .*NPY_U?INT\]", MACHINE),
    ("pixels.pxi", r"NPY_LONG\] = .*NPY_INT\]", MACHINE),
    ("kept_memory.h", r"MAP_FAILED\)\n|SIZE_MAX / 2\)\n|keep_at_most\(0, 0\)\)\n", MEMORY),
    ("kept_memory.h", r"block.start\)\nreturn NULL|Py_RETURN_NONE|if \(!array\) {\n", MEMORY),
    ("kept_memory.h", r"memory_free\(NULL, data, size\)", MEMORY),
    ("kept_memory.h", r"memory_calloc|SIZE_MAX / 2 / size|count \* size", ALLOCATOR),
    ("kept_memory.h", r"if \(!data\)\n", ALLOCATOR),
    ("kept_memory.h", r"take_out\(i\)", MACHINE),
    ("numbers.h", r"if \(i > size\)\n", PLACE),
    ("numbers.h", r"else\nfor|to\[i\] = from\[size|else\ncopy_sized", MACHINE),
    ("rows.pxi", r"divide_both\(|alone\b|ahead, count\):\nreturn|combine_both\(.*\nreturn", WIDER),
    ("rows.pxi", r"(coefficient_jump|out_jump, 0)\)\nreturn False", RETURNED),
    ("sharing.pxi", r"raise MemoryError", MEMORY),
    ("walker.pxi", r"return visit_combinations", WIDER),
    ("workers.h", r"sched_getaffinity.*\n|wanted > MOST_HELPERS|pthread_create.*\n", MEMORY),
    ("workers.h", r"forget_helpers|__linux__|#endif|(nhelpers|gate|busy) = 0;", FORK),
]
UNREACHED_FUNCTIONS = {
    "divide_both", "combine_both", "combine_piece", "combine_rows", "visit_combinations",
}


def write_c(folder):
    """Let Cython write the C, with the lines that it wrote each statement from."""
    subprocess.run(
        [sys.executable, "-m", "cython", "--line-directives", "--module-name", "cgrad._kernels",
         "src/_kernels.pyx"], cwd=folder, check=True, capture_output=True)
    written = folder / "src/_kernels.c"
    # After the last of ours gcov would count lines on, into what Cython adds at the end. Within a
    # section Cython says of each line of ours anew where it is from.
    written.write_text(re.sub(
        r"(?m)^/\* #### Code section: .*", r'\g<0>\n#line 1 "cython.c"', written.read_text()))


def measure(folder, tests):
    """Build with counters and run the tests; return what gcov says."""
    builds.copy_tree(folder)
    write_c(folder)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, check=True,
        capture_output=True,
        env=dict(os.environ, CFLAGS="-O0 -w -DSCALES_HALVES=1 --coverage -fprofile-update=atomic"))
    done = builds.run_tests(
        folder, tests, [] if tests else [f"--ignore-glob=*/{name}" for name in LEFT_OUT],
        CGRAD_SIMD="baseline")
    print(done.stdout.splitlines()[-1], flush=True)
    counters, = folder.glob("build/temp*/src/_kernels.gcda")
    said = subprocess.run(
        ["gcov", "--json-format", "--branch-counts", "--branch-probabilities", "--stdout",
         str(counters)], cwd=folder, check=True, capture_output=True, text=True).stdout
    return done.returncode, json.loads(said)["files"]


def lines_of_code(path):
    """Return the numbers of the lines that are statements, not text or declarations."""
    numbers, in_text, in_extern = set(), False, False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        was_text, in_text = in_text, in_text ^ line.count('"""') % 2
        if line and not line[0].isspace() and not was_text:
            in_extern = line.startswith("cdef extern")
        # To a declaration, gcov counts what Cython made of the line before.
        declares = line.strip().startswith("cdef ") and not set("=(:") & set(line)
        if not (was_text or in_text or in_extern or declares) and mutants.is_code(line):
            numbers.add(number)
    return numbers


def summed(lines):
    """Sum the counts of lines and of branches over the types that they are written out for."""
    counts, branches = collections.Counter(), {}
    for line in lines:
        counts[line["line_number"]] += line["count"]
        taken = [branch["count"] for branch in line["branches"] if not branch["throw"]]
        before = branches.get(line["line_number"], [])
        branches[line["line_number"]] = [
            sum(both) for both in itertools.zip_longest(before, taken, fillvalue=0)]
    return counts, branches


def reason(name, number, lines):
    """Return why a line is not reached, if that is known, from it and the line before."""
    line = mutants.Mutant(0, name, number - 1, lines, "")
    if line.function() in UNREACHED_FUNCTIONS:
        return WIDER
    return next((why for file, pattern, why in UNREACHED
                 if file == name and re.search(pattern, lines)), None)


def report(files):
    """Print what is reached and what is not; return how many lines nobody explains."""
    unexplained = 0
    missing = {*mutants.SOURCES, *mutants.HEADERS} - {
        pathlib.Path(file["file"]).name for file in files}
    assert not missing, f"nothing was counted of {', '.join(sorted(missing))}"
    for file in sorted(files, key=lambda file: file["file"]):
        path = pathlib.Path(file["file"])
        if path.parent.name != "src" or path.suffix == ".c":
            continue
        own = builds.ROOT / "src" / path.name
        source = own.read_text().splitlines()
        # Among the others is what Cython adds at the end of something of ours.
        code = lines_of_code(own) if path.suffix != ".h" else set(range(len(source) + 1))
        counts, branches = summed(
            line for line in file["lines"] if line["line_number"] in code)
        ways = [count for line in branches.values() for count in line]
        print(f"{path.name}: {sum(map(bool, counts.values()))} of {len(counts)} lines, "
              f"{sum(map(bool, ways))} of {len(ways)} branches")
        for number in sorted(number for number, count in counts.items() if not count):
            before, line = (text.strip() for text in ["", *source][number - 1:number + 1])
            why = reason(path.name, number, f"{before}\n{line}")
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
