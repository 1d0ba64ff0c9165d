"""Small grids that are one run of memory: along each axis a kernel runs over all of them at once.

Over the edges in between as well, which are then written anew.
"""

import itertools
import math

import numpy as np
import oracle
import pytest
from surroundings import assert_same_in_surroundings, surrounded

import cgrad
from cgrad._simd import kernels

SHAPES = [
    # Axes that are edges alone, or have one point between; also beside an axis of one point.
    (2, 2), (3, 3), (2, 3), (3, 2), (2, 2, 2), (1, 3, 1, 2), (2, 300), (300, 2), (3, 300), (300, 3),
    # Less than a vector, some of them, and groups.
    (4, 4), (5, 7), (8, 8), (9, 17), (4, 4, 4), (5, 6, 7), (3, 3, 3, 3), (2, 3, 4, 5, 2), (40, 41),
    # As much as there may be (32 KiB), in one type or the other, and a little more.
    (64, 63), (64, 64), (2, 2047), (4095, 2), (90, 91), (128, 64), (16, 15, 17), (16, 16, 32),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_results_are_numpys_and_nothing_else_is_written(shape, dtype, order):
    f, around = surrounded(shape, dtype, 24, order)
    f[...] = np.random.default_rng(shape).standard_normal(shape)
    untouched = around.copy()
    longer = [axis for axis, n in enumerate(shape) if n > 1]
    for count in range(1, len(longer) + 1):
        for axes in itertools.permutations(longer, count):
            # What is multiplied, divided, and divided in float64.
            for first, edge_order in itertools.product((0.5, 0.3, np.float64(0.3)), (1, 2)):
                if min(shape[axis] for axis in axes) > edge_order:
                    spacing = tuple(first * 2.0 ** (axis % 3) for axis in axes)
                    assert_same_in_surroundings(f, spacing, axes, edge_order, 8, order)
    assert around.tobytes() == untouched.tobytes()


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i8", "f2", "g", "c8", "c16", "G", ">f8"])
@pytest.mark.parametrize("shape", [(3, 3), (8, 8), (4, 5, 6)], ids=str)
def test_other_types_are_numpys(shape, dtype):
    f = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    for spacing, edge_order in itertools.product(
            ((), (0.3,), (np.float32(0.3),), (np.float16(0.3),), (np.longdouble("0.3"),)), (1, 2)):
        oracle.assert_same(cgrad.gradient, (f, *spacing), {"edge_order": edge_order})


def layouts(shape, dtype):
    """Yield arrays of a shape with three axes: in order, with gaps, backward, in other orders."""
    planes, rows, n = shape
    yield np.empty(shape, dtype)
    yield np.empty((planes, rows, n + 1), dtype)[..., :n]
    yield np.empty((planes, rows + 1, n), dtype)[:, :rows]
    yield np.empty((planes, rows, 2 * n), dtype)[..., ::2]
    yield np.empty(shape, dtype)[..., ::-1]
    yield np.empty(shape, dtype)[::-1]
    yield np.empty(shape, dtype, order="F")
    yield np.empty((planes, n, rows), dtype).swapaxes(1, 2)


@pytest.mark.parametrize("data", range(8))
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_layouts_that_are_no_run_of_memory_are_numpys(data, dtype):
    shape = (6, 7, 8)
    f = list(layouts(shape, dtype))[data]
    f[...] = np.random.default_rng(0).standard_normal(shape)
    expected = np.gradient(f, 0.5, 0.3, 1.0)
    # All results in order, each of them alone in each layout, and all.
    for which, layout in itertools.product(([], [0], [1], [2], [0, 1, 2]), range(8)):
        out = [list(layouts(shape, dtype))[layout if axis in which else 0] for axis in range(3)]
        with np.errstate(all="raise"):
            got = kernels.differentiate(f, (0.5, 0.3, 1.0), None, 1, None, tuple(out))
        assert got is not None
        for result, of_numpy in zip(out, expected, strict=True):
            assert result.tobytes() == of_numpy.tobytes()


@pytest.mark.parametrize("kinds", list(itertools.product("su", repeat=3)), ids="".join)
def test_axes_with_coordinates_among_others_are_numpys(kinds):
    f = np.random.default_rng(0).standard_normal((6, 7, 8))
    spacing = [0.3 if kind == "s" else np.arange(n) ** 2.0
               for kind, n in zip(kinds, f.shape, strict=True)]
    oracle.assert_same(cgrad.gradient, (f, *spacing), {})


def rows_between_which_is_an_event(kind, shape, axis, dtype):
    """Data of which differences within rows along an axis are exact, and across their ends not."""
    limits = np.finfo(dtype)
    f = np.zeros(shape, dtype)
    blocks = f.reshape(math.prod(shape[:axis]), shape[axis], -1)
    if kind == "invalid":
        blocks[:, (0, -2)] = np.inf
    elif kind == "over":
        blocks[::2], blocks[1::2] = limits.max, -limits.max
    else:
        blocks[::2] = limits.smallest_subnormal
    return f


@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["f4", "f8", "g"])
@pytest.mark.parametrize("kind", ["over", "invalid", "under"])
def test_no_event_comes_from_between_rows(axis, dtype, kind):
    f = rows_between_which_is_an_event(kind, (3, 5, 6, 5), axis, dtype)
    apart = math.prod(f.shape[axis + 1:])
    with np.errstate(all="raise"):
        expected = np.gradient(f, axis=axis)
        flat = f.ravel()
        with pytest.raises(FloatingPointError):
            (flat[2 * apart:] - flat[:-2 * apart]) * 0.5
        got = kernels.differentiate(f, (), axis, 1)
    assert oracle.describe(got) == oracle.describe(expected)


@pytest.mark.parametrize("numbers", [[1.7e308, 0, -1.7e308], [np.inf, 0, np.inf], [0, 0, 5e-324]])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_event_within_a_row_is_heard(numbers, axis):
    f = np.zeros((5, 6, 7))
    np.moveaxis(f, axis, -1)[2, 3, 1:4] = numbers
    oracle.assert_same(cgrad.gradient, (f,), {"axis": axis}, all="warn")
    with np.errstate(all="warn"):
        assert kernels.differentiate(f, (), axis, 1) is None
