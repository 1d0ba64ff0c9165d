"""Arrays amid memory where a number that is read is an event, and one written is seen."""

import math

import numpy as np

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
