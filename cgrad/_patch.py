"""`numpy.gradient` itself made fast, for code that cannot be edited: asked for, and reversible.

Not by another function under NumPy's name: libraries have taken hold of the one that was there
(``from numpy import gradient``), and some keep tables by it (astropy's units). Function objects
stay and what they run is exchanged (`function.__code__`), behind NumPy's dispatcher, so that duck
arrays answer for themselves as ever.
"""

import contextlib
import os
from _thread import allocate_lock  # threading would be another import

import numpy as np

import cgrad._gradient

_lock = allocate_lock()
# What computes, and what names the arguments that the dispatcher looks at. What they were, and how
# often they are patched, stands in their dictionaries: modules of ours may be imported anew.
_implementation = getattr(np.gradient, "_implementation", None)
_relevant_arguments = getattr(_implementation, "__globals__", {}).get("_gradient_dispatcher")


def gradient(f, *varargs, axis=None, edge_order=1):
    """Stand in for NumPy's implementation, among whose globals this runs."""
    function = "differentiate"  # for such a constant the function itself is put in
    result = function(f, varargs, axis, edge_order)
    if result is None:
        function = "implementation"
        return function(f, *varargs, axis=axis, edge_order=edge_order)
    return result


_code = gradient.__code__.replace(co_consts=tuple(
    getattr(cgrad._gradient, constant) if constant in ("differentiate", "implementation")
    else constant for constant in gradient.__code__.co_consts))


def relevant_arguments(f, *varargs, axis=None, edge_order=None):
    """Stand in for NumPy's generator of the same, which takes a third of a small call."""
    return f, *varargs


def _renew_lock():
    """Make the lock anew in a child process, where nobody would ever release the old one."""
    global _lock
    _lock = allocate_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def _check_signature():
    """Raise if NumPy's function does not take what ours takes."""
    import inspect

    if (not inspect.isfunction(_implementation) or _implementation.__code__.co_freevars
            or inspect.signature(_implementation) != inspect.signature(gradient)):
        raise RuntimeError(
            "patch_numpy: expected numpy.gradient to be implemented by a Python function, not a "
            f"closure, with the arguments {inspect.signature(gradient)}, not {_implementation!r}")


def _code_in_place_of(function):
    """Return code for NumPy's generator that names the same arguments; None if it would not."""
    import inspect
    import types

    # Since Python 3.13 it is deprecated to exchange a generator's code for any but a generator's.
    # What makes it one is an instruction in it; the flag changes nothing, which is tried here.
    code = relevant_arguments.__code__
    code = code.replace(co_flags=code.co_flags | inspect.CO_GENERATOR)
    args, kwargs = ("f", "g"), {"axis": 0, "edge_order": 1}
    try:
        does_the_same = (
            inspect.isgeneratorfunction(function) and not function.__code__.co_freevars
            and inspect.signature(function) == inspect.signature(relevant_arguments)
            and tuple(function(*args, **kwargs)) == args
            and types.FunctionType(code, {})(*args, **kwargs) == args)
    except Exception:
        does_the_same = False
    return code if does_the_same else None


def _exchange_code(function, code):
    """Let a function run other code until `_restore_code`."""
    vars(function).setdefault("code_of_numpy", function.__code__)
    function.__code__ = code


def _restore_code(function):
    """Let a function run the code that NumPy brought, if that was exchanged."""
    code = getattr(function, "code_of_numpy", None)
    if code is not None:
        function.__code__ = code
        del function.code_of_numpy


def _depth():
    """Return how often NumPy's function is patched."""
    return getattr(_implementation, "times_patched", 0)


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
    of NEP 18, which asks the same arguments as before: masked arrays, units and other duck arrays
    are treated as without it. It holds in all threads.

    Examples
    --------
    >>> import numpy as np
    >>> import cgrad
    >>> cgrad.patch_numpy()
    >>> np.gradient(np.array([1.0, 2.0, 4.0]))
    array([1. , 1.5, 2. ])
    >>> cgrad.restore_numpy()
    """
    with _lock:
        depth = _depth()
        if depth == 0:
            _check_signature()
            code = _code_in_place_of(_relevant_arguments)
            if code is not None:
                _exchange_code(_relevant_arguments, code)
            _exchange_code(_implementation, _code)
        _implementation.times_patched = depth + 1


def restore_numpy():
    """
    Undo one `patch_numpy`; the last one gives `numpy.gradient` its own implementation back.

    Raises
    ------
    RuntimeError
        If it is not patched.
    """
    with _lock:
        depth = _depth()
        if depth == 0:
            raise RuntimeError("restore_numpy: expected a patch_numpy before, and there was none")
        if depth == 1:
            _restore_code(_implementation)
            _restore_code(_relevant_arguments)
        _implementation.times_patched = depth - 1


def is_patched():
    """
    Tell whether `numpy.gradient` computes with cgrad.

    Returns
    -------
    bool
        Whether there were more `patch_numpy` than `restore_numpy`.
    """
    return _depth() > 0


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
