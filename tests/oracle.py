"""What a call does, in full, so that two implementations can be compared."""

import contextlib
import warnings

import numpy as np


def bits(array):
    """Return an array's values as bytes, in which every NaN is the same NaN."""
    array = np.asarray(array)
    if array.dtype.hasobject:
        return repr(array.tolist())
    if array.dtype.kind not in "fc":
        return array.tobytes()
    parts = np.array(array, array.dtype.newbyteorder("="), order="C", ndmin=1)
    if parts.dtype.kind == "c":
        parts = parts.view(parts.real.dtype)
    parts[np.isnan(parts)] = np.nan
    if parts.itemsize > 8 and np.finfo(np.longdouble).nmant == 63:
        # Of x87's numbers, ten bytes mean something.
        return parts.view("u1").reshape(-1, parts.itemsize)[:, :10].tobytes()
    return parts.tobytes()


def describe(result):
    """Return all that a caller can see of a result, in a form that == compares."""
    if isinstance(result, (tuple, list)):
        return (type(result), [describe(item) for item in result])
    if not isinstance(result, np.ndarray):
        return (type(result), repr(result))
    flags = result.flags
    seen = {
        "type": type(result),
        "dtype": result.dtype.str,
        "metadata": result.dtype.metadata,
        "shape": result.shape,
        "strides": result.strides,
        "flags": (flags.owndata, flags.writeable, flags.aligned, result.base is None),
        "bits": bits(result),
    }
    if isinstance(result, np.ma.MaskedArray):
        seen["mask"] = np.ma.getmaskarray(result).tolist()
        seen["bits"] = bits(result.filled(0))   # NumPy leaves what is masked to chance
    return seen


def outcome(function, args, kwargs):
    """Call a function and return what it gave or raised, and the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            seen = describe(function(*args, **kwargs))
        except Exception as error:
            seen = (type(error), str(error))
    return seen, [
        (warning.category, str(warning.message), warning.filename, warning.lineno)
        for warning in caught
    ]


def inputs(args):
    """Return what must not change in a call: the bits of the arrays passed in."""
    return [bits(arg) for arg in args if isinstance(arg, np.ndarray)]


def assert_same(function, args, kwargs, **state):
    """Assert that a function does what `numpy.gradient` does, and leaves its input alone.

    Without a state, `numpy.errstate` is left as it is: set by nobody, mostly.
    """
    before = inputs(args)
    with np.errstate(**state) if state else contextlib.nullcontext():
        expected = outcome(np.gradient, args, kwargs)
        got = outcome(function, args, kwargs)
    assert got == expected
    assert inputs(args) == before
