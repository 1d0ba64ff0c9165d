"""The choice, at import, among builds of the one compiled module.

``_kernels`` runs on any CPU; ``_kernels_avx2`` and ``_kernels_avx512`` are the
same source compiled for wider registers, and give the same bits. The environment
variable ``CGRAD_SIMD`` names the widest that may be used: ``avx512`` (the
default), ``avx2`` or ``baseline``.
"""

import importlib
import os

import cgrad._kernels as baseline

LEVELS = ("avx512", "avx2", "baseline")


def choose(widest):
    """Return the name and the module of the best build up to this level."""
    if widest not in LEVELS:
        raise ValueError(f"CGRAD_SIMD: expected one of {', '.join(LEVELS)}, not {widest!r}")
    allowed = LEVELS[LEVELS.index(widest):]
    for level in baseline.simd_levels():
        if level in allowed:
            try:
                return level, importlib.import_module(f"cgrad._kernels_{level}")
            except ModuleNotFoundError:
                continue          # built without it
    return "baseline", baseline


level, kernels = choose(os.environ.get("CGRAD_SIMD", "avx512"))
