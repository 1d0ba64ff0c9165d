# cython: language_level=3
# The door checks once for all; no index below is negative or out of bounds.
# cython: boundscheck=False
# cython: wraparound=False
# C's division: IEEE 754 answers for a zero divisor, as NumPy's loops do.
# cython: cdivision=True
# Calls share nothing that changes but kept memory, which has a lock of its own.
# cython: freethreading_compatible=True
"""The compiled room once more, for CPUs that have AVX2: setup.py says with which flags."""

include "_kernels.pyx"
