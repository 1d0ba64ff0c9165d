"""Data that kernels cannot read, of which boxes are copied first: see copies.pxi."""

import itertools
import tracemalloc

import numpy as np
import oracle
import pytest

import cgrad
from cgrad._simd import kernels

# More points than a box has: cut along slow axes, along several, all of them short, along the last,
# along none that is differentiated.
LARGE = [
    (20_000, 3), (3, 20_000), (9, 3000, 2), (2, 3, 9000), (40, 50, 30), (7, 11, 13, 20, 3),
    (9, 8, 10, 9, 11), (50_000,),
]
DTYPES = ["i1", "u8", ">i4", ">f4", ">f8", ">c8", ">g"]


@pytest.fixture(autouse=True)
def by_boxes():
    """Have all that can be copied be."""
    before = kernels.rows_from(2**62)
    yield
    kernels.rows_from(before)


def numbers(shape, dtype, seed=0):
    random = np.random.default_rng(seed)
    f = random.standard_normal(shape) * 100
    if np.dtype(dtype).kind == "c":
        f = f + 1j * random.standard_normal(shape)
    with np.errstate(invalid="ignore"):
        return f.astype(dtype)


def layouts(f):
    """Give the same numbers in several orders in memory, unaligned, and apart."""
    apart = np.zeros([2 * n for n in f.shape], f.dtype)[tuple(slice(1, None, 2) for _ in f.shape)]
    apart[...] = f
    unaligned = np.zeros(f.nbytes + 1, "u1")[1:].view(f.dtype).reshape(f.shape)
    unaligned[...] = f
    return {
        "C": f, "Fortran": np.asfortranarray(f), "backward": f[..., ::-1].copy()[..., ::-1],
        "apart": apart, "unaligned": unaligned,
        "turned": np.ascontiguousarray(np.moveaxis(f, 0, -1)).transpose(
            f.ndim - 1, *range(f.ndim - 1)),
    }


@pytest.mark.parametrize("layout", layouts(np.zeros((2, 2))))
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", LARGE)
def test_results_are_numpys(shape, dtype, layout):
    f = layouts(numbers(shape, dtype))[layout]
    random = np.random.default_rng(1)
    coordinates = [np.cumsum(random.random(n) + 0.1) for n in shape]
    longest = int(np.argmax(shape))
    # Edges of second order need three points.
    orders = (1, 2) if min(shape) > 2 else (1,)
    for order in orders:
        for spacing, axis in ((), None), ((0.3,), None), (coordinates, None):
            oracle.assert_same(
                cgrad.gradient, (f, *spacing), {"axis": axis, "edge_order": order})
    for spacing in (0.3, coordinates[longest]):
        oracle.assert_same(cgrad.gradient, (f, spacing), {"axis": longest, "edge_order": 2})
    oracle.assert_same(cgrad.gradient, (f, 0.3), {"axis": 0})
    oracle.assert_same(cgrad.gradient, (f, 0.3), {"axis": -1})


@pytest.mark.parametrize("dtype", ["i1", ">f4", ">f8"])
@pytest.mark.parametrize("shape", [(3, 50_000, 2), (4, 300, 300), (5, 2, 40_000)])
def test_memory_that_may_be_a_file_is_copied_in_its_order(shape, dtype):
    # Then a box may be one point of the slowest axis, whose edges need three.
    f = np.frombuffer(numbers(shape, dtype).tobytes(), dtype).reshape(shape)
    for spacing, axis in ((), None), ((0.3,), 0), ((np.arange(shape[0]) ** 2,), 0):
        for order in (1, 2) if min(shape) > 2 or axis == 0 else (1,):
            oracle.assert_same(
                cgrad.gradient, (f, *spacing), {"axis": axis, "edge_order": order})


@pytest.mark.parametrize("dtype", ["i2", ">f4", ">f8", ">c16"])
@pytest.mark.parametrize("workers", [2, 3])
@pytest.mark.parametrize("shape", [(90_000, 2), (3, 60_000), (70, 60, 50)])
def test_workers_copy_boxes_of_their_own(shape, workers, dtype):
    f = numbers(shape, dtype)
    coordinates = [np.cumsum(np.random.default_rng(n).random(n) + 0.1) for n in shape]
    for spacing in (), (0.3,), coordinates:
        expected = np.gradient(f, *spacing)
        got = cgrad.gradient(f, *spacing, workers=workers)
        assert oracle.describe(tuple(got)) == oracle.describe(tuple(expected))


@pytest.mark.parametrize("shape", [(2, 256, 128), (4, 4, 64, 64)])
def test_axes_are_taken_two_at_once_only_where_a_box_is_all(shape):
    # As few points as workers share, and of a type of which as many are one block.
    f = numbers(shape, ">f4")
    for spacing in (), (np.cumsum(np.arange(1.0, 1 + shape[-2])), np.arange(shape[-1]) ** 2.0):
        expected = np.gradient(f, *spacing, axis=(-2, -1))
        got = cgrad.gradient(f, *spacing, axis=(-2, -1), workers=4)
        assert oracle.describe(tuple(got)) == oracle.describe(tuple(expected))


@pytest.mark.parametrize("dtype", ["i1", ">f8"])
@pytest.mark.parametrize("workers", [1, 64])
@pytest.mark.parametrize(("axes", "boxes"), [((0, -1), 1.5), (None, 3)])
@pytest.mark.parametrize("shape", [(2,) * 16, (3,) * 10, (10,) * 5])
def test_nothing_is_copied_where_neighbours_would_be_too_many(shape, axes, boxes, workers, dtype):
    f = numbers(shape, dtype)
    tracemalloc.start()
    try:
        got = cgrad.gradient(f, axis=axes, workers=workers)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < sum(result.nbytes for result in got) + boxes * 2**18 + 2**16 * workers
    expected = np.gradient(f, axis=axes)
    assert oracle.describe(tuple(got)) == oracle.describe(tuple(expected))


@pytest.mark.parametrize("dtype", ["u2", ">f4", ">f8", ">c8", ">g"])
@pytest.mark.parametrize("shape", [
    (2,), (9,), (3, 3), (40, 3), (3, 40), (2, 2, 2, 2), (5, 6, 7), (1200, 3), (3, 1200)])
def test_results_lie_where_they_are_wanted(shape, dtype):
    f = numbers(shape, dtype)
    expected = np.gradient(f, 0.3)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for step, order in itertools.product((1, 2, -1), "CF"):
        room = [
            np.full([2 * n + 2 for n in shape], 7, result.dtype, order) for result in expected]
        inside = tuple(slice(1, 1 + 2 * n, 2) if step == 2 else slice(n, 0, -1) if step < 0
                       else slice(1, 1 + n) for n in shape)
        out = tuple(memory[inside] for memory in room)
        assert kernels.differentiate(f, (0.3,), None, 1, None, out) is not None
        for memory, result, of_numpy in zip(room, out, expected, strict=True):
            assert oracle.bits(result) == oracle.bits(of_numpy)
            result[...] = 7
            assert (memory == 7).all()


@pytest.mark.parametrize("dtype", ["f4", "f8", "g", "i4", ">f8"])
@pytest.mark.parametrize("shape", [(50,), (40_000,), (60, 70), (3, 30_000), (30, 40, 50)])
def test_numbers_that_are_repeated_are_copied(shape, dtype):
    f = numbers(shape, dtype)
    for d in range(f.ndim):
        once = f[tuple(slice(0, 1) if k == d else slice(None) for k in range(f.ndim))]
        repeated = np.broadcast_to(once, shape)
        for spacing in (), (0.3,):
            assert kernels.differentiate(repeated, spacing, None, 1) is not None
            oracle.assert_same(cgrad.gradient, (repeated, *spacing), {})


@pytest.mark.parametrize("event", ["over", "invalid", "under"])
@pytest.mark.parametrize("n", [3, 8])
def test_events_between_rows_of_a_copy_are_nobodys(n, event):
    # Kernels run from one row of a copy into the next.
    f = np.zeros((300, n), ">f8")
    before, after = {
        "over": (1.7e308, -1.7e308), "invalid": (np.inf, -np.inf), "under": (5e-324, 0)}[event]
    f[100], f[101] = before, after
    if event == "invalid":
        f[100, :-1] = f[101, 1:] = 0
    with np.errstate(all="raise", invalid="ignore" if event == "invalid" else "raise"):
        expected = np.gradient(f, axis=1)
        got = kernels.differentiate(f, (), 1, 1)
    assert oracle.describe(got) == oracle.describe(expected)


@pytest.mark.parametrize("dtype", [">f4", ">f8"])
def test_events_are_met_and_told(dtype):
    f = np.zeros((40, 3), dtype)
    f[20] = np.finfo(dtype).max
    f[22] = -f[20]
    assert kernels.differentiate(f, (), None, 1) is None
    oracle.assert_same(cgrad.gradient, (f,), {})
    oracle.assert_same(cgrad.gradient, (f,), {}, over="ignore")
    oracle.assert_same(cgrad.gradient, (f,), {}, over="raise")


def test_the_room_of_a_copy_is_given_back():
    f = numbers((3000, 3), "i2")
    cgrad.gradient(f)
    tracemalloc.start()
    try:
        for _ in range(3):
            cgrad.gradient(f)
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert left < f.size * 8


def room_for(f, *spacing, axis=None):
    """Return how much more memory than its results a call takes."""
    tracemalloc.start()
    try:
        results = cgrad.gradient(f, *spacing, axis=axis)
        return tracemalloc.get_traced_memory()[1] - (
            results.nbytes if isinstance(results, np.ndarray)
            else sum(result.nbytes for result in results))
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("dtype", ["i2", ">f8"])
def test_boxes_are_copied_where_rows_are_short_and_nowhere_else(dtype):
    short, long = numbers((3000, 3), dtype), numbers((3, 3000), dtype)
    assert kernels.rows_from(256) == 2**62
    assert room_for(short) >= 8 * short.size
    assert room_for(long) < 4096
    assert kernels.rows_from(0) == 256
    assert room_for(short) < 4096


def test_integers_that_are_divided_along_two_axes_are_copied_in_rows_of_any_length():
    f = numbers((3, 3000), "i2")
    kernels.rows_from(256)
    assert room_for(f, 0.3) >= 8 * f.size
    assert room_for(numbers((100, 3000), "i2"), 0.3) < 4096     # not near
    kernels.rows_from(0)
    assert room_for(f, 0.3) < 4096


def test_more_is_copied_besides_where_rows_are_short_along_more_axes():
    wide = numbers((18, 17, 19, 9, 9), "i4")
    part = wide[..., :-1, :-1]
    kernels.rows_from(256)
    assert room_for(part) > 1.6 * 2**18
    # All of it is one run of memory, so rows along others are long.
    assert room_for(part.copy()) < 2**14


def test_swapped_numbers_that_lie_apart_are_copied_for_several_axes():
    f = numbers((100, 1200), ">f4")[:, ::2]
    kernels.rows_from(256)
    assert room_for(f) >= f.nbytes
    assert room_for(f, axis=0) < 4096
    assert room_for(f.copy()) < 4096
