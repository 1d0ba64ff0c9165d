"""What type checkers say of a call is true, and they refuse what cannot be right."""

import inspect
import os
import re
import runpy
import shutil
import subprocess
import sys
import types
import typing
from pathlib import Path

import numpy as np
import pytest

import cgrad

FILES = Path(__file__).with_name("typing")
ACCEPTED = FILES / "accepted.py"
REFUSED = FILES / "refused.py"


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Return what runs mypy on files, with this cgrad, and gives the complaints."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("mypy")
    # mypy does not import: it finds neither editable installs nor what PYTHONPATH brings.
    shutil.copytree(
        Path(cgrad.__file__).parent, folder / "cgrad",
        ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))

    def run(*files):
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-pretty",
             # xarray may not be here.
             "--disable-error-code=import-not-found",
             "--config-file=", f"--cache-dir={folder / 'cache'}", *map(str, files)],
            capture_output=True, text=True, cwd=folder,
            env={**os.environ, "MYPYPATH": str(folder)})
        assert done.returncode < 2, done.stdout + done.stderr
        return [line for line in done.stdout.splitlines() if ": error: " in line]

    return run


def test_mypy_finds_all_that_is_said_to_be_so(mypy):
    assert mypy(ACCEPTED) == []


def test_mypy_finds_nothing_wrong_with_the_stubs(mypy):
    stubs = [Path("cgrad", stub.name) for stub in Path(cgrad.__file__).parent.glob("*.pyi")]
    assert stubs
    assert mypy(*stubs) == []


def test_mypy_refuses_each_line_that_has_a_comment_and_no_other(mypy):
    lines = REFUSED.read_text().splitlines()
    expected = [number for number, line in enumerate(lines, 1) if "  # " in line]
    complaints = mypy(REFUSED)
    assert len(expected) > 20
    assert sorted({int(re.search(r":(\d+): error", line)[1]) for line in complaints}) == expected


def kind_of(annotation):
    """Return the scalar type of an annotated array; accepted.py has subclasses of some."""
    scalar, = typing.get_args(typing.get_args(annotation)[1])
    return next(kind for kind in scalar.__mro__ if kind.__module__ == "numpy")


def dimensions_of(annotation):
    """Return the number of dimensions of an annotated array; None if it may have any."""
    shape = typing.get_args(annotation)[0]
    lengths = typing.get_args(shape)
    return None if shape is typing.Any or ... in lengths else len(lengths)


def data(annotation):
    """Make an argument for a parameter of accepted.py; all axes have three samples."""
    if annotation is typing.SupportsIndex:
        return np.int8(2)
    if annotation is typing.Any:
        return np.arange(3.0)
    origin = typing.get_origin(annotation)
    if origin is tuple:
        return data(typing.get_args(annotation)[0]), data(typing.get_args(annotation)[0])
    ndim = dimensions_of(annotation)
    shape = (3,) * (2 if ndim is None else ndim)
    code = np.dtype(kind_of(annotation)).char
    numbers = np.arange(3 ** len(shape)).reshape(shape)
    return numbers.astype(f"{code}8[s]" if code in "mM" else code).view(origin)


def holds(value, said):
    """Tell whether a value is of a type that accepted.py says it is of."""
    if isinstance(said, types.UnionType):
        return any(holds(value, one) for one in typing.get_args(said))
    origin, arguments = typing.get_origin(said), typing.get_args(said)
    if origin is tuple and ... not in arguments:
        return (
            type(value) is tuple and len(value) == len(arguments)
            and all(map(holds, value, arguments)))
    if origin in (tuple, list):
        return type(value) is origin and all(holds(item, arguments[0]) for item in value)
    if origin is not None:
        return (
            type(value) is origin and value.dtype.type is kind_of(said)
            and dimensions_of(said) in (None, value.ndim))
    return value is None if said is None else isinstance(value, said)


def test_what_is_said_is_true(monkeypatch):
    statements = []

    def look(value, said):
        statements.append(said)
        assert holds(value, said), f"{value!r} is not of type {said}"

    monkeypatch.setattr(typing, "assert_type", look)
    for function in runpy.run_path(str(ACCEPTED), run_name="accepted").values():
        if inspect.isfunction(function) and function.__module__ == "accepted":
            parameters = inspect.signature(function).parameters.values()
            function(*[data(parameter.annotation) for parameter in parameters])
    assert len(statements) > 50
