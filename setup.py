"""Build the compiled room; everything else is in pyproject.toml."""

import sys
import sysconfig

import numpy as np
from setuptools import Extension, setup

if sys.platform == "win32":
    # Strict: no contraction, and floating-point events are not made up or lost.
    flags = ["/O2", "/fp:strict"]
else:
    flags = [
        # -O2 vectorises none of the kernels, and Python's own flags vary.
        "-O3",
        # A fused multiply-add would round once where NumPy rounds twice.
        "-ffp-contract=off",
        # Floating-point events decide who answers a call: none may be made up or lost.
        "-ftrapping-math",
    ]
if sys.platform == "linux":
    # A call on ten numbers makes some thirty calls into NumPy and Python: 5 % of its time.
    flags.append("-fno-plt")

# The one source again for wider registers; cgrad/_simd.py chooses at import.
levels = {"": []}
if sys.platform != "win32" and sysconfig.get_platform().endswith("x86_64"):
    levels["_avx2"] = ["-mavx2"]
    # Unasked, gcc uses half of each register.
    levels["_avx512"] = [
        "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mprefer-vector-width=512",
    ]

setup(
    ext_modules=[
        Extension(
            f"cgrad._kernels{level}",
            sources=[f"src/_kernels{level}.pyx"],
            depends=[
                "src/_kernels.pyx", "src/rows.pxi", "src/coefficients.pxi", "src/spacing.pxi",
                "src/walker.pxi", "src/kept_memory.h",
            ],
            include_dirs=[np.get_include()],
            define_macros=[
                ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
                ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
            ],
            extra_compile_args=flags + extra,
        )
        for level, extra in levels.items()
    ]
)
