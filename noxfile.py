#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.2.9"]
# ///
"""The tasks: ``nox`` runs those marked by ``nox -l``, ``nox -s tests`` one of them."""

import re
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False

ROOT = Path(__file__).parent
DIST = ROOT / "dist"
# With what the compiled room is built outside of pip's isolation.
BUILD = ("setuptools>=77.0.3", "Cython>=3.3", "numpy>=2.0,<3")
EXTRA_TESTS = [
    f"tests/test_{name}.py" for name in ("dask", "dask_cluster", "xarray", "other_arrays", "patch")]
NEEDS_MEMORY = "tests/test_beyond_32_bits.py"  # 14 GiB


def run_outside(session, *arguments, command=("pytest", "-q"), **environment):
    """Run the tests from a folder without the source, so that what is installed is tested."""
    outside = Path(session.create_tmp()) / "outside"
    shutil.rmtree(outside, ignore_errors=True)
    outside.mkdir(parents=True)
    shutil.copytree(ROOT / "tests", outside / "tests")
    shutil.copy(ROOT / "pyproject.toml", outside)
    with session.chdir(outside):
        session.run(*command, f"--ignore={NEEDS_MEMORY}", *arguments, env=environment)


@nox.session
def lint(session):
    """Check style: ruff, cython-lint, numpydoc, spelling."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    session.install(*project["optional-dependencies"]["lint"])
    session.run("ruff", "check", ".")
    session.run("cython-lint", "src")
    session.run("numpydoc", "lint", *map(str, sorted((ROOT / "cgrad").glob("*.py"))))
    session.run("codespell", "--toml", "pyproject.toml")


@nox.session
def types(session):
    """Check types: the stubs against the modules, and what users see."""
    session.install(".[types]")
    session.run("mypy")
    session.run("basedpyright")
    # Outside, so that what is installed is looked at.
    with session.chdir(session.create_tmp()):
        session.run("python", "-m", "mypy.stubtest", "cgrad")
        session.run("basedpyright", "--verifytypes", "cgrad", "--ignoreexternal")


@nox.session
@nox.parametrize("level", ["avx512", "avx2", "baseline"])
def tests(session, level):
    """Run the tests at a SIMD level, or the widest below it that the CPU has."""
    session.install(".[test]")
    run_outside(session, *session.posargs, CGRAD_SIMD=level)


@nox.session(default=False)
@nox.parametrize("numpy", ["2.0.0", "newest", "nightly"])
def numpy_versions(session, numpy):
    """Run the tests with another NumPy: the oldest, the newest, tomorrow's."""
    session.install(".[test]")
    if numpy == "nightly":
        session.install(
            "--pre", "--upgrade", "--extra-index-url",
            "https://pypi.anaconda.org/scientific-python-nightly-wheels/simple", "numpy")
    else:
        session.install("--upgrade", "numpy" if numpy == "newest" else f"numpy=={numpy}")
    run_outside(session, *session.posargs)


@nox.session(default=False)
def extras(session):
    """Run the tests that need Dask, xarray and other array libraries."""
    session.install(".[test,dask,xarray,others]")
    run_outside(session, *(session.posargs or EXTRA_TESTS))


@nox.session
def docs(session):
    """Build the manual without a warning, and run its examples."""
    session.install(".[docs,test]")
    for builder in ("html", "doctest"):
        session.run(
            "sphinx-build", "-W", "--keep-going", "-q", "-b", builder, "docs",
            f"docs/_build/{builder}")
    session.run("pytest", "-q", "tests/test_manual.py")


@nox.session(default=False)
def bench(session):
    """Measure NumPy against cgrad; more in benchmarks/README.md."""
    session.install(".[bench]")
    session.run("python", "benchmarks/bench_gradient.py", *(session.posargs or ["--quick"]))


@nox.session(default=False)
def asan(session):
    """Run tests and fuzz under AddressSanitizer and UndefinedBehaviorSanitizer."""
    session.install("-e.[test]", *BUILD)
    session.run("python", "tests/sanitize.py", *(session.posargs or ["--seconds", "600"]))


@nox.session(default=False)
def coverage(session):
    """Check that the tests reach each line and branch of the Python room."""
    session.install("-e.[test,dask,xarray,others]", "pytest-cov")
    session.run(
        "pytest", "-q", "--cov=cgrad", "--cov-branch", "--cov-report=term-missing:skip-covered",
        "--cov-fail-under=100",
        f"--ignore={NEEDS_MEMORY}", *session.posargs)


@nox.session
def wheels(session):
    """Build the sdist, and from it a wheel for this Python; test that, oldest and newest NumPy."""
    session.install("build", *BUILD, "wheel")
    session.run("python", "tests/reproducible.py")
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(DIST), str(ROOT), silent=True)
    wheel, = DIST.glob("*.whl")
    session.install(str(wheel), "pytest", "hypothesis")
    run_outside(session, *session.posargs)
    run_outside(session, *session.posargs, command=("python", "tests/with_oldest_numpy.py"))


@nox.session(default=False)
def tag(session):
    """Check that a release's tag is that of the version: ``nox -s tag -- v0.1.0``."""
    text = (ROOT / "cgrad" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'__version__ = "(.*)"', text)[1]
    if session.posargs != [f"v{version}"]:
        session.error(f"expected the tag v{version}, not {' '.join(session.posargs)!r}")
    for file, line in (("CITATION.cff", f"version: {version}"), ("CHANGELOG.md", f"## {version}")):
        if not re.search(f"^{re.escape(line)}", (ROOT / file).read_text(encoding="utf-8"), re.M):
            session.error(f"expected a line that begins with {line!r} in {file}")


@nox.session
def checks(session):
    """Check what is published: metadata, wheel, sdist, workflows, the project as a whole."""
    session.install(
        "build", "validate-pyproject[all]", "twine", "check-wheel-contents", "auditwheel",
        "pyroma", "repo-review", "sp-repo-review", "zizmor")
    session.run("validate-pyproject", "pyproject.toml")
    if not list(DIST.glob("*.whl")):
        session.run("python", "-m", "build", "--outdir", str(DIST), str(ROOT), silent=True)
    wheel, = DIST.glob("*.whl")
    session.run("twine", "check", "--strict", *map(str, DIST.iterdir()))
    session.run("check-wheel-contents", str(wheel))
    if sys.platform == "linux":
        session.run("auditwheel", "show", str(wheel))
    # 10 but for an address of the authors, which there is none of yet.
    session.run("pyroma", "--min=8", ".")
    session.run("repo-review", ".")
    session.run("zizmor", "--offline", ".github/workflows")


if __name__ == "__main__":
    nox.main()
