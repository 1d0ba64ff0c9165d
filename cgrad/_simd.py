"""The choice, at import, among builds of the one compiled module.

``_kernels`` runs on any CPU; ``_kernels_avx2`` and ``_kernels_avx512`` are the
same source compiled for wider registers, and give the same bits. The environment
variable ``CGRAD_SIMD`` names the widest that may be used: ``avx512`` (the
default), ``avx2`` or ``baseline``.
"""

import os

import cgrad._kernels as baseline

LEVELS = ("avx512", "avx2", "baseline")


def build(level):
    """Return the module that was built for a level."""
    if level == "avx512":
        import cgrad._kernels_avx512 as module
    elif level == "avx2":
        import cgrad._kernels_avx2 as module
    else:
        module = baseline
    return module


def choose(widest):
    """Return the best level up to this one that the CPU has and that was built, and its module."""
    if widest not in LEVELS:
        raise ValueError(f"CGRAD_SIMD: expected one of {', '.join(LEVELS)}, not {widest!r}")
    allowed = LEVELS[LEVELS.index(widest):]
    for level in baseline.simd_levels():
        if level in allowed:
            try:
                return level, build(level)
            except ModuleNotFoundError:
                continue              # left out, as on Windows
    return "baseline", baseline


level, kernels = choose(os.environ.get("CGRAD_SIMD", "").lower() or "avx512")
