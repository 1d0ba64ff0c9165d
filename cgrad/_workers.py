"""How many threads share the work of one call: ``workers=``, as in `scipy.fft`."""

import contextlib
import contextvars
import operator
import os

_default = contextvars.ContextVar("cgrad workers", default=1)


def usable_cpus():
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def number_of_workers(workers):
    """Return how many threads `workers` means; raise what is wrong with it."""
    if workers is None:
        return default_workers()
    workers = operator.index(workers)
    if workers < 0:
        cpus = usable_cpus()
        if workers < -cpus:
            raise ValueError(
                f"workers: expected a number from {-cpus} up, the number of usable CPUs, "
                f"not {workers}")
        return workers + 1 + cpus
    if workers == 0:
        raise ValueError("workers: expected a positive or a negative number, not 0")
    return workers


def default_workers():
    """Return how many threads share the work of a call that does not say."""
    return _default.get()


def set_workers(workers):
    """
    Set how many threads share the work of calls that do not say, inside a ``with`` statement.

    Parameters
    ----------
    workers : int
        The number of threads; a negative one counts from the number of CPUs that
        the process may use, -1 being all of them.

    Returns
    -------
    context manager
        That sets it when it is entered, and takes it back when it is left.

    Raises
    ------
    ValueError
        If `workers` is 0, or less than minus the number of usable CPUs.
    TypeError
        If it is not an integer.

    See Also
    --------
    gradient : its argument `workers` goes before this.

    Notes
    -----
    It holds in the thread or asynchronous task (`contextvars`) that entered it.

    Examples
    --------
    >>> import numpy as np
    >>> import cgrad
    >>> f = np.ones((512, 512))
    >>> with cgrad.set_workers(2):
    ...     down, across = cgrad.gradient(f)
    """
    return _workers_set(number_of_workers(operator.index(workers)))


@contextlib.contextmanager
def _workers_set(number):
    token = _default.set(number)
    try:
        yield
    finally:
        _default.reset(token)
