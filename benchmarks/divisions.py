"""Call ``divisions.c``: the limit of divisions of a case."""

import ctypes
from pathlib import Path

import numpy as np
from library import load

SOURCE = Path(__file__).with_name("divisions.c")
NUMBERS = 3 * 512  # that it divides


def prepare(points):
    """Make ready to divide three times a point.

    Parameters
    ----------
    points : int
        How many there are.

    Returns
    -------
    function : callable
        A C function.
    arguments : tuple
        What to call it with.

    Raises
    ------
    NoCompilerError
        If there is no C compiler.
    """
    library = load(SOURCE, native=True)
    # As steps of coordinates are: quotients of simple numbers may take less time.
    numbers = np.random.default_rng(points).uniform(0.5, 1.5, NUMBERS)
    library.fill(ctypes.c_void_p(numbers.ctypes.data))
    function = library.divide_three_times
    function.restype = None
    return function, (ctypes.c_ssize_t(points),)
