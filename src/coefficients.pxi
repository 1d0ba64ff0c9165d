# The formulas, once each: what a stencil multiplies its points by, for a spacing
# h or for steps h1, h2 between neighbouring coordinates.
#
# Source: one-sided and central differences from Taylor's series on uneven
# points, in the form and the order of operations of `numpy.gradient`, so that
# every operation rounds as NumPy's does, to coefficient_t.

cdef union Coefficients:
    # a, b and c of a stencil, in the type that its kernel reads.
    float single[3]
    double full[3]


cdef inline void store(Coefficients *abc, coefficient_t a, coefficient_t b,
                       coefficient_t c) noexcept nogil:
    if coefficient_t is float:
        abc.single[0] = a
        abc.single[1] = b
        abc.single[2] = c
    else:
        abc.full[0] = a
        abc.full[1] = b
        abc.full[2] = c


cdef void uniform_edges(coefficient_t h, Coefficients *first,
                        Coefficients *last) noexcept nogil:
    """Both edges to second order."""
    store(first, <coefficient_t> -1.5 / h, <coefficient_t> 2. / h, <coefficient_t> -0.5 / h)
    store(last, <coefficient_t> 0.5 / h, <coefficient_t> -2. / h, <coefficient_t> 1.5 / h)


cdef void nonuniform_first(coefficient_t h1, coefficient_t h2, Coefficients *first) noexcept nogil:
    """The first edge to second order; h1 and h2 are the first two steps."""
    store(first, -(<coefficient_t> 2. * h1 + h2) / (h1 * (h1 + h2)),
          (h1 + h2) / (h1 * h2),
          -h1 / (h2 * (h1 + h2)))


cdef void nonuniform_last(coefficient_t h1, coefficient_t h2, Coefficients *last) noexcept nogil:
    """The last edge to second order; h1 and h2 are the last two steps."""
    store(last, h2 / (h1 * (h1 + h2)),
          -(h2 + h1) / (h1 * h2),
          (<coefficient_t> 2. * h2 + h1) / (h2 * (h1 + h2)))


cdef inline void nonuniform_point(coefficient_t h1, coefficient_t h2, coefficient_t *a,
                                  coefficient_t *b, coefficient_t *c) noexcept nogil:
    """An interior point; h1 and h2 are the steps before and after it."""
    a[0] = -h2 / (h1 * (h1 + h2))
    b[0] = (h2 - h1) / (h1 * h2)
    c[0] = h1 / (h2 * (h1 + h2))


cdef void nonuniform_interior(const double *x, Py_ssize_t count, coefficient_t *restrict a,
                              coefficient_t *restrict b,
                              coefficient_t *restrict c) noexcept nogil:
    """count interior points, the first of which is at x[1]."""
    cdef Py_ssize_t i
    for i in range(count):
        nonuniform_point(<coefficient_t> x[i + 1] - <coefficient_t> x[i],
                         <coefficient_t> x[i + 2] - <coefficient_t> x[i + 1],
                         &a[i], &b[i], &c[i])
