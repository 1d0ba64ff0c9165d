"""`numpy.gradient` itself made fast, for code that cannot be edited: asked for, and reversible.

Not by another function under NumPy's name: libraries have taken hold of the one that was there
(``from numpy import gradient``), and some keep tables by it (astropy's units). The function
object stays and what it runs is exchanged (`function.__code__`), behind NumPy's dispatcher, so that
duck arrays answer for themselves as ever.
"""

import contextlib
from _thread import allocate_lock  # threading would be another import

import numpy as np

_lock = allocate_lock()
_depth = 0
# NumPy's function, whose code is exchanged, and the code that it had.
_implementation = getattr(np.gradient, "_implementation", None)
_code = getattr(_implementation, "__code__", None)


def gradient(f, *varargs, axis=None, edge_order=1):
    """Stand in for NumPy's implementation; runs among its globals, so all is imported here."""
    from cgrad._gradient import compiled_or_numpy

    return compiled_or_numpy(f, varargs, axis, edge_order)


def patch_numpy():
    """
    Let `numpy.gradient` compute with cgrad, for all code in this process.

    Every answer stays NumPy's to the bit; it comes sooner. Names that were bound before
    (``from numpy import gradient``) are included, and so is what libraries such as xarray
    and Dask compute with it. Patches are counted: as many `restore_numpy` undo them.

    Raises
    ------
    RuntimeError
        If this NumPy's `numpy.gradient` is not made as expected.

    See Also
    --------
    restore_numpy : undo it.
    patched_numpy : for the length of a ``with`` block.
    is_patched : whether it is done.

    Notes
    -----
    The function object stays the same and its implementation is exchanged, behind the dispatcher
    of NEP 18: masked arrays, units and other duck arrays are treated as without it. It
    holds in all threads.

    Examples
    --------
    >>> import numpy as np
    >>> import cgrad
    >>> cgrad.patch_numpy()
    >>> np.gradient(np.array([1.0, 2.0, 4.0]))
    array([1. , 1.5, 2. ])
    >>> cgrad.restore_numpy()
    """
    global _depth
    if _code is None:
        raise RuntimeError(
            "patch_numpy: expected numpy.gradient to be implemented by a Python function, not "
            f"{_implementation!r}")
    with _lock:
        _implementation.__code__ = gradient.__code__
        _depth += 1


def restore_numpy():
    """
    Undo one `patch_numpy`; the last one gives `numpy.gradient` its own implementation back.

    Raises
    ------
    RuntimeError
        If it is not patched.
    """
    global _depth
    with _lock:
        if _depth == 0:
            raise RuntimeError("restore_numpy: expected a patch_numpy before, and there was none")
        _depth -= 1
        if _depth == 0:
            _implementation.__code__ = _code


def is_patched():
    """
    Tell whether `numpy.gradient` computes with cgrad.

    Returns
    -------
    bool
        Whether there were more `patch_numpy` than `restore_numpy`.
    """
    return _depth > 0


@contextlib.contextmanager
def patched_numpy():
    """
    Let `numpy.gradient` compute with cgrad inside a ``with`` block.

    It holds for the process, not just for the thread; blocks may overlap.

    See Also
    --------
    patch_numpy : what it does.

    Examples
    --------
    >>> import numpy as np
    >>> import cgrad
    >>> with cgrad.patched_numpy():
    ...     np.gradient(np.array([1.0, 2.0, 4.0]))
    array([1. , 1.5, 2. ])
    >>> cgrad.is_patched()
    False
    """
    patch_numpy()
    try:
        yield
    finally:
        restore_numpy()
