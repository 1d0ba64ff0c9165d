# Implemented in src/_loops_avx512.pyx.

# A capsule, for `cgrad._kernels.use_loops`.
loops: object
# Cython's, for doctest; there are none.
__test__: dict[str, str]
