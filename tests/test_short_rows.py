"""Short rows that follow one another: kernels run over many at once.

With uniform spacings, over the edges in between as well.
"""

import warnings

import numpy as np
import oracle
import pytest

import cgrad
from cgrad._simd import kernels

HUGE, TINY = 1.7e308, 5e-324

# The last two numbers of a row and the first two of the next, between which alone there are events,
# and what all rows before and after are filled with.
ACROSS = {
    "over": ((HUGE, HUGE, -HUGE, -HUGE), HUGE, -HUGE),
    "invalid, beside the end": ((np.inf, 0, np.inf, 0), 0, 0),
    "invalid, beside the beginning": ((0, np.inf, 0, np.inf), 0, 0),
    "under": ((0, 0, TINY, TINY), 0, TINY),
}


def compiled(f, *spacing, axis=-1):
    """Return the compiled answer, or None."""
    return kernels.differentiate(f, spacing, axis, 1)


@pytest.mark.parametrize("step", [1, -1, 2, -3])
@pytest.mark.parametrize("dtype", ["f4", "f8", "g"])
# The shortest that have an interior, in each type the longest that are short (1536 bytes, 3072 if
# they are divided), and longer ones.
@pytest.mark.parametrize("n", [
    3, 4, 5, 8, 9, 10, 17, 39, 40, 41, 63, 80, 81, 96, 97, 160, 161, 192, 193, 384, 385, 768, 769])
def test_results_are_numpys_bits(n, dtype, step):
    random = np.random.default_rng(n)
    # Enough rows for several runs, the last of them shorter.
    f = random.standard_normal((3, 1 + 9_000 // n // 3, n * abs(step))).astype(dtype)
    if step < 0:
        f = f[::-1, ::-1]
    f = f[..., ::step]
    for spacing in (1.0, 0.3, np.float64(0.3)), (0.25, 2.0, 0.5):
        for edge_order in 1, 2:
            expected = np.gradient(f, *spacing, edge_order=edge_order)
            with np.errstate(all="raise"):
                got = kernels.differentiate(f, spacing, None, edge_order)
            assert oracle.describe(got) == oracle.describe(expected)
            # Alone: two axes that are one run of memory may be taken at once.
            with np.errstate(all="raise"):
                got = kernels.differentiate(f, spacing[-1:], -1, edge_order)
            assert oracle.describe(got) == oracle.describe(expected[-1])


@pytest.mark.parametrize("step", [1, -1, 2])
@pytest.mark.parametrize("dtype", ["f4", "f8", "g"])
# Rows of less than a vector, of a vector, of a group of them, and those that are long.
@pytest.mark.parametrize("n", [3, 5, 8, 9, 12, 18, 19, 20, 35, 66, 67, 127, 252, 300, 1100])
def test_results_with_coordinates_are_numpys_bits(n, dtype, step):
    random = np.random.default_rng(n)
    # Enough rows along the last axis for several runs, and gaps after each row.
    f = random.standard_normal((3, 11 + 6_000 // n, n + 2, abs(step))).astype(dtype)
    f = f[:, ::step // abs(step), :n, 0]
    for wider in dtype, "f8":
        x = [np.cumsum(random.random(size) + 0.1).astype(wider) for size in f.shape]
        for edge_order in 1, 2:
            expected = np.gradient(f, *x, edge_order=edge_order)
            with np.errstate(all="raise"):
                got = kernels.differentiate(f, tuple(x), None, edge_order)
            assert got is not None
            assert oracle.describe(got) == oracle.describe(expected)


@pytest.mark.parametrize("n", [3, 4, 7])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_short_axes_among_others_are_numpys_bits(n, dtype):
    f = np.random.default_rng(n).standard_normal((40, 12, 12)).astype(dtype)
    x = np.array([0.0, 1, 3, 4, 7, 9, 10])[:n]
    # Gaps after short axes, beside them and between: which rows follow one another then differs.
    views = f[:, :n], f[:, :n, 1:-1], f[..., :n], f[:, :2, :n], f[:, ::6, :n], f[::-1, :n, ::-1]
    for view in views:
        for spacing in (), (0.3,), [x if length == n else 2.0 for length in view.shape]:
            for edge_order in 1, 2 if min(view.shape) > 2 else 1:
                oracle.assert_same(cgrad.gradient, (view, *spacing), {"edge_order": edge_order})


@pytest.mark.parametrize("dtype", ["f4", "f8", "g"])
def test_two_points_whose_coordinates_are_not_even(dtype):
    for x in np.array([0, np.nan], dtype), np.array([[0, 1], [np.nan, 2]], dtype)[:, 0]:
        oracle.assert_same(cgrad.gradient, (np.ones(2, dtype), x), {})


@pytest.mark.parametrize(("numbers", "before", "after"), ACROSS.values(), ids=ACROSS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "g"])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("n", [3, 4, 12])
def test_no_event_comes_from_between_rows(n, numbers, before, after, workers, dtype):
    limits = np.finfo(dtype)
    own = {HUGE: limits.max, -HUGE: -limits.max, TINY: limits.smallest_subnormal}
    first, last, *numbers = (own.get(number, number) for number in (before, after, *numbers))
    f = np.empty((72_000 // n, n), dtype)
    f[:1001], f[1001:] = first, last
    f[1000, n - 2:], f[1001, :2] = numbers[:2], numbers[2:]
    expected = np.gradient(f, axis=-1)
    with np.errstate(all="raise"):
        got = kernels.differentiate(f, (), -1, 1, workers)
    assert got is not None
    assert oracle.describe(got) == oracle.describe(expected)


@pytest.mark.parametrize("numbers", [[HUGE, 0, -HUGE], [np.inf, 0, np.inf], [0, 0, TINY]])
def test_an_event_within_a_row_is_heard(numbers):
    f = np.zeros((50, 12))
    f[20, 4:7] = numbers
    oracle.assert_same(cgrad.gradient, (f,), {"axis": -1}, all="warn")
    assert compiled(f) is None or numbers[2] == TINY
    with np.errstate(all="warn"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compiled(f) is None


def test_coefficients_are_worked_out_again_after_an_event_between_rows():
    random = np.random.default_rng(0)
    f = random.random((300, 12))
    # Beside the end of a row and at the beginning of the next.
    f[20, 10], f[20, 11], f[21, 0] = np.inf, 0.0, np.inf
    x = np.cumsum(random.random(300) + 0.1)
    with np.errstate(all="raise"):
        with pytest.raises(FloatingPointError):
            np.gradient(f.ravel())
        expected = oracle.describe(np.gradient(f, x, 1.0))
        assert oracle.describe(kernels.differentiate(f, (x, 1.0), None, 1)) == expected
    # And so are their own events.
    x[7] = x[6]
    oracle.assert_same(cgrad.gradient, (f, x, 1.0), {}, divide="warn", invalid="ignore")
