"""Compare small calls of trees, wherever their machine code happens to lie.

    python benchmarks/placements.py BEFORE AFTER

A call on ten numbers runs through some 300 cache lines of machine code: Python's, NumPy's and
cgrad's. A first-level cache holds few lines that begin at one place of their pages, so that where
code lies, which any change of it moves, decides about a tenth of the time. So of each tree (a
checkout) there are several builds here, whose code lies so many lines further on. All are measured
by turns, in processes of their own, relative to ``np.subtract``. Shown are the medians of the
builds, and the fastest and the slowest of them; first into results that are there, then fresh.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import timeit

import numpy as np
from cases import CASES

GROUPS = ("tiny", "small")
LINES = (0, 13, 29, 47)           # by which the code of each build is moved
LINE = 64
IGNORED = (".git", ".venv*", ".nox", "build", "dist", "*.so", "_*.c", "__pycache__")
ROUNDS = 9
TURN = 5e-4                       # seconds, of subtractions


def build(tree, folder, lines):
    """Build a tree in a folder, its machine code so many cache lines further on."""
    shutil.copytree(tree, folder, ignore=shutil.ignore_patterns(*IGNORED))
    header = folder / "placement.h"
    header.write_text(f'__asm__(".text\\n.skip {lines * LINE}\\n");\n')
    flags = f"{os.environ.get('CFLAGS', '')} -include {header}"
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder,
        env=dict(os.environ, CFLAGS=flags), check=True, capture_output=True)


def given_results(case):
    """Make arrays to put the results of a case into."""
    results = tuple(np.empty(case.shape, case.result_dtype) for _ in case.axes)
    return results if len(results) > 1 else results[0]


def timers_of(case):
    """Return what times the calls to compare: into given results, fresh, and ``np.subtract``."""
    import cgrad

    names = {"gradient": cgrad.gradient, "subtract": np.subtract, "out": given_results(case),
             **case.build()}
    text = case.arguments_text
    return [timeit.Timer(statement, globals=names).timeit for statement in (
        f"gradient({text}, out=out)", f"gradient({text})", "subtract(f, f)")]


def measure(cases):
    """Print the medians of this process's rounds: of each case, both calls to a subtraction."""
    timers = {case.name: timers_of(case) for case in cases}
    rounds = collections.defaultdict(list)
    for _ in range(ROUNDS):
        for name, (*ours, subtract) in timers.items():
            calls = max(10, int(10 * TURN / subtract(10)))
            unit = subtract(calls)
            rounds[name].append([call(calls) / unit for call in ours])
    print(json.dumps({name: [statistics.median(ratios) for ratios in zip(*each, strict=True)]
                      for name, each in rounds.items()}))


def measured(folder, text):
    """Measure a build in a process of its own, from files that were just written."""
    # Where a file's pages lie in memory counts as well.
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder / "cgrad", pathlib.Path(copy) / "cgrad")
        child = subprocess.run(
            [sys.executable, __file__, "--child", "--cases", text], check=True,
            env=dict(os.environ, PYTHONPATH=copy), capture_output=True, text=True)
    return json.loads(child.stdout)


def compare(trees, builds, cases, options):
    """Measure all builds by turns; print a row a case."""
    ratios = collections.defaultdict(lambda: collections.defaultdict(list))
    for _ in range(options.rounds):
        for folders in zip(*builds.values(), strict=True):
            for tree, folder in zip(trees, folders, strict=True):
                for name, both in measured(folder, options.cases).items():
                    ratios[tree, folder][name].append(both)
    for case in cases:
        for kind, title in enumerate(("given", "fresh")):
            texts = []
            for tree in trees:
                medians = sorted(
                    statistics.median(both[kind] for both in ratios[tree, folder][case.name])
                    for folder in builds[tree])
                texts.append(f"{statistics.median(medians):.2f} ({medians[0]:.2f} to "
                             f"{medians[-1]:.2f})")
            print(f"  {case.name:<32}{title:<8}" + "".join(f"{text:>24}" for text in texts))


def main():
    """Compare as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", type=pathlib.Path, help="folders with a setup.py")
    parser.add_argument("--cases", default="", metavar="TEXT", help="cases with this in the name")
    parser.add_argument("--rounds", type=int, default=3, help="of all builds (3)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    cases = [case for case in CASES if case.group in GROUPS and options.cases in case.name]
    if options.child:
        measure(cases)
        return
    for tree in options.trees:
        if not (tree / "setup.py").is_file():
            parser.error(f"trees: expected folders with a setup.py, not {tree}")
    if not options.trees or not cases:
        parser.error("expected at least one tree, and a case")
    with tempfile.TemporaryDirectory() as folder:
        builds = {}
        for number, tree in enumerate(options.trees):
            builds[tree] = [pathlib.Path(folder) / f"{number}-{lines}" for lines in LINES]
            for each, lines in zip(builds[tree], LINES, strict=True):
                build(tree, each, lines)
        print(f"  {'':<40}" + "".join(f"{str(tree)[-22:]:>24}" for tree in options.trees))
        compare(options.trees, builds, cases, options)


if __name__ == "__main__":
    sys.exit(main())
