"""Nothing but the data and the results is read or written: next to them, memory that is neither."""

import ctypes
import mmap
import subprocess
import sys

import numpy as np
import oracle
import pytest

import cgrad

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


def differentiate_everything(side):
    """Compare with NumPy what has such memory on one side; who touches it does not return."""
    shapes = [(n,) for n in [*range(2, 70), *range(250, 330), 511, 512, 513, 1031]]
    shapes += [(3, n) for n in range(2, 70)] + [(n, 3) for n in range(2, 20)] + [(5, 6, 7)]
    for shape in shapes:
        for dtype in "f2", "f4", "f8", ">f8", "c8", "i1", "i4", "u8":
            f = fenced(shape, dtype, side)
            f[...] = np.random.default_rng(0).integers(0, 100, shape)
            for data in f, f[..., ::-1]:
                for spacing in spacings(shape):
                    given = [h if np.isscalar(h) else copied(h, side) for h in spacing]
                    expected = np.gradient(data, *given)
                    results = expected if isinstance(expected, tuple) else (expected,)
                    out = tuple(fenced(shape, result.dtype, side) for result in results)
                    cgrad.gradient(data, *given, out=out if len(shape) > 1 else out[0])
                    for got, result in zip(out, results, strict=True):
                        assert oracle.bits(got) == oracle.bits(result), (shape, dtype, spacing)
                    # Where results begin decides what is left at the end of a row.
                    got = cgrad.gradient(data, *given)
                    assert oracle.describe(got) == oracle.describe(expected)


@pytest.mark.skipif(sys.platform == "win32", reason="memory is fenced by mprotect")
@pytest.mark.parametrize("side", ["before", "after"])
def test_nothing_beside_data_coordinates_and_results_is_touched(side):
    done = subprocess.run(
        [sys.executable, "-W", "error", __file__, side], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    differentiate_everything(sys.argv[1])
