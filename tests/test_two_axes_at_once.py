"""Kernels run along the two fastest axes at once, where both are uniform, or neither is.

Along uniform ones over many rows and the edges in between as well, and in volumes over those of the
second axis. What is multiplied at each SIMD level, what is divided, or combined by the coefficients
of coordinates, where that is faster: these with AVX-512 alone. That nothing beside the data is
read, is for test_fences.py to find: after an event along uniform axes a call is done again, one
axis after the other.
"""

import itertools
import math

import numpy as np
import oracle
import pytest
from surroundings import assert_same_in_surroundings, surrounded

import cgrad
from cgrad._simd import kernels

ENOUGH = 1 << 15                      # bytes, from which on two axes are taken

SHAPES = [
    # Rows that fit together evenly and unevenly, as long as what is run over at once, and longer.
    (90, 91), (64, 128), (1639, 5), (2731, 3), (4200, 2), (5, 1640), (3, 2731), (4, 4096),
    (4, 5000),
    # Second axes that are edges alone, or have one point between.
    (2, 5000), (40, 2, 110), (40, 3, 80), (3000, 2, 3), (1500, 3, 2), (3000, 2, 2), (2, 2, 2100),
    (17, 22, 23), (3, 60, 50), (30, 1, 300), (7, 8, 9, 17), (2, 3, 4, 400), (6, 5, 4, 3, 25),
    # More than one block, cut along the second axis, along the first, or along rows.
    (300, 301), (9, 200, 101), (60, 24, 35), (3, 40_000), (2, 3, 40_000),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_results_are_numpys_and_nothing_else_is_written(shape, dtype, order):
    random = np.random.default_rng(shape)
    ndim = len(shape)
    all_axes = tuple(range(ndim))
    for offset in 0, 24, 60 if dtype == "f4" else 56:
        f, around = surrounded(shape, dtype, offset, order)
        f[...] = random.standard_normal(shape)
        untouched = around.copy()
        # All axes, the two fastest, in either order, those that are not neighbours.
        for axes in {all_axes, all_axes[-2:], all_axes[:2][::-1], all_axes[::2]}:
            for edge_order, first in itertools.product((1, 2), (0.5, 0.3, np.float64(0.37))):
                if any(shape[axis] < edge_order + 1 for axis in axes):
                    continue
                spacing = tuple(first * 2.0 ** (axis % 4) for axis in axes)
                assert_same_in_surroundings(f, spacing, axes, edge_order, offset, order)
        assert around.tobytes() == untouched.tobytes()


@pytest.mark.parametrize("shape", [
    # From the fewest numbers of a row and the fewest rows on, by one; vectors that fit and do not.
    *itertools.product((3, 4, 5, 6, 7, 8, 9, 13), (*range(30, 36), 39, 40, 41, 47, 48, 49, 64)),
    (32, 4), (33, 5), (47, 9), (64, 4), (40, 6, 4),
    # Planes, the rows of which are few, and edges.
    (3, 3, 33), (3, 4, 33), (2, 5, 40), (4, 6, 35), (3, 2, 4, 50), (17, 22, 64), (2, 3, 5, 4, 32),
    # As many rows as edges are done after, more, and rows that are longer than that: in pieces.
    (40, 100), (300, 34), (7, 600), (4, 1022), (5, 1024), (9, 2050), (600, 1030),
    # More than one block, cut along the second axis, along the first, or along rows.
    (300, 301), (9, 200, 101), (60, 24, 35), (3, 40_000), (2, 5, 40_000), (70_000, 33)], ids=str)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_coordinates_of_both_axes_give_numpys_results(shape, dtype):
    random = np.random.default_rng(shape)
    axes = tuple(range(len(shape)))
    for kind, order, offset in itertools.product(("f4", "f8"), "CF", (0, 24)):
        if (order == "F" or offset) and math.prod(shape) > 100_000:
            continue
        f, around = surrounded(shape, dtype, offset, order)
        f[...] = random.standard_normal(shape)
        untouched = around.copy()
        x = tuple(np.cumsum(random.random(n) + 0.1).astype(kind) for n in shape)
        for edge_order in 1, 2:
            if min(shape) > edge_order:
                assert_same_in_surroundings(f, x, axes, edge_order, offset, order)
        assert around.tobytes() == untouched.tobytes()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("kinds", [
    *itertools.product(["i4", "f2", "f4", "f8", "g", ">f8"], repeat=2)])
def test_coordinates_of_which_each_axis_has_its_own_type(dtype, kinds):
    random = np.random.default_rng(0)
    f = random.standard_normal((30, 40)).astype(dtype)
    x = [np.cumsum(random.integers(1, 4, n)).astype(kind)
         for kind, n in zip(kinds, f.shape, strict=True)]
    for spacing in x, [x[0], 0.5], [0.5, x[1]], [x[0][::-1], x[1]]:
        for edge_order in 1, 2:
            oracle.assert_same(cgrad.gradient, (f, *spacing), {"edge_order": edge_order})


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_coordinates_of_layouts_that_are_no_run_of_memory(dtype):
    random = np.random.default_rng(0)
    big = random.standard_normal((34, 2, 44)).astype(dtype)
    for f in (big[:, 0], big[:, 1, 2:-2], big[::-1, 0], big[:, 0, ::-1], big[::2], big.T[:, ::-1],
              big.transpose(1, 0, 2).copy().transpose(1, 0, 2)):
        x = [np.cumsum(random.random(n) + 0.1) for n in f.shape]
        for edge_order in 1, 2:
            if min(f.shape) > edge_order:
                oracle.assert_same(cgrad.gradient, (f, *x), {"edge_order": edge_order})
    f = big[:, 0].copy()
    x = [np.cumsum(random.random(n) + 0.1) for n in f.shape]
    gaps = np.empty((34, 88), dtype)[:, ::2]
    others = gaps, np.empty_like(f)[::-1, ::-1], np.empty_like(f, order="F")
    for out in [(np.empty_like(f), other) for other in others] + [
            (other, np.empty_like(f)) for other in others]:
        cgrad.gradient(f, *x, out=out)
        for result, of_numpy in zip(out, np.gradient(f, *x), strict=True):
            assert result.tobytes() == of_numpy.tobytes()


@pytest.mark.parametrize("shape", [(40, 50), (6, 1100), (5, 6, 40), (700, 40), (600, 1030)])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("number", [np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("axis", [-1, -2])
def test_an_event_of_combinations_is_heard(shape, dtype, number, axis):
    random = np.random.default_rng(0)
    if number == 3e38 and dtype == "f8":
        number = 1.7e308
    for kind, workers in itertools.product(("f4", "f8"), (1, 3)):
        f = random.standard_normal(shape).astype(dtype)
        x = tuple(np.cumsum(random.random(n) / 2 + 0.1).astype(kind) for n in shape)
        # Two neighbours of a point, along either axis.
        at = [random.integers(1, n - 1) for n in shape]
        for step in -1, 1:
            at[axis] += step
            f[tuple(at)] = number if np.isinf(number) else step * number
            at[axis] -= step
        with pytest.warns(RuntimeWarning):
            expected = np.gradient(f, *x)
        assert kernels.differentiate(f, x, None, 1, workers) is None
        with np.errstate(all="ignore"):
            got = kernels.differentiate(f, x, None, 1, workers)
        assert oracle.describe(got) == oracle.describe(expected)


@pytest.fixture
def asked_ahead():
    """Return a function that has results of an array almost large enough to be streamed."""
    before = kernels.stream_from(2**62)
    kernels.stream_from(before)
    yield lambda f: kernels.stream_from((1 + f.ndim) * f.nbytes + 1)
    kernels.stream_from(before)


@pytest.mark.parametrize("shape", [
    (90, 91), (300, 301), (60, 24, 35), (600, 1030), (5, 900), (70_000, 3)], ids=str)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_asked_for_ahead_alters_nothing(shape, dtype, workers, asked_ahead):
    random = np.random.default_rng(0)
    f = random.standard_normal(shape).astype(dtype)
    asked_ahead(f)
    x = tuple(np.cumsum(random.random(n) + 0.1) for n in shape)
    for spacing in (1.0,), (0.3,), (np.float64(0.37),), x:
        expected = oracle.describe(np.gradient(f, *spacing))
        assert oracle.describe(kernels.differentiate(f, spacing, None, 1, workers)) == expected


@pytest.mark.parametrize("at", [(0, 0), (0, 20), (15, 0), (15, 39), (29, 17), (29, 39), (14, 31)])
@pytest.mark.parametrize("numbers", [
    (np.inf, np.inf), (np.nan, 1.0), (-np.nan, 1.0), (1.7e308, -1.7e308), (5e-324, 0.0)])
def test_coordinates_and_numbers_of_which_events_come(at, numbers):
    random = np.random.default_rng(0)
    f = random.standard_normal((30, 40))
    x = [np.cumsum(random.random(n) + 0.1) for n in f.shape]
    f[at] = numbers[0]
    f[at[0], at[1] - 1] = numbers[1]
    for layout, h in (f, x), (f.T.copy(), x[::-1]):
        oracle.assert_same(cgrad.gradient, (layout, *h), {}, all="warn")
        oracle.assert_same(cgrad.gradient, (layout, *h), {"edge_order": 2}, all="ignore")


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_rows_from_below_the_size_on_and_layouts_that_are_no_run_of_memory(dtype):
    random = np.random.default_rng(0)
    width = ENOUGH // 64 // np.dtype(dtype).itemsize
    for rows in 63, 64, 65:
        f = random.standard_normal((rows, width)).astype(dtype)
        big = random.standard_normal((rows + 2, 2, width + 2)).astype(dtype)
        views = f, f[::-1], f[:, ::-1], f.T
        gaps = big[1:-1, 0, :width], big[:-2, 1, 1:-1], big[:, :, 1:-1]
        for view in views + gaps:
            for kwargs in {}, {"edge_order": 1, "axis": (0, view.ndim - 1)}:
                oracle.assert_same(cgrad.gradient, (view,), kwargs)
        # One result, or the other, in another order than the data's, or in none.
        apart = np.empty((rows, 2 * width), dtype)[:, ::2]
        back = np.empty_like(f)[::-1, ::-1]
        others = apart, back, np.empty_like(f, order="F")
        for out in [(np.empty_like(f), other) for other in others] + [
                (other, np.empty_like(f)) for other in others]:
            cgrad.gradient(f, out=out)
            for result, of_numpy in zip(out, np.gradient(f), strict=True):
                assert result.tobytes() == of_numpy.tobytes()


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("spacings", [
    (2.0, 0.5), (1.0, 0.3), (0.3, 1.0), (0.3, 0.7), (-1.0, 4.0), (-0.3, 0.7), (0.3, -0.7),
    (0.3, math.nan), (math.inf, 0.3), (0.0, 0.3), (0.3, 1e-310), (1.0, "x"), ("x", 1.0),
    (np.float64(2.0), 1.0), (np.float32(2.0), np.float32(4.0)), (2, np.int8(4)),
    (np.float16(2), 1),
    # float32 over these is float64 to NumPy; over the last ones float32 would do.
    *((np.float64(a), np.float64(b)) for a, b in (
        (0.37, 0.74), (0.37, 0.3), (0.3, 0.37), (-0.37, 0.74), (0.74, -0.37), (0.37, math.nan),
        (math.inf, 0.37), (0.37, 1e-310), (0.37, 1e40), (0.37, 3.0), (0.1, 0.37), (30.0, 2.0),
        (30.0, 10.0), (0.1, 0.2), (0.1, 0.5)))])
def test_spacings_of_which_each_axis_has_its_own(dtype, spacings):
    random = np.random.default_rng(0)
    # With differences of zero, whose sign counts.
    f = np.round(random.standard_normal((97, 103)) * 2).astype(dtype)
    h = [np.cumsum(random.random(n) + 0.1) if h == "x" else h
         for h, n in zip(spacings, f.shape, strict=True)]
    for edge_order in 1, 2:
        oracle.assert_same(cgrad.gradient, (f, *h), {"edge_order": edge_order})


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("workers", [1, 2])
def test_coordinates_of_slower_axes(dtype, workers):
    random = np.random.default_rng(0)
    # Of a long axis not all coefficients are kept: blocks are cut there, and along slower ones not.
    for shape in (30, 40, 50), (2, 3000, 3, 5), (5, 9000, 3, 3), (4, 5, 60, 33):
        f = random.standard_normal(shape).astype(dtype)
        for spacing, axis in itertools.product((0.5, 0.3), range(len(shape) - 2)):
            h = [spacing] * len(shape)
            h[axis] = np.cumsum(random.random(shape[axis]) + 0.1).astype(dtype)
            expected = np.gradient(f, *h)
            got = kernels.differentiate(f, tuple(h), None, 1, workers)
            assert oracle.describe(got) == oracle.describe(expected)


@pytest.mark.parametrize("at", [(0, 0), (20, 30), (44, 0), (60, 102), (96, 102)])
@pytest.mark.parametrize("number", [5e-324, 1e-310, 1e-300, 1e300, 1.7e308, np.inf, -np.nan])
def test_quotients_that_cannot_be_corrected(at, number):
    f = np.random.default_rng(0).standard_normal((97, 103))
    f[at] = number
    for kwargs in {}, {"all": "warn"}:
        oracle.assert_same(cgrad.gradient, (f, 0.3, 0.7), {}, **kwargs)
    f[:, :] = number
    f[at] = 0
    oracle.assert_same(cgrad.gradient, (f, 0.3, 0.7), {}, all="warn")
    oracle.assert_same(cgrad.gradient, (f, 1e10, 0.7), {}, all="ignore")


@pytest.mark.parametrize("rows", [1, 20, 95])
@pytest.mark.parametrize("axis", [0, 1])
def test_quotients_of_floats_next_to_where_rounding_turns(rows, axis):
    random = np.random.default_rng(rows)
    turned = 0
    for _ in range(100):
        # Next to a middle of two floats is one of many quotients, along one of the axes.
        x = np.float32(random.integers(2**23, 2**24))
        h = [np.float64(0.37), np.float64(0.37)]
        h[axis] = np.float64(x) / (random.integers(2**24, 2**25) | 1) / 2
        f = random.standard_normal((97, 103)).astype("f4")
        i, j = random.integers(1, rows + 1), random.integers(1, 102)
        before, after = ((i - 1, j), (i + 1, j)) if axis == 0 else ((i, j - 1), (i, j + 1))
        f[before], f[after] = 0, x
        expected = np.gradient(f, *h)
        assert oracle.describe(cgrad.gradient(f, *h)) == oracle.describe(expected)
        turned += x * np.float32(0.5 / h[axis]) != expected[axis][i, j]
    assert turned > 10


@pytest.mark.parametrize("at", [(0, 0), (20, 30), (44, 0), (60, 102), (96, 102)])
@pytest.mark.parametrize("number", [
    1e-45, 1e-38, 1e-32, 1e-31, 1e-30, 1e30, 3e38, np.inf, -np.nan])
def test_quotients_of_floats_that_cannot_be_bounded(at, number):
    h = np.float64(0.37), np.float64(0.74)
    f = np.random.default_rng(0).standard_normal((97, 103)).astype("f4")
    f[at] = number
    for kwargs in {}, {"all": "warn"}:
        oracle.assert_same(cgrad.gradient, (f, *h), {}, **kwargs)
    f[:, :] = number
    f[at] = 0
    oracle.assert_same(cgrad.gradient, (f, *h), {}, all="warn")
    oracle.assert_same(cgrad.gradient, (f, h[0] * 1e10, h[1]), {}, all="ignore")


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("spacing", [1.0, 0.3, np.float64(0.37)])
def test_no_event_comes_from_between_planes(dtype, workers, spacing):
    largest = np.finfo(dtype).max
    for shape in (40, 40, 50), (900, 3, 33), (3000, 2, 13):
        f = np.full(shape, largest, dtype)
        f[1::2] *= -1
        expected = np.gradient(f, spacing, axis=(1, 2))
        with np.errstate(all="raise"):
            got = kernels.differentiate(f, (spacing,), (1, 2), 1, workers)
        assert got is not None
        assert oracle.describe(got) == oracle.describe(expected)


@pytest.mark.parametrize("at", [(20, 30), (20, 0), (0, 30), (89, 90), (89, 0), (44, 90)])
@pytest.mark.parametrize(("number", "other"), [(np.inf, np.inf), (1.7e308, -1.7e308)])
@pytest.mark.parametrize("spacing", [1.0, 0.3])
def test_an_event_of_either_axis_is_heard(at, number, other, spacing):
    f = np.random.default_rng(0).standard_normal((90, 91))
    f[at] = number
    f[at[0] - 2 if at[0] > 1 else at[0] + 2, at[1]] = other
    with pytest.warns(RuntimeWarning):
        np.gradient(f, spacing)
    oracle.assert_same(cgrad.gradient, (f, spacing), {}, all="warn")
    oracle.assert_same(cgrad.gradient, (f.T.copy(), spacing), {}, all="warn")


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("workers", [2, 3, 7])
def test_several_workers_give_the_same(dtype, workers):
    random = np.random.default_rng(0)
    for shape in (300, 301), (1100, 67), (5, 90, 177), (70_000, 3), (3, 30_000), (600, 1030):
        f = random.standard_normal(shape).astype(dtype)
        x = tuple(np.cumsum(random.random(n) + 0.1) for n in shape)
        for spacing in (1.0,), (0.3,), (np.float64(0.37),), x:
            expected = oracle.describe(np.gradient(f, *spacing))
            got = kernels.differentiate(f, spacing, None, 1, workers)
            assert oracle.describe(got) == expected
