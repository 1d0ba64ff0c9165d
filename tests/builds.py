"""Builds of the tree with other flags, in folders of their own."""

import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]


def copy_tree(folder):
    """Copy what a build and the tests need."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(
        ".git", ".venv*", ".nox", "_build", "build", "dist", "*.so", "_*.c", ".hypothesis",
        "__pycache__"))


def build(folder, **variables):
    """Build in place, quietly, with these environment variables (CC, CFLAGS, ...)."""
    return subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder,
        env=dict(os.environ, **variables), capture_output=True, text=True, check=False)


def run_tests(folder, tests=(), options=(), timeout=3600, **variables):
    """Run test files, or all, on the build in this folder; return the finished process."""
    files = [str(folder / "tests" / test) for test in tests] or [str(folder / "tests")]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-c",
         str(folder / "pyproject.toml"), "--rootdir", str(folder), *options, *files],
        cwd=folder.parent, env=dict(os.environ, PYTHONPATH=str(folder), **variables),
        check=False, capture_output=True, text=True, timeout=timeout)


def run_fuzz(folder, calls, seed=0, processes=1, timeout=3600, **variables):
    """Compare random calls with NumPy on the build in this folder."""
    return subprocess.run(
        [sys.executable, str(folder / "tests/fuzz.py"), "--calls", str(calls), "--seed", str(seed),
         "--processes", str(processes)],
        cwd=folder.parent, env=dict(os.environ, PYTHONPATH=str(folder), **variables),
        check=False, capture_output=True, text=True, timeout=timeout)
