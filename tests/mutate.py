"""Change the compiled room one place at a time, and let the tests find it.

    python tests/mutate.py --sample 100 --processes 2

Each operator, index and bound in ``src/`` is a place. A change counts as found when the build
fails, a test fails, or the tests crash or hang. Those that nobody finds are printed: either a test
is missing, or the change alters no result (a limit that only decides how fast a call is); these
are explained in SURVIVORS.
"""

import argparse
import concurrent.futures
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import builds

SOURCES = [
    "rows.pxi", "coefficients.pxi", "spacing.pxi", "conversion.pxi", "walker.pxi", "sharing.pxi",
    "_kernels.pyx", "half.h", "numbers.h",
]
# What the tests are that find most, the quickest first.
TESTS = [
    "test_contract.py", "test_out.py", "test_matches_numpy.py", "test_streaming.py",
    "test_floating_point_events.py", "test_compiled.py", "test_kept_memory.py", "test_footprint.py",
    "test_workers.py",
]
SECONDS = 180                     # after which a test file hangs, and a fuzz much sooner

# Pattern and what takes its place; a place is a match in code, not in a comment or a string.
CHANGES = [
    (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " + "), (r" / ", " * "), (r" // ", " % "),
    (r" == ", " != "), (r" != ", " == "), (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "),
    (r" >= ", " > "), (r" and ", " or "), (r" or ", " and "), (r" & ", " | "), (r" >> ", " << "),
    (r"\bmin\(", "max("), (r"\bmax\(", "min("), (r"\[0\]", "[1]"), (r"\[1\]", "[0]"),
    (r"\[2\]", "[1]"), (r"(?<![\w.])1(?![\w.])", "2"), (r"(?<![\w.\[])0(?![\w.])", "1"),
    (r"\+= ", "-= "), (r"(?<=[(=,] )-(?=\w)", ""), (r"\bTrue\b", "False"), (r"\bFalse\b", "True"),
    (r"\bnot ", ""), (r"2\. \* ", ""),
]

# Changes that alter no result, by file and line as it stands; why.
SURVIVORS = {}


def is_code(line):
    """Whether a line is neither comment, nor declaration of types, nor text."""
    text = line.strip()
    return bool(text) and not text.startswith(("#", "/*", '"""', "*", "cdef extern", "include"))


def places():
    """List all changes: file, number of the line, line, and what becomes of it."""
    for name in SOURCES:
        in_text = False
        for number, line in enumerate((builds.ROOT / "src" / name).read_text().splitlines()):
            if line.count('"""') % 2:
                in_text = not in_text
                continue
            code = line.split("#")[0].split("/*")[0]
            if in_text or not is_code(line):
                continue
            for pattern, replacement in CHANGES:
                for match in re.finditer(pattern, code):
                    changed = code[:match.start()] + replacement + code[match.end():]
                    yield name, number, line, changed


def is_found(folder):
    """Whether the tree in this folder cannot be built, or some test fails on it."""
    if builds.build(folder, CFLAGS="-O0").returncode:
        return True
    # Random calls find most, and sooner than any test does.
    try:
        if builds.run_fuzz(folder, 1000, timeout=SECONDS / 3, CGRAD_SIMD="baseline").returncode:
            return True
    except subprocess.TimeoutExpired:
        return True
    for test in TESTS:
        try:
            done = builds.run_tests(folder, [test], timeout=SECONDS, CGRAD_SIMD="baseline")
        except subprocess.TimeoutExpired:
            return True
        if done.returncode:
            return True
    return False


def prepare(folder):
    """Copy the tree, without the builds for wider registers, which have the same source.

    Cython has done its part in the copy, so that a change in C need not wait for it.
    """
    builds.copy_tree(folder)
    setup = folder / "setup.py"
    text = setup.read_text()
    assert "levels.items()" in text
    setup.write_text(text.replace("levels.items()", "()"))
    done = builds.build(folder, CFLAGS="-O0")
    assert not done.returncode, done.stderr
    for built in [*folder.glob("cgrad/*.so"), *folder.glob("build/**/*.o")]:
        built.unlink()


def judge(original, place):
    """Make one change in a copy of the tree, and return it with whether it was found."""
    name, number, _, changed = place
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "cgrad"
        shutil.copytree(original, folder)
        source = folder / "src" / name
        lines = source.read_text().splitlines()
        lines[number] = changed
        source.write_text("\n".join(lines) + "\n")
        return place, is_found(folder)


def main():
    """Do as the command line says; fail if a survivor is not explained."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="so many places, at random; else all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    parser.add_argument("--files", nargs="*", help="of these files alone")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    chosen = [place for place in places() if not options.files or place[0] in options.files]
    print(f"{len(chosen)} places")
    if options.sample and options.sample < len(chosen):
        chosen = random.Random(options.seed).sample(chosen, options.sample)
    found = unexplained = explained = 0
    with (tempfile.TemporaryDirectory() as temporary,
          concurrent.futures.ThreadPoolExecutor(options.processes) as pool):
        original = pathlib.Path(temporary) / "cgrad"
        prepare(original)
        judged = [pool.submit(judge, original, place) for place in chosen]
        for future in concurrent.futures.as_completed(judged):
            (name, number, line, changed), was_found = future.result()
            reason = SURVIVORS.get((name, line.strip()))
            found += was_found
            if not was_found:
                explained += reason is not None
                unexplained += reason is None
                print(f"{name}:{number + 1}: {line.strip()}\n    -> {changed.strip()}\n"
                      f"    {reason or 'NOT FOUND'}", flush=True)
            if (found + explained + unexplained) % 50 == 0:
                print(f"... {found + explained + unexplained} places", flush=True)
    print(f"{found} found, {explained} explained, {unexplained} not found")
    return int(unexplained > 0)


if __name__ == "__main__":
    sys.exit(main())
