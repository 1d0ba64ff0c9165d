# Implemented in src/_kernels.pyx: the door between the two rooms, and nothing else.
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

def differentiate(
    f: Any,
    spacings: tuple[Any, ...],
    axis: Any,
    edge_order: Any,
    workers: int | None = None,
    out: tuple[NDArray[Any], ...] | None = None,
    disjoint: bool = False,
    /,
) -> NDArray[Any] | tuple[NDArray[Any], ...] | None:
    """
    Return what `numpy.gradient` returns, or None if NumPy has to answer.

    Takes exact ndarrays, lists and tuples of floating-point and complex numbers and
    integers (of booleans only where NumPy does not subtract them); the spacings that
    the caller passed, unchanged, all of them real; None, an integer or a tuple or list
    of integers as axis; 1 or 2 as edge order; as `out`, aligned arrays of the
    results' shape and dtype, byte order included, each of which begins after or ends
    before every other array, or of which `disjoint` promises that they share no memory.
    Anything else, anything that is an error, and anything that met a floating-point event which
    the caller's `numpy.errstate` does not ignore, gives None; of these, only the
    last may have written to `out`. Nothing is raised but what allocating a result
    raises, and nothing is warned of.
    """

def compiled_function(
    function: Callable[..., Any], otherwise: Callable[..., Any], /
) -> Callable[..., Any]:
    """
    Return what is called like `cgrad.gradient`, a function, and answers by the door (src/call.pxi).

    ``otherwise(f, varargs, axis, edge_order, out, workers)`` answers where the door has no answer,
    with the number that `workers` means, or None. The function itself is only called with
    arguments that it does not take, without one for f, or by names of a subclass of str.
    """

def build_info() -> tuple[bytes, bytes]:
    """Return with what the module was compiled: compiler and Cython, as they name themselves."""

def simd_levels() -> list[str]:
    """Return which of the other builds this CPU can run, best first."""

def use_loops(loops: object) -> None:
    """
    Use the loops of another build from now on, or with None those of this one.

    Not while a call runs in another thread.
    """

def can_stream() -> bool:
    """Return whether results can be written past the caches."""

def stream_from(size: int) -> int:
    """Write results past the caches from so many bytes of them and the data on.

    From half of that on, data and results are asked for ahead where two axes are taken at once.
    Return the number before.
    """

def rows_from(points: int) -> int:
    """Convert f by rows if they have so many points; else by boxes, which are copied first.

    From 0 on, all is converted by rows. Of much data, of rows that kernels can read where they lie
    and of results of the other byte order, a part of that number counts. Return the number before.
    """

def keep_at_most(size: int) -> int:
    """Set how many bytes of freed results are kept, and return how many it gave back."""

def address_space_is_limited() -> bool:
    """Return whether the process has a limit on its address space."""

# Cython's, for doctest; there are none.
__test__: dict[str, str]
