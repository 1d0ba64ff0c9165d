"""Change the compiled room one place at a time, and let the tests find it.

    python tests/mutate.py --sample 100 --processes 2

A place is an operator, an index, a bound, or another number. In what Cython writes, every place
gets a switch, so that one build has all changes and ``CGRAD_MUTANT`` says which of them is made: in
all types that the kernels are written out for at once. Words (and, or, not, min, ...) get theirs in
what Cython reads, in a second build, and functions of headers are there in all their changes. What
is left, macros among it, is changed as text, and built anew for each change. So is all that
``--level`` judges: what headers have for wider registers.

A change counts as found when random calls differ from NumPy's, a test fails, or either crashes or
hangs. Those that nobody finds are printed: either a test is missing, or the change alters no result
(a limit that only decides how fast a call is); these are explained in survivors.py.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import os
import pathlib
import queue
import random
import shutil
import subprocess
import sys
import tempfile

import builds
import survivors
from mutants import HEADERS, SOURCES, mutants_of_text
from switches import build_switched, build_words

BASELINE = "baseline"


class Judge:
    """A process that says of the build in a folder, with this or that change, if tests find it."""

    def __init__(self, folder, level, *options):
        self._process = subprocess.Popen(
            [sys.executable, str(folder / "tests/judge.py"), *options], cwd=folder,
            env=dict(os.environ, PYTHONPATH=str(folder), CGRAD_SIMD=level),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def finds(self, number=-1):
        """Whether a change is found; None if the process does not even begin, or has ended."""
        try:
            print(number, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            return None
        return {"found\n": True, "survived\n": False}.get(self._process.stdout.readline())

    def close(self):
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()


def prepare(folder, level=BASELINE):
    """Copy and build the tree; for the baseline without wider registers, of the same source."""
    builds.copy_tree(folder)
    setup = folder / "setup.py"
    text = setup.read_text()
    assert "levels.items()" in text
    if level == BASELINE:
        setup.write_text(text.replace("levels.items()", "()"))
    done = builds.build(folder, CFLAGS="-O0 -DSCALES_HALVES=1")
    assert not done.returncode, done.stderr
    forget_build(folder)


def forget_build(folder):
    """Remove all but what Cython wrote, so that a build compiles it."""
    for built in [*folder.glob("cgrad/*.so"), *folder.glob("build/**/*.o")]:
        built.unlink()


def finds_text(plain, level, options, mutant):
    """Whether a change of the text is found, or cannot be built."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "cgrad"
        shutil.copytree(plain, folder)
        source = folder / "src" / mutant.file
        lines = source.read_text().splitlines()
        lines[mutant.line] = mutant.text
        source.write_text("\n".join(lines) + "\n")
        if builds.build(folder, CFLAGS="-O0 -DSCALES_HALVES=1").returncode:
            return True
        judge = Judge(folder, level, *options)
        try:
            return judge.finds() is not False
        finally:
            judge.close()


def main():
    """Do as the command line says; fail if a survivor is not explained."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="so many places, at random; else all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    parser.add_argument(
        "--files", nargs="*", default=SOURCES + HEADERS, metavar="FILE[:FIRST[-LAST]]",
        help="of these files alone, or of their lines from FIRST on or to LAST")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--quick", action="store_true",
        help="leave out the tests that take longer: they may find what survives")
    parser.add_argument(
        "--new", action="store_true", help="leave out the changes that survivors.py explains")
    parser.add_argument(
        "--level", default=BASELINE, metavar="LEVEL",
        help="what headers have for wider registers, avx2 or avx512, as text alone")
    options = parser.parse_args()
    quick = ["--quick"] if options.quick else []
    if options.level != BASELINE:
        return judge_level(options, quick, parser)
    with tempfile.TemporaryDirectory() as temporary:
        plain, switched, worded = (
            pathlib.Path(temporary) / name / "cgrad" for name in ("plain", "switched", "worded"))
        prepare(plain)
        shutil.copytree(plain, switched)
        shutil.copytree(plain, worded)
        mutants = build_switched(switched)
        of_text = list(mutants_of_text(mutants[-1].number + 1))
        words = build_words(worded, of_text)
        mutants += of_text
        unused = survivors.unused([mutant.place() for mutant in mutants])
        assert not unused, f"survivors.py explains what is gone: {unused}"
        mutants = chosen(mutants, options, parser)
        with contextlib.ExitStack() as stack:
            by_switch, by_word = (
                judges_of(folder, options.processes, quick, stack) for folder in (switched, worded))

            def finds(mutant):
                if not mutant.text:
                    return ask(by_switch, mutant.number)
                if mutant.number in words:
                    return ask(by_word, mutant.number)
                return finds_text(plain, BASELINE, quick, mutant)

            return report(mutants, finds, options)


def judge_level(options, quick, parser):
    """Do the same for changes of headers, built with wider registers; return the exit status."""
    with tempfile.TemporaryDirectory() as temporary:
        plain = pathlib.Path(temporary) / "cgrad"
        prepare(plain, options.level)
        mutants = [mutant for mutant in mutants_of_text(0) if mutant.file in HEADERS]
        return report(
            chosen(mutants, options, parser),
            lambda mutant: finds_text(plain, options.level, quick, mutant), options)


def reason_of(mutant, level):
    """Return why a change alters no result at this level, if that is known."""
    reason = mutant.reason()
    return None if reason == survivors.WIDER and level != BASELINE else reason


def chosen(mutants, options, parser):
    """Return the changes that the command line asks for."""
    mutants = [mutant for mutant in mutants if is_within(mutant, options.files)
               and not (options.new and reason_of(mutant, options.level))]
    print(f"{len(mutants)} places", flush=True)
    if not mutants:
        parser.error(f"--files: expected lines of {', '.join(SOURCES + HEADERS)}")
    if options.sample and options.sample < len(mutants):
        mutants = random.Random(options.seed).sample(mutants, options.sample)
    return mutants


def judges_of(folder, count, options, stack):
    """Start judges of a build, to be ended with the stack."""
    judges = queue.SimpleQueue()
    for _ in range(count):
        judges.put(judge := Judge(folder, BASELINE, *options))
        stack.callback(judge.close)
    assert not ask(judges), "the tests fail as it is"
    return judges


def ask(judges, number=-1):
    """Whether a change is found, by whichever judge is free."""
    judge = judges.get()
    try:
        found = judge.finds(number)
    finally:
        judges.put(judge)
    assert found is not None, "the process that judges has ended"
    return found


def is_within(mutant, files):
    """Whether a change is in one of these files, or in the lines that are named with it."""
    for file in files:
        name, _, lines = file.partition(":")
        first, _, last = lines.partition("-")
        if mutant.file == name and (
                int(first or 1) <= mutant.line + 1 <= int(last or sys.maxsize)):
            return True
    return False


def report(mutants, finds, options):
    """Judge all, print who survived, and return the exit status."""
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(options.processes) as pool:
        for mutant, was_found in zip(mutants, pool.map(finds, mutants), strict=True):
            reason = reason_of(mutant, options.level)
            counts["found" if was_found else "explained" if reason else "not found"] += 1
            if not was_found:
                print(f"{mutant.file}:{mutant.line + 1}: {mutant.source}\n    {mutant.change}\n"
                      f"    {reason or 'NOT FOUND'}", flush=True)
            if counts.total() % 100 == 0:
                print(f"... {counts.total()} places", flush=True)
    print(", ".join(f"{counts[kind]} {kind}" for kind in ("found", "explained", "not found")))
    return int(counts["not found"] > 0)


if __name__ == "__main__":
    sys.exit(main())
