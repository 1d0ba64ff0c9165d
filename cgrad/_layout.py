"""Where the elements of a result lie that NumPy would compute from a converted copy."""

import numpy as np


def strides_of_converted(f, dtype):
    """Return the strides of what is like a copy of f that NumPy converted.

    Its axes are sorted twice; an axis of length 1 may so change its place, and its stride.
    Found out on a corner of f, for a copy as large as f would be one too many.
    """
    corner = f[(slice(0, 2),) * f.ndim]
    found = np.empty_like(np.empty_like(corner, dtype=dtype)).strides
    strides = [0] * f.ndim
    stride = dtype.itemsize
    for _, _, d in sorted((found[d], f.shape[d] > 1, d) for d in range(f.ndim)):
        strides[d] = stride
        stride *= f.shape[d]
    return strides
