"""Call ``divisions.c``: the time of the divisions of a case."""

import ctypes
from pathlib import Path

from library import load

SOURCE = Path(__file__).with_name("divisions.c")


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
    library.fill()
    function = library.divide_three_times
    function.restype = None
    return function, (ctypes.c_ssize_t(points),)
