"""The choice, at import, among builds of the compiled loops.

Those in ``_kernels`` itself run on any CPU; ``_loops_avx2`` and ``_loops_avx512`` are the
same source compiled for wider registers, and give the same bits. The environment
variable ``CGRAD_SIMD`` names the widest that may be used: ``avx512`` (the
default), ``avx2`` or ``baseline``.
"""

import os

import cgrad._kernels as kernels  # `from cgrad import` would not say which module is missing

LEVELS = ("avx512", "avx2", "baseline")


def loops_of(level):
    """Return the loops that were built for a level; None for those of the door itself."""
    if level == "avx512":
        from cgrad._loops_avx512 import loops
    elif level == "avx2":
        from cgrad._loops_avx2 import loops
    else:
        loops = None
    return loops


def choose(widest):
    """Return the best level up to this one that the CPU has and that was built, and its loops."""
    if widest not in LEVELS:
        raise ValueError(f"CGRAD_SIMD: expected one of {', '.join(LEVELS)}, not {widest!r}")
    allowed = LEVELS[LEVELS.index(widest):]
    for level in kernels.simd_levels():
        if level in allowed:
            try:
                return level, loops_of(level)
            except ModuleNotFoundError:
                continue              # left out, as on Windows
    return "baseline", None


level, _loops = choose(os.environ.get("CGRAD_SIMD", "").lower() or "avx512")
kernels.use_loops(_loops)
