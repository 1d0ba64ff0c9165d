"""Compare with NumPy what several compilers make of the source: ``python tests/compilers.py``.

Each compiler that is installed, with each set of flags; the tests that compare bits and a fuzz,
at every SIMD level that the CPU has.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import builds

FLAGS = ["-O0", "-O2", "-O3", "-O3 -march=native"]
TESTS = [
    "test_matches_numpy.py", "test_floating_point_events.py", "test_streaming.py",
    "test_no_fused_operations.py", "test_quotients.py", "test_short_rows.py",
    "test_fences.py",
]


def levels_of(folder):
    """Return the SIMD levels that a build has and this CPU too."""
    found = subprocess.run(
        [sys.executable, "-c", "from cgrad import _kernels; print(*_kernels.simd_levels())"],
        cwd=folder.parent, env=dict(os.environ, PYTHONPATH=str(folder)), capture_output=True,
        text=True, check=True)
    return [*found.stdout.split(), "baseline"]


def main():
    """Return 1 if a build differs from NumPy, or fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=50_000, help="of the fuzz, each time (50000)")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    failed = False
    compilers = [name for name in ("gcc", "clang") if shutil.which(name)]
    if len(compilers) < 2:
        parser.error(f"expected gcc and clang, found {' and '.join(compilers) or 'neither'}")
    for compiler in compilers:
        for flags in FLAGS:
            with tempfile.TemporaryDirectory() as temporary:
                folder = pathlib.Path(temporary) / "cgrad"
                builds.copy_tree(folder)
                built = builds.build(folder, CC=compiler, CFLAGS=flags)
                print(f"{compiler} {flags}", flush=True)
                if built.returncode:
                    print(built.stderr[-2000:])
                    failed = True
                    continue
                for level in levels_of(folder):
                    tests = builds.run_tests(folder, TESTS, CGRAD_SIMD=level)
                    fuzz = builds.run_fuzz(
                        folder, options.calls, processes=options.processes, CGRAD_SIMD=level)
                    failed = failed or tests.returncode or fuzz.returncode
                    print(f"  {level:<9}{tests.stdout.splitlines()[-1]}; "
                          f"{fuzz.stdout.strip() or fuzz.stderr[-500:]}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
