"""Call ``traffic.c``: the traffic limit of a case."""

import ctypes
from pathlib import Path

import numpy as np
from library import load

SOURCE = Path(__file__).with_name("traffic.c")
WORD = 8  # bytes


def buffer(nbytes):
    """Memory that was touched, in whole words."""
    return np.full(-(-nbytes // WORD), 1, np.uint64)


def prepare(starts, run, bytes_written, nresults, streaming=False, native=False):
    """Make ready to sweep once over a case's bytes.

    Parameters
    ----------
    starts : ndarray of int
        Where runs of the data begin, in bytes.
    run : int
        Bytes of a run.
    bytes_written : int
        Bytes of all results.
    nresults : int
        Number of results.
    streaming : bool
        Write with non-temporal stores.
    native : bool
        Let the compiler use every instruction of this machine.

    Returns
    -------
    function : callable
        The sweep, a C function.
    arguments : tuple
        What to call it with. They keep the memory alive.

    Raises
    ------
    NoCompilerError
        If there is no C compiler.
    RuntimeError
        If non-temporal stores are asked of a machine for which none are written.
    """
    library = load(SOURCE, native)
    if streaming and not library.has_streaming():
        raise RuntimeError("non-temporal stores are written for x86-64 alone")
    function = library.sweep_streaming if streaming else library.sweep_plain
    function.restype = None
    data = buffer(starts[-1] + run)
    starts = (starts // WORD).astype(np.intp)
    results = [buffer(bytes_written // nresults) for _ in range(nresults)]
    addresses = (ctypes.c_void_p * nresults)(*[result.ctypes.data for result in results])
    addresses.memory = data, starts, results
    return function, (
        ctypes.c_void_p(data.ctypes.data),
        ctypes.c_void_p(starts.ctypes.data),
        ctypes.c_ssize_t(starts.size),
        ctypes.c_ssize_t(-(-run // WORD)),
        addresses,
        ctypes.c_ssize_t(nresults),
        ctypes.c_ssize_t(results[0].size),
    )
