"""Nothing but the data and the results is read or written: next to them, memory that is neither."""

import ctypes
import mmap
import subprocess
import sys

import numpy as np
import oracle
import pytest

import cgrad
from cgrad._simd import kernels

# As much as two axes at once are taken of, also in float32; with coordinates, from 32 numbers on.
TWO_AXES = [
    (90, 93), (90, 96), (97, 91), (40, 3, 80), (3000, 3, 3), (17, 22, 23), (3, 2731), (4, 32),
    (5, 33), (4, 47), (3, 5, 47), (2, 4, 33), (4, 515), (5, 1024),
]
PAGE = mmap.PAGESIZE
NO_ACCESS = 0                      # PROT_NONE


def fenced(shape, dtype, side):
    """Return an array that ends, or begins, where memory does that nobody may touch."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    pages = -(-size // PAGE)
    memory = mmap.mmap(-1, (pages + 2) * PAGE)
    address = np.frombuffer(memory, np.uint8).ctypes.data
    libc = ctypes.CDLL(None, use_errno=True)
    for fence in address, address + (pages + 1) * PAGE:
        if libc.mprotect(ctypes.c_void_p(fence), ctypes.c_size_t(PAGE), NO_ACCESS):
            raise OSError(ctypes.get_errno(), "mprotect")
    begin = PAGE if side == "before" else (pages + 1) * PAGE - size
    return np.frombuffer(memory, np.uint8, size, begin).view(dtype).reshape(shape)


def copied(array, side):
    """Return a copy that lies beside a fence."""
    copy = fenced(array.shape, array.dtype, side)
    copy[...] = array
    return copy


def spacings(shape):
    """Return what a gradient along every axis may be given."""
    random = np.random.default_rng(sum(shape))
    uneven = [np.cumsum(random.uniform(0.5, 1.5, n)) for n in shape]
    return (), (0.3,), (np.float64(0.3),), uneven, [x.astype("f4") for x in uneven]


def differentiate(shape, dtype, side, side_of_results):
    """Compare with NumPy, by every spacing, what has a fence on such sides."""
    f = fenced(shape, dtype, side)
    f[...] = np.random.default_rng(0).integers(0, 100, shape)
    for data in f, f[..., ::-1]:
        for spacing in spacings(shape):
            given = [h if np.isscalar(h) else copied(h, side) for h in spacing]
            expected = np.gradient(data, *given)
            results = expected if isinstance(expected, tuple) else (expected,)
            out = tuple(fenced(shape, result.dtype, side_of_results) for result in results)
            cgrad.gradient(data, *given, out=out if len(shape) > 1 else out[0])
            for got, result in zip(out, results, strict=True):
                assert oracle.bits(got) == oracle.bits(result)
            # Where results begin decides what is left at the end of a row.
            assert oracle.describe(cgrad.gradient(data, *given)) == oracle.describe(expected)


def differentiate_everything(side, side_of_results, size):
    """Touch everything that a call may; to touch more ends the process."""
    lengths = [*range(250, 330), 511, 512, 513, 1031]
    shapes = [(n,) for n in lengths] + [(3, n) for n in range(62, 70)]
    if size == "streamed":
        kernels.stream_from(0)
    elif size == "almost streamed":
        shapes = TWO_AXES
    else:
        shapes += [(n,) for n in range(2, 70)] + [(3, n) for n in range(2, 62)]
        shapes += [(n, 3) for n in range(2, 20)] + [(5, 6, 7), *TWO_AXES]
    for shape in shapes:
        for dtype in "f2", "f4", "f8", ">f8", "c8", "i1", "i4", "u8":
            print(shape, dtype, flush=True)
            if size == "almost streamed":
                # What comes next is asked for, also where there is nothing.
                f = np.empty(shape, dtype)
                kernels.stream_from((1 + f.ndim) * f.nbytes + 1)
            # By rows, and from copies.
            for points in 0, 2**62:
                kernels.rows_from(points)
                differentiate(shape, dtype, side, side_of_results)


@pytest.mark.skipif(sys.platform == "win32", reason="memory is fenced by mprotect")
@pytest.mark.parametrize("size", ["as it is", "almost streamed", "streamed"])
@pytest.mark.parametrize("side_of_results", ["before", "after"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_nothing_beside_data_coordinates_and_results_is_touched(side, side_of_results, size):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "faulthandler", __file__, side, side_of_results,
         size],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-100:] + done.stderr


if __name__ == "__main__":
    differentiate_everything(*sys.argv[1:])
