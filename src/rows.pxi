# The inner loops: a stencil applied to one row of points.
#
# In each, `p`, `q` and `r` are the up to three rows of f that a stencil reads,
# shifted so that index i is right for all of them, and `a`, `b`, `c` are their
# coefficients. `value_t` is the type of f, in which differences are rounded;
# `coefficient_t` is that of the spacing. C promotes the two as NumPy does:
# float with double gives double, and the result is rounded once, when stored.

ctypedef fused value_t:
    float
    double

ctypedef fused coefficient_t:
    float
    double

# What the walker knows of a row kernel; steps are in elements.
ctypedef void (*row_kernel)(
    void *out, const void *p, const void *q, const void *r,
    const void *a, const void *b, const void *c,
    Py_ssize_t out_step, Py_ssize_t step, Py_ssize_t count) noexcept nogil


# Each kernel calls its one inlined body from two arms, with literal unit steps,
# which the compiler turns into vector code, and with the steps of the row.

cdef inline void _divide(value_t *restrict out, const value_t *p, const value_t *r,
                         coefficient_t a, Py_ssize_t out_step, Py_ssize_t step,
                         Py_ssize_t count) noexcept nogil:
    # out[i] = (r[i] - p[i]) / a
    cdef Py_ssize_t i
    for i in range(count):
        out[i * out_step] = <value_t> ((r[i * step] - p[i * step]) / a)


cdef void divide(value_t *out, const value_t *p, const value_t *q, const value_t *r,
                 const coefficient_t *a, const coefficient_t *b, const coefficient_t *c,
                 Py_ssize_t out_step, Py_ssize_t step, Py_ssize_t count) noexcept nogil:
    if out_step == 1 and step == 1:
        _divide(out, p, r, a[0], 1, 1, count)
    else:
        _divide(out, p, r, a[0], out_step, step, count)


cdef inline void _scale(value_t *restrict out, const value_t *p, const value_t *r,
                        coefficient_t a, Py_ssize_t out_step, Py_ssize_t step,
                        Py_ssize_t count) noexcept nogil:
    # out[i] = (r[i] - p[i]) * a
    cdef Py_ssize_t i
    for i in range(count):
        out[i * out_step] = <value_t> ((r[i * step] - p[i * step]) * a)


cdef void scale(value_t *out, const value_t *p, const value_t *q, const value_t *r,
                const coefficient_t *a, const coefficient_t *b, const coefficient_t *c,
                Py_ssize_t out_step, Py_ssize_t step, Py_ssize_t count) noexcept nogil:
    if out_step == 1 and step == 1:
        _scale(out, p, r, a[0], 1, 1, count)
    else:
        _scale(out, p, r, a[0], out_step, step, count)


cdef inline void _combine(value_t *restrict out, const value_t *p, const value_t *q,
                          const value_t *r, coefficient_t a, coefficient_t b,
                          coefficient_t c, Py_ssize_t out_step, Py_ssize_t step,
                          Py_ssize_t count) noexcept nogil:
    # out[i] = a p[i] + b q[i] + c r[i]
    cdef Py_ssize_t i
    for i in range(count):
        out[i * out_step] = <value_t> (
            a * p[i * step] + b * q[i * step] + c * r[i * step])


cdef void combine(value_t *out, const value_t *p, const value_t *q, const value_t *r,
                  const coefficient_t *a, const coefficient_t *b, const coefficient_t *c,
                  Py_ssize_t out_step, Py_ssize_t step, Py_ssize_t count) noexcept nogil:
    if out_step == 1 and step == 1:
        _combine(out, p, q, r, a[0], b[0], c[0], 1, 1, count)
    else:
        _combine(out, p, q, r, a[0], b[0], c[0], out_step, step, count)


cdef inline void _combine_varying(value_t *restrict out, const value_t *p, const value_t *q,
                                  const value_t *r, const coefficient_t *a,
                                  const coefficient_t *b, const coefficient_t *c,
                                  Py_ssize_t out_step, Py_ssize_t step,
                                  Py_ssize_t count) noexcept nogil:
    # out[i] = a[i] p[i] + b[i] q[i] + c[i] r[i]
    cdef Py_ssize_t i
    for i in range(count):
        out[i * out_step] = <value_t> (
            a[i] * p[i * step] + b[i] * q[i * step] + c[i] * r[i * step])


cdef void combine_varying(value_t *out, const value_t *p, const value_t *q,
                          const value_t *r, const coefficient_t *a,
                          const coefficient_t *b, const coefficient_t *c,
                          Py_ssize_t out_step, Py_ssize_t step,
                          Py_ssize_t count) noexcept nogil:
    if out_step == 1 and step == 1:
        _combine_varying(out, p, q, r, a, b, c, 1, 1, count)
    else:
        _combine_varying(out, p, q, r, a, b, c, out_step, step, count)


# The four kernels for one pair of types, by what they do.
cdef struct Kernels:
    row_kernel divide
    row_kernel scale
    row_kernel combine
    row_kernel combine_varying

cdef Kernels KERNELS[2][2]        # [is value_t float][is coefficient_t float]

KERNELS[0][0] = Kernels(
    <row_kernel> divide[double, double], <row_kernel> scale[double, double],
    <row_kernel> combine[double, double], <row_kernel> combine_varying[double, double])
KERNELS[0][1] = Kernels(
    <row_kernel> divide[double, float], <row_kernel> scale[double, float],
    <row_kernel> combine[double, float], <row_kernel> combine_varying[double, float])
KERNELS[1][0] = Kernels(
    <row_kernel> divide[float, double], <row_kernel> scale[float, double],
    <row_kernel> combine[float, double], <row_kernel> combine_varying[float, double])
KERNELS[1][1] = Kernels(
    <row_kernel> divide[float, float], <row_kernel> scale[float, float],
    <row_kernel> combine[float, float], <row_kernel> combine_varying[float, float])


# Data of other types is brought into a buffer of doubles, a row at a time.

ctypedef fused loaded_t:
    signed char
    short
    int
    long
    long long
    unsigned char
    unsigned short
    unsigned int
    unsigned long
    unsigned long long
    float
    double

ctypedef void (*row_loader)(double *row, const void *source, Py_ssize_t step,
                            Py_ssize_t count) noexcept nogil


cdef void load(double *restrict row, const loaded_t *source, Py_ssize_t step,
               Py_ssize_t count) noexcept nogil:
    # row[i] = source[i]
    cdef Py_ssize_t i
    if step == 1:
        for i in range(count):
            row[i] = <double> source[i]
    else:
        for i in range(count):
            row[i] = <double> source[i * step]


cdef row_loader LOADERS[cnp.NPY_DOUBLE + 1]     # by NumPy's type number

LOADERS[<int> cnp.NPY_BOOL] = NULL
LOADERS[<int> cnp.NPY_BYTE] = <row_loader> load[cython.schar]
LOADERS[<int> cnp.NPY_UBYTE] = <row_loader> load[cython.uchar]
LOADERS[<int> cnp.NPY_SHORT] = <row_loader> load[short]
LOADERS[<int> cnp.NPY_USHORT] = <row_loader> load[cython.ushort]
LOADERS[<int> cnp.NPY_INT] = <row_loader> load[int]
LOADERS[<int> cnp.NPY_UINT] = <row_loader> load[cython.uint]
LOADERS[<int> cnp.NPY_LONG] = <row_loader> load[long]
LOADERS[<int> cnp.NPY_ULONG] = <row_loader> load[cython.ulong]
LOADERS[<int> cnp.NPY_LONGLONG] = <row_loader> load[cython.longlong]
LOADERS[<int> cnp.NPY_ULONGLONG] = <row_loader> load[cython.ulonglong]
LOADERS[<int> cnp.NPY_FLOAT] = <row_loader> load[float]
LOADERS[<int> cnp.NPY_DOUBLE] = <row_loader> load[double]


cdef inline row_loader loader_of(int type_num) noexcept:
    """The loader for a NumPy type number, or NULL for a type that has none."""
    return LOADERS[type_num] if 0 <= type_num <= cnp.NPY_DOUBLE else NULL
