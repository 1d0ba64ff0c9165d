"""Compare small calls of trees, wherever their machine code happens to lie.

    python benchmarks/placements.py BEFORE AFTER

A call on ten numbers runs through some 300 cache lines of machine code: Python's, NumPy's and
cgrad's. Where they lie in their pages, which any change of the code moves, decides about a tenth of
the time. So of each tree (a checkout) there are several builds here, whose code lies so many lines
further on; gcc or clang has to build them, in some minutes. All are measured by turns, in processes
of their own, relative to ``np.subtract`` of ten numbers. Shown are the medians of the builds, and
the fastest and the slowest of them; into results that are there, fresh, and by `numpy.gradient`,
patched.
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

import environment
import numpy as np
from cases import select

GROUPS = ("tiny", "small")
KINDS = ("given", "fresh", "patched")
LINES = (0, 13, 29, 47)           # by which the code of each build is moved
LINE = 64
IGNORED = (".git", ".venv*", ".nox", "build", "dist", "*.so", "_*.c", "__pycache__")
ROUNDS = 9
TURN = 5e-4                       # seconds, of calls into results that are there
SUBTRACTIONS = 2000


def build(tree, folder, lines):
    """Build a tree in a folder, its machine code so many cache lines further on."""
    shutil.copytree(tree, folder, ignore=shutil.ignore_patterns(*IGNORED))
    header = folder / "placement.h"
    header.write_text(f'__asm__(".text\\n.skip {lines * LINE}\\n");\n')
    flags = f"{os.environ.get('CFLAGS', '')} -include {header.name}"
    subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder,
        env=dict(os.environ, CFLAGS=flags), check=True)


def given_results(case):
    """Make arrays to put the results of a case into."""
    results = tuple(np.empty(case.shape, case.result_dtype) for _ in case.axes)
    return results if len(results) > 1 else results[0]


def timers_of(case):
    """Return what times the calls to compare, one of each of `KINDS`."""
    import cgrad

    names = {"gradient": cgrad.gradient, "patched": np.gradient, "out": given_results(case),
             **case.build()}
    text = case.arguments_text
    return [timeit.Timer(statement, globals=names).timeit for statement in (
        f"gradient({text}, out=out)", f"gradient({text})", f"patched({text})")]


def measure(folder, cases):
    """Print the medians of this process's rounds: of each case, its calls to a subtraction."""
    sys.path.insert(0, folder)
    import cgrad
    cgrad.patch_numpy()
    assert pathlib.Path(cgrad.__file__).is_relative_to(folder)
    timers = {case.name: timers_of(case) for case in cases}
    # Not of the same data: how long that takes may depend on where the difference comes to lie.
    subtract = timeit.Timer("subtract(ten, ten)", globals={
        "subtract": np.subtract, "ten": np.arange(10.0)}).timeit
    rounds = collections.defaultdict(list)
    for _ in range(ROUNDS):
        for name, ours in timers.items():
            calls = max(10, int(10 * TURN / ours[0](10)))
            unit = subtract(SUBTRACTIONS) / SUBTRACTIONS
            rounds[name].append([call(calls) / calls / unit for call in ours])
    print(json.dumps({name: [statistics.median(ratios) for ratios in zip(*each, strict=True)]
                      for name, each in rounds.items()}))


def measured(folder, part_of_name):
    """Measure a build in a process of its own, from files that were just written."""
    # Where a file's pages lie in memory counts as well.
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder / "cgrad", pathlib.Path(copy) / "cgrad")
        child = subprocess.run(
            [sys.executable, __file__, "--child", copy, "--cases", part_of_name],
            check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(child.stdout)


def print_row(case, kind, title, builds, ratios):
    """Print what was found of a case: of each tree, the median, fastest and slowest build."""
    texts = []
    for folders in builds:
        medians = sorted(statistics.median(each[kind] for each in ratios[folder][case.name])
                         for folder in folders)
        texts.append(f"{statistics.median(medians):.2f} ({medians[0]:.2f} to {medians[-1]:.2f})")
    print(f"  {case.name:<32}{title:<8}" + "".join(f"{text:>24}" for text in texts))


def compare(builds, cases, options):
    """Measure all builds, a list of them for each tree, by turns; print the rows."""
    ratios = {folder: collections.defaultdict(list) for folders in builds for folder in folders}
    for turn in range(options.rounds):
        for folders in zip(*builds, strict=True):
            for folder in folders if turn % 2 else reversed(folders):
                for name, medians in measured(folder, options.cases).items():
                    ratios[folder][name].append(medians)
    for case in cases:
        for kind, title in enumerate(KINDS):
            print_row(case, kind, title, builds, ratios)


def main():
    """Compare as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", type=pathlib.Path, help="folders with a setup.py")
    parser.add_argument("--cases", default="", metavar="TEXT", help="cases with this in the name")
    parser.add_argument("--rounds", type=int, default=3, help="of all builds (3)")
    parser.add_argument("--child", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    cases = select(GROUPS, options.cases)
    if options.child:
        measure(options.child, cases)
        return
    for tree in options.trees:
        if not (tree / "setup.py").is_file():
            parser.error(f"trees: expected folders with a setup.py, not {tree}")
    if not options.trees or not cases:
        parser.error("expected at least one tree, and a case")
    for name, fact in environment.describe(["numpy"]).items():
        print(f"{name:<14}{fact}")
    with tempfile.TemporaryDirectory() as temporary:
        builds = []
        for number, tree in enumerate(options.trees):
            folders = [pathlib.Path(temporary) / f"{number}-{lines}" for lines in LINES]
            for folder, lines in zip(folders, LINES, strict=True):
                build(tree, folder, lines)
            builds.append(folders)
        print(f"\n  {'':<40}" + "".join(f"{str(tree)[-22:]:>24}" for tree in options.trees))
        compare(builds, cases, options)


if __name__ == "__main__":
    sys.exit(main())
