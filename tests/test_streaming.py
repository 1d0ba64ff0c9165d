"""Results written past the caches are the same as others."""

import calls
import fuzz
import numpy as np
import oracle
import pytest

import cgrad
from cgrad._simd import kernels


@pytest.fixture(autouse=True)
def all_results_are_streamed():
    before = kernels.stream_from(0)
    yield
    kernels.stream_from(before)


def test_random_calls():
    compiled = 0
    for seed in range(5000):
        call = calls.call(fuzz.Random(seed))
        oracle.assert_same(cgrad.gradient, call.args, call.kwargs, **call.state)
        compiled += fuzz.compiled(call)
    assert compiled > 1500


# Around a line of the cache, a row of the kernels and a block of the walker.
@pytest.mark.parametrize("n", [63, 64, 66, 71, 510, 511, 512, 513, 514, 1025, 40_000])
@pytest.mark.parametrize("shift", [0, 1, 7])
@pytest.mark.parametrize("dtype", ["f4", "f8", "longdouble"])
@pytest.mark.parametrize("workers", [1, 3])
def test_rows_that_begin_and_end_anywhere_in_a_line(n, shift, dtype, workers):
    random = np.random.default_rng(n)
    f = random.standard_normal((4, n)).astype(dtype)
    x = np.cumsum(random.random(n) + 0.1)
    for spacing in ((), (0.3, x)):
        out = np.full((2, 4 * n + 16), 7, dtype)
        within = tuple(row[shift:shift + 4 * n].reshape(4, n) for row in out)
        cgrad.gradient(f, *spacing, out=within, workers=workers)
        np.testing.assert_array_equal(within, np.gradient(f, *spacing))
        assert (out[:, :shift] == 7).all()
        assert (out[:, shift + 4 * n:] == 7).all()


# Around the rows of the kernels, which have room for 256 to 1024 numbers.
@pytest.mark.parametrize("n", [64, 70, 255, 511, 513, 1023, 2000])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("code", ["f2", "f4", "f8", "c8", "c16", "i2", "u8"])
def test_long_rows_of_every_type_and_byte_order(code, order, n):
    random = np.random.default_rng(n)
    dtype = np.dtype(code).newbyteorder(order)
    f = (random.random((5, n)) * 50).astype(dtype)
    x = np.cumsum(random.random(n) + 0.1)
    small = np.int8(3)                # of float32, the edges are of another type then
    for spacing in ((), (0.3, x), (small, small)):
        assert kernels.differentiate(f, spacing, None, 1) is not None
        oracle.assert_same(cgrad.gradient, (f, *spacing), {})


@pytest.mark.parametrize("step", [-1, 2, 3])
def test_results_whose_numbers_are_apart(step):
    f = np.random.default_rng(0).random((5, 200))
    room = np.full((5, 200 * abs(step)), 7.0)
    out = room[:, ::step]
    for axis in range(2):
        expected = room.copy()
        expected[:, ::step] = np.gradient(f, axis=axis)
        cgrad.gradient(f, axis=axis, out=out)
        np.testing.assert_array_equal(room, expected)
