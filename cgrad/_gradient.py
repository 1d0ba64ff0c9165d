"""The public function: a call that is compiled, or NumPy's."""

import functools
import sys
import types

import numpy as np

from cgrad._out import gradient_into
from cgrad._simd import kernels
from cgrad._workers import number_of_workers

differentiate = kernels.differentiate

# The one that was there at import: `np.gradient` may later be ours.
_numpy_gradient = np.gradient


def _implementation_of(function):
    """Return a copy of what NumPy's dispatcher calls; the function itself if it is another's.

    A copy, with the code that NumPy brought, since `patch_numpy` exchanges the original's.
    """
    implementation = getattr(function, "_implementation", None)
    if not isinstance(implementation, types.FunctionType):
        return function
    copy = types.FunctionType(
        vars(implementation).get("code_of_numpy", implementation.__code__),
        implementation.__globals__, implementation.__name__, implementation.__defaults__,
        implementation.__closure__)
    copy.__kwdefaults__ = implementation.__kwdefaults__
    return copy


# What it comes to if no argument has an answer of its own (NEP 18). Calling this saves the
# time of asking them, which is what it took to ask our door.
implementation = _implementation_of(_numpy_gradient)

# What makes NumPy's arrays answer by that implementation; most subclasses inherit it.
_as_arrays_do = np.ndarray.__array_function__

# Types that have no other, known without looking: to find none takes a microsecond. Known by
# their ids, since others may have a hash and an equality of their own.
_common_types = (
    np.ndarray, int, float, complex, bool, str, list, tuple, *np.sctypeDict.values())
_ids_of_common_types = frozenset(map(id, _common_types))


def _answers_itself(kind):
    """Tell whether NumPy asks arguments of a type for an answer of their own (NEP 18)."""
    if id(kind) in _ids_of_common_types:
        return False
    try:
        return getattr(kind, "__array_function__", _as_arrays_do) is not _as_arrays_do
    except Exception:
        return False                  # to NumPy, too, any error means none


def _answer_of_numpy(f, varargs, axis, edge_order, workers=None):
    """Fall back: call `numpy.gradient` with what it was called with here."""
    for argument in (f, *varargs):
        kind = type(argument)
        if kind is not np.ndarray and _answers_itself(kind):
            break
    else:
        if axis is None and type(edge_order) is int and edge_order == 1:
            return implementation(f, *varargs)
        return implementation(f, *varargs, axis=axis, edge_order=edge_order)
    if _is_for_dask(f, varargs):
        from cgrad._dask import gradient_of_dask
        return gradient_of_dask(f, varargs, axis, edge_order, 1 if workers is None else workers)
    # A duck array may not know all arguments, so no defaults are passed on.
    kwargs = {}
    if axis is not None:
        kwargs["axis"] = axis
    if type(edge_order) is not int or edge_order != 1:
        kwargs["edge_order"] = edge_order
    return _numpy_gradient(f, *varargs, **kwargs)


def _has_dask_arrays(f, varargs):
    """Tell whether any argument is a Dask array, without importing Dask."""
    dask_array = getattr(sys.modules.get("dask.array"), "Array", ())
    # Not by isinstance, which would also ask each argument for a class that it may pretend.
    return any(issubclass(type(argument), dask_array) for argument in (f, *varargs))


def _is_for_dask(f, varargs):
    """Tell whether some arguments are Dask arrays, and none a duck array that has to be asked."""
    return _has_dask_arrays(f, varargs) and all(
        issubclass(type(argument), np.ndarray | sys.modules["dask.array"].Array)
        or not _answers_itself(type(argument))
        for argument in (f, *varargs))


def _gradient_to_copy(f, *varargs, **kwargs):
    """Compute what is then copied into given arrays, which is not for Dask arrays."""
    if _has_dask_arrays(f, varargs):
        raise TypeError("out: expected None for Dask arrays, whose results are computed later")
    return gradient(f, *varargs, **kwargs)


def _answer_otherwise(f, varargs, axis, edge_order, out, workers):
    """Answer a call to which the door has no answer."""
    if out is None:
        return _answer_of_numpy(f, varargs, axis, edge_order, workers)
    return gradient_into(out, _gradient_to_copy, f, varargs, axis, edge_order, workers)


def _compiled(function):
    """Return what reads a function's calls in the compiled room, and answers by the door."""
    return functools.update_wrapper(
        kernels.compiled_function(function, _answer_otherwise), function)


@_compiled
def gradient(f, *varargs, axis=None, edge_order=1, out=None, workers=None):
    r"""
    Return the gradient of samples on a grid, as `numpy.gradient` does.

    The derivative along each axis by second-order central differences at
    interior points and one-sided differences of order `edge_order` at the
    edges. Every answer is NumPy's to the bit, warnings and errors included.

    Parameters
    ----------
    f : array_like
        Samples of a scalar function on an N-dimensional grid.
    *varargs : scalar or 1-D array_like, optional
        Spacing between samples, 1 by default: one scalar for all axes, or one
        entry for each differentiated axis, in the order of `axis`, which is a
        scalar or the coordinates of the samples along that axis, in any order
        and not necessarily even. In units of the coordinates.
    axis : None, int or tuple of int, optional
        The axes to differentiate along; None, the default, means all. Negative
        numbers count from the last axis.
    edge_order : {1, 2}, optional
        Order of accuracy of the one-sided differences at the edges.
    out : ndarray or tuple or list of ndarray, optional
        Where to put the results, by the rules of NumPy's ufuncs: an array of f's
        shape for exactly one axis, else one for each axis in a tuple or list, or
        stacked, in an array of shape ``(number of axes, *f.shape)``. Any strides
        and byte order, and any dtype to which the results can be cast with rule
        ``same_kind``. It may overlap f and the coordinates. Not in `numpy.gradient`.
    workers : int, optional
        How many threads share the work, at most; None, the default, means what
        `set_workers` says, 1 if nothing. A negative number counts from the number of
        CPUs that the process may use, -1 being all of them. Results do not depend on
        it. Small arrays stay on one thread, and so does a call during another that
        has several. Not in `numpy.gradient`.

    Returns
    -------
    ndarray or tuple of ndarray
        The derivative along each axis, each of f's shape, in units of f over
        units of the spacing: an array for exactly one axis, else a tuple, in
        the order of `axis`. Of f's dtype if that is a floating-point or complex
        one, float64 for integers, and timedelta64 for times. `out` itself, if given;
        of a tuple or list with one array, that array.

    Raises
    ------
    ValueError
        If an axis is repeated or shorter than ``edge_order + 1``, `edge_order`
        is greater than 2, coordinates are not one-dimensional and as many as
        there are samples, `out` is not of as many arrays as there are axes, of
        f's shape, writeable and apart from each other, or `workers` is 0 or less
        than minus the number of usable CPUs.
    TypeError
        If the number of spacings is neither 1 nor the number of axes, `workers` is
        not an integer, or `out` is
        not of arrays, or of a dtype to which results cannot be cast.
    numpy.exceptions.AxisError
        If f has no such axis.

    See Also
    --------
    numpy.gradient : the contract; it answers what is not compiled here.

    Notes
    -----
    With an even spacing :math:`h`, interior points get

    .. math:: f'_i = \frac{f_{i+1} - f_{i-1}}{2 h}

    and with uneven coordinates, where :math:`h_1` and :math:`h_2` are the steps
    to the left and to the right of a point, from Taylor's series [1]_ [2]_,

    .. math:: f'_i = -\frac{h_2}{h_1 (h_1 + h_2)} f_{i-1}
              + \frac{h_2 - h_1}{h_1 h_2} f_i
              + \frac{h_1}{h_2 (h_1 + h_2)} f_{i+1}

    Compiled are `numpy.ndarray` itself (not its subclasses) and lists and tuples
    of real and complex floating-point numbers and integers of any size, byte order,
    alignment and strides, with real spacings. All other calls, and those that end in
    an error or in a floating-point warning, are answered by the `numpy.gradient`
    that was there when cgrad was imported.

    Dask arrays are an addition of ours: results are lazy, with the bits of the call in memory,
    where `numpy.gradient` gives Dask's own gradient, which treats each chunk by itself.

    A call that raises leaves `out` untouched, unless it is a floating-point event,
    by way of `numpy.errstate` or a warning that is an error: then what `out` holds
    is not specified.

    References
    ----------
    .. [1] A. Quarteroni, R. Sacco and F. Saleri, "Numerical Mathematics",
       Springer, 2007, chapter 10.
    .. [2] B. Fornberg, "Generation of finite difference formulas on arbitrarily
       spaced grids", Mathematics of Computation 51 (1988), 699-706.

    Examples
    --------
    >>> import numpy as np
    >>> import cgrad
    >>> f = np.array([1.0, 2.0, 4.0, 7.0, 11.0, 16.0])
    >>> cgrad.gradient(f)
    array([1. , 1.5, 2.5, 3.5, 4.5, 5. ])
    >>> cgrad.gradient(f, 2.0)
    array([0.5 , 0.75, 1.25, 1.75, 2.25, 2.5 ])

    Uneven coordinates, and edges to second order:

    >>> x = np.array([0.0, 1.0, 1.5, 3.5, 4.0, 6.0])
    >>> cgrad.gradient(x**2, x, edge_order=2)
    array([ 0.,  2.,  3.,  7.,  8., 12.])

    Rows lie 2 m apart, columns 0.5 m:

    >>> height = np.array([[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]])
    >>> down, across = cgrad.gradient(height, 2.0, 0.5)
    >>> down
    array([[ 1. ,  1. , -0.5],
           [ 1. ,  1. , -0.5]])
    >>> across
    array([[2., 5., 8.],
           [2., 2., 2.]])

    Into memory that is already there:

    >>> slopes = np.empty((2, *height.shape))
    >>> cgrad.gradient(height, 2.0, 0.5, out=slopes) is slopes
    True
    """
    # What src/call.pxi does with a call; those with names of a subclass of str it leaves to this.
    if workers is not None:
        workers = number_of_workers(workers)
    if out is None:
        result = differentiate(f, varargs, axis, edge_order, workers)
        if result is not None:
            return result
    return _answer_otherwise(f, varargs, axis, edge_order, out, workers)
