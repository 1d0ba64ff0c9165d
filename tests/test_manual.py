"""What the manual says is so: its examples, and the orders of accuracy that it promises."""

import doctest
import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import cgrad

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.rst"))
# Pages whose examples import more than NumPy.
NEEDS = {"from_a_function": ["sympy"], "dask": ["dask.array"], "xarray": ["xarray"]}

pytestmark = pytest.mark.skipif(not PAGES, reason="the manual is not beside these tests")


@pytest.fixture(scope="module")
def methods():
    specification = importlib.util.spec_from_file_location("methods", DOCS / "plots/methods.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def landscape(methods):
    """Its coordinates, 1/16 apart, and its gradient."""
    x, y = methods.grid(33)
    return x, y, methods.exact(x, y)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples(page, monkeypatch):
    for module in NEEDS.get(page.stem, ()):
        pytest.importorskip(module)
    monkeypatch.syspath_prepend(DOCS / "plots")
    monkeypatch.delitem(sys.modules, "methods", raising=False)
    failed, _ = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert failed == 0


def test_every_public_name_is_in_the_reference():
    text = (DOCS / "api.rst").read_text(encoding="utf-8")
    shown = re.findall(r"^\.\. autofunction:: (\w+)$", text, re.MULTILINE)
    assert sorted(shown) == sorted(cgrad.__all__)


def errors(methods, way, points, **options):
    """The largest error in the interior and at the edges of one axis, for that axis' derivative."""
    x, y = methods.grid(points)
    error = np.abs(way(methods.height, x, y, **options) - methods.exact(x, y))[0]
    return error[1:-1].max(), error[[0, -1]].max()


@pytest.mark.parametrize(("edge_order", "edge_ratio"), [(1, 2), (2, 4)])
def test_errors_fall_by_the_order_of_accuracy(methods, edge_order, edge_ratio):
    coarse = errors(methods, methods.by_cgrad, 257, edge_order=edge_order)
    fine = errors(methods, methods.by_cgrad, 513, edge_order=edge_order)
    assert coarse[0] / fine[0] == pytest.approx(4, rel=0.02)
    assert coarse[1] / fine[1] == pytest.approx(edge_ratio, rel=0.02)


def test_errors_at_uneven_coordinates_fall_with_the_square_of_the_steps():
    def error(n):
        x = np.linspace(0, 2, n) + 0.25 / n * np.sin(np.arange(n) * 2.2)
        return np.abs(cgrad.gradient(np.sin(x), x) - np.cos(x))[1:-1].max()

    assert error(1001) / error(2001) == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize(
    ("way", "module", "tolerance"),
    [
        ("by_approx_fprime", "scipy.optimize", 1e-7),
        ("by_numdifftools", "numdifftools", 1e-10),
        ("by_sympy", "sympy", 1e-15),
        ("by_torch_autograd", "torch", 1e-15),
        ("by_jax", "jax", 1e-15),
    ])
def test_a_way_that_knows_the_function_is_exact_to_its_order(methods, way, module, tolerance):
    pytest.importorskip(module)
    x, y = methods.grid(5)
    got = getattr(methods, way)(methods.height, x, y)
    assert got.shape == (2, 5, 5)
    np.testing.assert_allclose(got, methods.exact(x, y), rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("way", "module"),
    [
        ("by_approx_fprime", "scipy.optimize"),
        ("by_numdifftools", "numdifftools"),
        ("by_sympy", "sympy"),
        ("by_torch_autograd", "torch"),
        ("by_jax", "jax"),
    ])
def test_cgrad_is_as_near_to_it_as_the_formula_says(methods, landscape, way, module):
    pytest.importorskip(module)
    x, y, _ = landscape
    near = methods.by_cgrad(methods.height, x, y)[:, ::8, ::8]
    far = getattr(methods, way)(methods.height, x[::8], y[::8])
    # h**2 / 3 of the third derivative, at the edges; it is 8 at most along x, and less along y.
    bound = (1 / 16) ** 2 / 3 * 8
    difference = np.abs(near - far).max()
    assert bound / 10 < difference < bound


@pytest.mark.parametrize("edge_order", [1, 2])
def test_torch_gradient_is_the_same_but_for_rounding(methods, landscape, edge_order):
    pytest.importorskip("torch")
    x, y, _ = landscape
    ours = methods.by_cgrad(methods.height, x, y, edge_order)
    torchs = methods.by_torch_gradient(methods.height, x, y, edge_order)
    np.testing.assert_allclose(torchs, ours, rtol=0, atol=1e-13)
