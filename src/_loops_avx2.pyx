# cython: language_level=3
# cython: boundscheck=False
# cython: wraparound=False
# C's division: IEEE 754 answers for a zero divisor, as NumPy's loops do.
# cython: cdivision=True
# Nothing here changes after import.
# cython: freethreading_compatible=True
"""The loops of the compiled room once more, for CPUs that have AVX2."""

cimport cython  # no-cython-lint
from cpython.pycapsule cimport PyCapsule_New

include "loops.pxi"

loops = PyCapsule_New(<void *> &set_loops, "cgrad loops", NULL)
