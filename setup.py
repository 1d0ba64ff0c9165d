"""Build the compiled room; everything else is in pyproject.toml."""

import sys

import numpy as np
from setuptools import Extension, setup

if sys.platform == "win32":
    # /fp:precise, the default, neither contracts nor reorders.
    flags = ["/O2"]
else:
    flags = [
        # -O2 vectorises none of the kernels, and Python's own flags vary.
        "-O3",
        # A fused multiply-add would round once where NumPy rounds twice.
        "-ffp-contract=off",
        # Floating-point events decide who answers a call: none may be made up or lost.
        "-ftrapping-math",
        # Nothing here reads errno; without this, no vector code near a math call.
        "-fno-math-errno",
    ]

setup(
    ext_modules=[
        Extension(
            "cgrad._kernels",
            sources=["src/_kernels.pyx"],
            depends=["src/rows.pxi", "src/coefficients.pxi", "src/spacing.pxi", "src/walker.pxi"],
            include_dirs=[np.get_include()],
            define_macros=[
                ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
                ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
            ],
            extra_compile_args=flags,
        )
    ]
)
