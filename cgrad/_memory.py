"""How much memory of freed results is kept, and which results go past the caches.

At most an eighth of the machine's or the container's, or as many bytes as the environment
variable ``CGRAD_KEEP_BYTES`` says, where 0 turns it off; nothing by default if the
process has a limit on its address space. Only results of at least 1 KiB get such
memory (256 KiB if the bound is below 128 MiB, or the data in neither C's nor Fortran's
order), on Linux alone, and none if the caller has set an allocator for all of NumPy's
arrays. ``src/kept_memory.h`` does the work.
"""

import os

from cgrad._simd import kernels


def default_bound():
    """Return an eighth of the memory there is, in bytes; 0 if that is not known."""
    if kernels.address_space_is_limited():
        return 0
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0
    return int(min(memory, limit_of_container()) // 8)


def limit_of_container():
    """Return how many bytes the control group may use; infinity if it is not limited."""
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="utf-8") as file:
            return int(file.read())
    except (OSError, ValueError):
        return float("inf")           # no such file, or "max"


def read_bound():
    """Return what the environment says, or else the default."""
    text = os.environ.get("CGRAD_KEEP_BYTES", "")
    if not text:
        return default_bound()
    if not text.isdecimal():
        raise ValueError(f"CGRAD_KEEP_BYTES: expected a number of bytes, not {text!r}")
    return int(text)


def last_level_cache():
    """Return how many bytes of cache the CPU has on its last level; 32 MiB if that is not known."""
    try:
        # Not by sysconf, which adds up the caches of all processors of some machines.
        with open("/sys/devices/system/cpu/cpu0/cache/index3/size", encoding="utf-8") as file:
            return int(file.read().removesuffix("K\n")) * 1024
    except (OSError, ValueError):
        return 2**25


bound = read_bound()
kernels.keep_at_most(bound)
if kernels.can_stream():
    # Data and results that do not fit in it together push each other out, and do so somewhat
    # before, for it is never theirs alone. Measured where it is 32 MiB; it counts as no less.
    kernels.stream_from(max(last_level_cache(), 2**25) * 7 // 8)


def free_kept_memory():
    """
    Give the memory that is kept for the next results back to the system.

    Memory of results that are still referred to is not touched. Of results below 256 KiB
    it goes back to the C library, which may keep it in its turn.

    Returns
    -------
    int
        How many bytes were given back.

    Examples
    --------
    >>> import numpy as np
    >>> import cgrad
    >>> result = cgrad.gradient(np.zeros(100_000))
    >>> del result                      # its 800 kB are kept for the next call
    >>> cgrad.free_kept_memory() >= 0
    True
    >>> cgrad.free_kept_memory()
    0
    """
    freed = kernels.keep_at_most(0)
    kernels.keep_at_most(bound)
    return freed
