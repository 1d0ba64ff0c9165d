"""Build the compiled room; everything else is in pyproject.toml."""

import os
import shlex
import subprocess
import sys
import sysconfig

import numpy as np
from setuptools import Extension, setup


def is_gcc():
    """Tell whether this is gcc, some of whose flags clang takes for errors."""
    if sys.platform == "win32":
        return False
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    try:
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False                  # metadata and the sdist need no compiler
    return "Free Software Foundation" in said.stdout


def is_asked_for(flag):
    """Tell whether CFLAGS has a flag that begins like this."""
    return any(given.startswith(flag) for given in os.environ.get("CFLAGS", "").split())


if sys.platform == "win32":
    # Strict: no contraction, and floating-point events are not made up or lost.
    flags = ["/O2", "/fp:strict"]
else:
    flags = [
        # -O2 vectorises none of the kernels, and Python's own flags vary. A level in
        # CFLAGS is somebody's wish.
        *([] if is_asked_for("-O") else ["-O3"]),
        # A fused multiply-add would round once where NumPy rounds twice.
        "-ffp-contract=off",
        # Floating-point events decide who answers a call: none may be made up or lost.
        "-ftrapping-math",
        # Cython writes out every pair of types, of which some are never used.
        "-Wno-unused-function",
    ]
if sys.platform == "linux":
    # A call on ten numbers makes some thirty calls into NumPy and Python: 5 % of its time.
    flags.append("-fno-plt")
    # Where functions begin is else left to chance, which was worth up to 15 % of such a call.
    flags.append("-falign-functions=64")
    # So is where loops begin: 10 % of a call on 10,000 float32.
    flags.append("-falign-loops=32")

# Without symbols, most of a wheel, and what leads to them, and without the tables by which
# exceptions and debuggers go from call to call, unless somebody wants to debug: nothing throws.
link_flags = []
if sys.platform == "linux" and not is_asked_for("-g"):
    link_flags += ["-Wl,--strip-all", "-Wl,--build-id=none"]
    flags.append("-fno-asynchronous-unwind-tables")

gcc = is_gcc()
if gcc:
    # Kernels have arms for rows whose numbers lie side by side; there need not be more.
    flags.append("-fno-version-loops-for-strides")
    # What a small array never comes to would else be part of what it runs through, with all the
    # registers and memory that it needs.
    flags.append("-fno-inline-functions-called-once")
    # Numbers kept from one turn of a loop for the next: 12 kB more of machine code, and no faster.
    flags.append("-fno-predictive-commoning")
    # What -O3 would inline unasked: 2 kB more of a wheel, and no faster.
    flags.append("--param=max-inline-insns-auto=15")
    # Functions copied for a constant that they are called with: 7 kB more, and no faster.
    flags.append("-fno-ipa-cp-clone")
    # A late pass that takes what never changes out of loops: 1.4 kB more, and most small calls up
    # to 4 % slower. (AVX2 has it, see below.)
    flags.append("-fno-move-loop-invariants")
    # What Cython calls unlikely, errors most of all, is taken for what never happens: small calls
    # gain up to 3 %.
    flags.append("--param=builtin-expect-probability=100")

# The loops again for wider registers; cgrad/_simd.py chooses at import.
levels = {}
baseline = []
if sys.platform != "win32" and sysconfig.get_platform().endswith("x86_64"):
    lean = []
    if gcc:
        # gcc 12 computes the last two of every other float in a register for four, whose other
        # half holds the numbers between: that makes events up. The levels below have wider
        # registers, and in them four floats or more to the last.
        baseline = ["--param=vect-epilogues-nomask=0"]
        # Instructions reordered to suit a processor made a wheel 3 % larger, and no faster: today's
        # start what is ready.
        flags.append("-fno-schedule-insns2")
    if gcc and not is_asked_for("-O"):
        # What -O3 does beyond vectors is for the door; these loops it makes larger, not faster.
        lean = ["-O2", "-ftree-vectorize", "-fvect-cost-model=dynamic"]
    levels["avx2"] = [*lean, "-mavx2", "-mf16c"]
    if gcc:
        # int64, whose conversion takes some constants, would take 1.3 times as long without.
        levels["avx2"].append("-fmove-loop-invariants")
    # Unasked, gcc uses half of each register.
    levels["avx512"] = [
        *lean, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl",
        "-mprefer-vector-width=512",
    ]
    if sys.platform == "linux":
        # See quotients.h; where tests can tell it from what compilers fuse.
        for extra in levels.values():
            extra.append("-DCORRECTS_QUOTIENTS")

loops = [
    "loops.pxi", "rows.pxi", "coefficients.pxi", "conversion.pxi", "pixels.pxi", "vectors.h",
    "quotients.h", "half.h", "numbers.h", "pixels.h",
]
door = [
    *loops, "spacing.pxi", "walker.pxi", "sharing.pxi", "copies.pxi", "workers.h", "kept_memory.h",
    "small_blocks.h", "call.pxi", "compiled_function.h",
]


def extension(name, depends, extra):
    """Describe how src/NAME.pyx becomes cgrad.NAME."""
    return Extension(
        f"cgrad.{name}",
        sources=[f"src/{name}.pyx"],
        depends=[f"src/{file}" for file in depends],
        include_dirs=[np.get_include()],
        define_macros=[
            ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
            ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
        ],
        extra_compile_args=flags + extra,
        extra_link_args=link_flags,
    )


setup(
    ext_modules=[
        extension("_kernels", door, baseline),
        *(extension(f"_loops_{level}", loops, extra) for level, extra in levels.items()),
    ]
)
