"""The rival to fear: the best gradient that one would write by hand with numba.

One thread, no fastmath. All axes are done in one pass over the rows, with scalar
spacing as a multiplication (which does not round as NumPy's division does), and
1-D coordinates with one division a point instead of three.

Importing this module needs numba; only the contestant imports it.
"""

from math import prod

import numpy as np
from numba import njit

# error_model="numpy": a check for a zero divisor would keep loops from being vectorised.
compiled = njit(cache=False, parallel=False, fastmath=False, error_model="numpy")

# NumPy asks for huge pages from here on and numba's own allocator does not: larger
# results are allocated by NumPy, outside of the compiled function.
LARGE = 4 * 1024 * 1024


# Shorter rows than this are not worth a loop of their own: one axis after the other.
NARROW = 16


@compiled
def fill_1d(f, h, out):
    """Scalar spacing, one dimension."""
    kind, n = out.dtype.type, f.size
    half, whole = kind(0.5 / h), kind(1.0 / h)
    for i in range(n - 2):
        out[i + 1] = (kind(f[i + 2]) - kind(f[i])) * half
    out[0] = (kind(f[1]) - kind(f[0])) * whole
    out[n - 1] = (kind(f[n - 1]) - kind(f[n - 2])) * whole


@compiled
def fill_2d(f, h, out0, out1):
    """Scalar spacing, both axes of two dimensions."""
    kind, (n0, n1) = out0.dtype.type, f.shape
    half, whole = kind(0.5 / h), kind(1.0 / h)
    for i in range(n0):
        above, below = max(i - 1, 0), min(i + 1, n0 - 1)
        scale = half if below - above == 2 else whole
        for k in range(n1):
            out0[i, k] = (kind(f[below, k]) - kind(f[above, k])) * scale
        for k in range(n1 - 2):
            out1[i, k + 1] = (kind(f[i, k + 2]) - kind(f[i, k])) * half
        out1[i, 0] = (kind(f[i, 1]) - kind(f[i, 0])) * whole
        out1[i, n1 - 1] = (kind(f[i, n1 - 1]) - kind(f[i, n1 - 2])) * whole


@compiled
def fill_3d(f, h, out0, out1, out2):
    """Scalar spacing, all axes of three dimensions."""
    kind, (n0, n1, n2) = out0.dtype.type, f.shape
    half, whole = kind(0.5 / h), kind(1.0 / h)
    for i in range(n0):
        above, below = max(i - 1, 0), min(i + 1, n0 - 1)
        scale0 = half if below - above == 2 else whole
        for j in range(n1):
            left, right = max(j - 1, 0), min(j + 1, n1 - 1)
            scale1 = half if right - left == 2 else whole
            for k in range(n2):
                out0[i, j, k] = (kind(f[below, j, k]) - kind(f[above, j, k])) * scale0
            for k in range(n2):
                out1[i, j, k] = (kind(f[i, right, k]) - kind(f[i, left, k])) * scale1
            for k in range(n2 - 2):
                out2[i, j, k + 1] = (kind(f[i, j, k + 2]) - kind(f[i, j, k])) * half
            out2[i, j, 0] = (kind(f[i, j, 1]) - kind(f[i, j, 0])) * whole
            out2[i, j, n2 - 1] = (kind(f[i, j, n2 - 1]) - kind(f[i, j, n2 - 2])) * whole


@compiled
def fill_axis(f, inner, h, out):
    """Scalar spacing, one axis of outer x (n * inner): neighbours are inner elements away."""
    kind, (outer, size) = out.dtype.type, f.shape
    half, whole = kind(0.5 / h), kind(1.0 / h)
    last = size - inner
    for i in range(outer):
        for k in range(last - inner):
            out[i, k + inner] = (kind(f[i, k + 2 * inner]) - kind(f[i, k])) * half
        for k in range(inner):
            out[i, k] = (kind(f[i, k + inner]) - kind(f[i, k])) * whole
            out[i, k + last] = (kind(f[i, k + last]) - kind(f[i, k + last - inner])) * whole


@compiled
def fill_1d_coordinates(f, x, out):
    """Coordinates, one dimension: the textbook's formula, with one division a point."""
    n = f.size
    for i in range(n - 2):
        left, right = x[i + 1] - x[i], x[i + 2] - x[i + 1]
        left2, right2 = left * left, right * right
        sides = left2 * f[i + 2] - right2 * f[i]
        out[i + 1] = (sides + (right2 - left2) * f[i + 1]) / (left * right * (left + right))
    out[0] = (f[1] - f[0]) / (x[1] - x[0])
    out[n - 1] = (f[n - 1] - f[n - 2]) / (x[n - 1] - x[n - 2])


@compiled
def coefficients(x):
    """Three-point coefficients of an axis, its edges among them."""
    n = x.size
    a, b, c = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(1, n - 1):
        left, right = x[i] - x[i - 1], x[i + 1] - x[i]
        a[i] = -right / (left * (left + right))
        b[i] = (right - left) / (left * right)
        c[i] = left / (right * (left + right))
    c[0] = 1.0 / (x[1] - x[0])
    b[0] = -c[0]
    b[n - 1] = 1.0 / (x[n - 1] - x[n - 2])
    a[n - 1] = -b[n - 1]
    return a, b, c


@compiled
def fill_2d_coordinates(f, x0, x1, out0, out1):
    """Coordinates, both axes of two dimensions."""
    n0, n1 = f.shape
    a0, b0, c0 = coefficients(x0)
    a1, b1, c1 = coefficients(x1)
    for i in range(n0):
        above, below = max(i - 1, 0), min(i + 1, n0 - 1)
        a, b, c = a0[i], b0[i], c0[i]
        for k in range(n1):
            out0[i, k] = a * f[above, k] + b * f[i, k] + c * f[below, k]
        for k in range(n1 - 2):
            sides = a1[k + 1] * f[i, k] + c1[k + 1] * f[i, k + 2]
            out1[i, k + 1] = sides + b1[k + 1] * f[i, k + 1]
        out1[i, 0] = b1[0] * f[i, 0] + c1[0] * f[i, 1]
        out1[i, n1 - 1] = a1[n1 - 1] * f[i, n1 - 2] + b1[n1 - 1] * f[i, n1 - 1]


@compiled
def fill_3d_coordinates(f, x0, x1, x2, out0, out1, out2):
    """Coordinates, all axes of three dimensions."""
    n0, n1, n2 = f.shape
    a0, b0, c0 = coefficients(x0)
    a1, b1, c1 = coefficients(x1)
    a2, b2, c2 = coefficients(x2)
    for i in range(n0):
        above, below = max(i - 1, 0), min(i + 1, n0 - 1)
        for j in range(n1):
            left, right = max(j - 1, 0), min(j + 1, n1 - 1)
            a, b, c = a0[i], b0[i], c0[i]
            for k in range(n2):
                out0[i, j, k] = a * f[above, j, k] + b * f[i, j, k] + c * f[below, j, k]
            a, b, c = a1[j], b1[j], c1[j]
            for k in range(n2):
                out1[i, j, k] = a * f[i, left, k] + b * f[i, j, k] + c * f[i, right, k]
            for k in range(n2 - 2):
                sides = a2[k + 1] * f[i, j, k] + c2[k + 1] * f[i, j, k + 2]
                out2[i, j, k + 1] = sides + b2[k + 1] * f[i, j, k + 1]
            out2[i, j, 0] = b2[0] * f[i, j, 0] + c2[0] * f[i, j, 1]
            out2[i, j, n2 - 1] = a2[n2 - 1] * f[i, j, n2 - 2] + b2[n2 - 1] * f[i, j, n2 - 1]


@compiled
def gradient_1d(f, h):
    """Allocate inside: the least overhead, for small results."""
    out = np.empty(f.shape, f.dtype)
    fill_1d(f, h, out)
    return out


@compiled
def gradient_2d(f, h):
    """Allocate inside: the least overhead, for small results."""
    out0, out1 = np.empty(f.shape, f.dtype), np.empty(f.shape, f.dtype)
    fill_2d(f, h, out0, out1)
    return out0, out1


@compiled
def gradient_3d(f, h):
    """Allocate inside: the least overhead, for small results."""
    out0, out1 = np.empty(f.shape, f.dtype), np.empty(f.shape, f.dtype)
    out2 = np.empty(f.shape, f.dtype)
    fill_3d(f, h, out0, out1, out2)
    return out0, out1, out2


@compiled
def gradient_1d_coordinates(f, x):
    """Allocate inside: the least overhead, for small results."""
    out = np.empty(f.shape, f.dtype)
    fill_1d_coordinates(f, x, out)
    return out


SMALL = {1: gradient_1d, 2: gradient_2d, 3: gradient_3d}
FILLS = {1: fill_1d, 2: fill_2d, 3: fill_3d}
FILLS_COORDINATES = {1: fill_1d_coordinates, 2: fill_2d_coordinates, 3: fill_3d_coordinates}


def allocating(fill, nresults, dtype):
    """Make a gradient of a fused kernel: its results are allocated by NumPy."""

    def gradient(f, *spacings):
        results = [np.empty(f.shape, dtype) for _ in range(nresults)]
        fill(f, *spacings, *results)
        return results

    return gradient


def along(axis, dtype):
    """Make a gradient along one axis of C-ordered data, seen as outer x (n * inner)."""

    def gradient(f, h):
        out = np.empty(f.shape, dtype)
        outer, inner = prod(f.shape[:axis]), prod(f.shape[axis + 1 :])
        fill_axis(f.reshape(outer, -1), inner, h, out.reshape(outer, -1))
        return out

    return gradient


def each_axis(ndim, dtype):
    """Make a gradient along all axes of C-ordered data, one axis after the other."""
    axes = [along(axis, dtype) for axis in range(ndim)]

    def gradient(f, h):
        return [one(f, h) for one in axes]

    return gradient
