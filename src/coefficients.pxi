# The formulas, once each: what a stencil multiplies its points by, for a spacing
# h or for steps h1, h2 between neighbouring coordinates.
#
# Source: one-sided and central differences from Taylor's series on uneven
# points, in the form and the order of operations of `numpy.gradient`, so that
# every operation rounds as NumPy's does, to coefficient_t, or to half precision.

from libc.string cimport memcpy

cdef union Coefficients:
    # a, b and c of a stencil, in the type that its kernel reads.
    float single[3]
    double full[3]
    longdouble extended[3]


cdef inline void store(Coefficients *abc, Precision type, coefficient_t a, coefficient_t b,
                       coefficient_t c) noexcept nogil:
    """Round the coefficients to the type that the kernel reads."""
    if type == DOUBLE:
        abc.full[0], abc.full[1], abc.full[2] = <double> a, <double> b, <double> c
    elif type == SINGLE:
        abc.single[0], abc.single[1], abc.single[2] = <float> a, <float> b, <float> c
    elif type == EXTENDED:
        abc.extended[0], abc.extended[1], abc.extended[2] = a, b, c
    else:
        abc.single[0] = <float> to_half(a)
        abc.single[1] = <float> to_half(b)
        abc.single[2] = <float> to_half(c)


cdef void uniform_edges(coefficient_t h, bint half, Precision type, Coefficients *first,
                        Coefficients *last) noexcept nogil:
    """Both edges to second order."""
    store(first, type, rounded(<coefficient_t> -1.5 / h, half),
          rounded(<coefficient_t> 2. / h, half), rounded(<coefficient_t> -0.5 / h, half))
    store(last, type, rounded(<coefficient_t> 0.5 / h, half),
          rounded(<coefficient_t> -2. / h, half), rounded(<coefficient_t> 1.5 / h, half))


cdef void nonuniform_first(coefficient_t h1, coefficient_t h2, bint half, Precision type,
                           Coefficients *first) noexcept nogil:
    """The first edge to second order; h1 and h2 are the first two steps."""
    cdef coefficient_t both = rounded(h1 + h2, half)
    cdef coefficient_t twice = rounded(<coefficient_t> 2. * h1, half)
    store(first, type, rounded(-rounded(twice + h2, half) / rounded(h1 * both, half), half),
          rounded(both / rounded(h1 * h2, half), half),
          rounded(-h1 / rounded(h2 * both, half), half))


cdef void nonuniform_last(coefficient_t h1, coefficient_t h2, bint half, Precision type,
                          Coefficients *last) noexcept nogil:
    """The last edge to second order; h1 and h2 are the last two steps."""
    cdef coefficient_t both = rounded(h1 + h2, half)
    cdef coefficient_t twice = rounded(<coefficient_t> 2. * h2, half)
    store(last, type, rounded(h2 / rounded(h1 * both, half), half),
          rounded(-both / rounded(h1 * h2, half), half),
          rounded(rounded(twice + h1, half) / rounded(h2 * both, half), half))


cdef inline void nonuniform_point(coefficient_t h1, coefficient_t h2, bint half,
                                  coefficient_t *a, coefficient_t *b,
                                  coefficient_t *c) noexcept nogil:
    """An interior point; h1 and h2 are the steps before and after it."""
    cdef coefficient_t both = rounded(h1 + h2, half)
    a[0] = rounded(-h2 / rounded(h1 * both, half), half)
    b[0] = rounded(rounded(h2 - h1, half) / rounded(h1 * h2, half), half)
    c[0] = rounded(h1 / rounded(h2 * both, half), half)


# The same for a run of coordinates, in their precision; kernel_t is what the kernels read.

ctypedef fused position_t:
    # Holds coordinates exactly.
    double
    longdouble

ctypedef fused kernel_t:
    float
    double
    longdouble


cdef inline void _nonuniform_interior(const position_t *x, Py_ssize_t count, bint half,
                                      coefficient_t type_tag, kernel_t *restrict a,
                                      kernel_t *restrict b,
                                      kernel_t *restrict c) noexcept nogil:
    cdef Py_ssize_t i
    cdef coefficient_t ai, bi, ci
    for i in range(count):
        nonuniform_point(rounded(<coefficient_t> x[i + 1] - <coefficient_t> x[i], half),
                         rounded(<coefficient_t> x[i + 2] - <coefficient_t> x[i + 1], half),
                         half, &ai, &bi, &ci)
        a[i], b[i], c[i] = <kernel_t> ai, <kernel_t> bi, <kernel_t> ci


cdef void widen(double *row, Py_ssize_t count) noexcept nogil:
    """Make doubles of the floats in the first half of a row."""
    cdef float single
    cdef Py_ssize_t i
    for i in range(count - 1, -1, -1):
        memcpy(&single, <const char *> row + i * sizeof(float), sizeof(float))
        row[i] = single


cdef void nonuniform_interior(const position_t *x, Py_ssize_t count, Precision precision,
                              kernel_t *a, kernel_t *b, kernel_t *c) noexcept nogil:
    """count interior points, the first of which is at x[1]."""
    if position_t is longdouble:
        _nonuniform_interior(x, count, False, <longdouble> 0, a, b, c)
    elif kernel_t is double and precision == HALF:
        # By the loop for floats: one for doubles would be 2 % of a wheel.
        nonuniform_interior(x, count, precision, <float *> a, <float *> b, <float *> c)
        widen(a, count)
        widen(b, count)
        widen(c, count)
    elif precision == HALF:
        _nonuniform_interior(x, count, True, <float> 0, a, b, c)
    elif kernel_t is float or precision == SINGLE:
        # Coefficients are never wider than what a kernel reads.
        _nonuniform_interior(x, count, False, <float> 0, a, b, c)
    else:
        _nonuniform_interior(x, count, False, <double> 0, a, b, c)


cdef inline bint _steps_are(const position_t *x, Py_ssize_t count, bint half,
                            coefficient_t h) noexcept nogil:
    cdef Py_ssize_t i
    cdef int different = 0
    for i in range(count):
        # A branch here would keep the loop from being vector code.
        different |= rounded(<coefficient_t> x[i + 1] - <coefficient_t> x[i], half) != h
    return different == 0


cdef bint steps_are(const position_t *x, Py_ssize_t count, Precision precision,
                    double h) noexcept nogil:
    """Whether count steps from x[0] on all are h, a number of this precision."""
    if precision == HALF:
        return _steps_are(x, count, True, <float> h)
    elif precision == SINGLE:
        return _steps_are(x, count, False, <float> h)
    return _steps_are(x, count, False, h)
