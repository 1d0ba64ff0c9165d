"""Arrays amid memory where a number that is read is an event, and one written is seen."""

import math

import numpy as np

from cgrad._simd import kernels

LINE = 64
# Signalling NaN: whatever is done to one is an event.
AROUND = {"f4": np.array(0x7FA00000, "u4"), "f8": np.array(0x7FF4 << 48, "u8")}


def surrounded(shape, dtype, offset, order="C"):
    """Return an array so many bytes after a line begins, and the memory that it lies in."""
    size = math.prod(shape) * AROUND[dtype].itemsize
    memory = np.full(size // AROUND[dtype].itemsize + 4 * LINE, AROUND[dtype])
    begin = -memory.ctypes.data % LINE + LINE + offset
    flat = memory.view("u1")[begin:begin + size].view(dtype)
    return flat.reshape(shape, order=order), memory


def assert_same_in_surroundings(f, spacing, axes, edge_order, offset, order):
    """Compare with NumPy what is written into memory that must not change around the results."""
    dtype = f.dtype.str[1:]
    expected = np.gradient(f, *spacing, axis=axes, edge_order=edge_order)
    expected = expected if type(expected) is tuple else (expected,)
    results, memories = zip(
        *(surrounded(f.shape, dtype, (offset + 8 * k) % LINE, order) for k in range(len(axes))),
        strict=True)
    with np.errstate(all="raise"):
        got = kernels.differentiate(f, spacing, axes, edge_order, None, results)
    assert got is not None
    for result, memory, of_numpy in zip(results, memories, expected, strict=True):
        assert result.tobytes() == of_numpy.tobytes()
        result.view(memory.dtype)[...] = AROUND[dtype]
        assert (memory == AROUND[dtype]).all()
