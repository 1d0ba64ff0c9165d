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

# Rows of points, all of the same length: steps are from point to point of a
# row, jumps from row to row, both in elements.
cdef struct Rows:
    Py_ssize_t count              # points in a row
    Py_ssize_t step
    Py_ssize_t out_step
    Py_ssize_t rows
    Py_ssize_t jump
    Py_ssize_t out_jump
    Py_ssize_t coefficient_jump
    # Where rows run along the axis, the points just before and after them are its
    # edges, and are best done while the row is at hand: see `edges`.
    int edge_points               # 2 or 3; 0 if the edges are left alone
    const void *first             # their coefficients
    const void *last

# What the walker knows of a kernel.
ctypedef void (*row_kernel)(
    void *out, const void *p, const void *q, const void *r,
    const void *a, const void *b, const void *c, const Rows *rows) noexcept nogil


cdef inline void edges(value_t *out, const value_t *f, coefficient_t type_tag,
                       const Rows *rows) noexcept nogil:
    """The edges before and after a row; out and f are at the first."""
    cdef const coefficient_t *first = <const coefficient_t *> rows.first
    cdef const coefficient_t *last = <const coefficient_t *> rows.last
    cdef Py_ssize_t step = rows.step
    cdef value_t *out_last = out + (rows.count + 1) * rows.out_step
    cdef const value_t *f_last = f + (rows.count + 1) * step
    if rows.edge_points == 2:
        # (f[1] - f[0]) / h and (f[n - 1] - f[n - 2]) / h
        out[0] = <value_t> ((f[step] - f[0]) / first[0])
        out_last[0] = <value_t> ((f_last[0] - f_last[-step]) / last[0])
    else:
        # a f[0] + b f[1] + c f[2] and a f[n - 3] + b f[n - 2] + c f[n - 1]
        out[0] = <value_t> (
            first[0] * f[0] + first[1] * f[step] + first[2] * f[2 * step])
        out_last[0] = <value_t> (
            last[0] * f_last[-2 * step] + last[1] * f_last[-step] + last[2] * f_last[0])


# A kernel calls its one inlined body from three arms, with literal steps for
# rows forward and backward, which the compiler turns into vector code, and with
# the steps of the rows.

cdef inline void _divide(value_t *restrict out, const value_t *p, const value_t *r,
                         coefficient_t a, Py_ssize_t count, Py_ssize_t step,
                         Py_ssize_t out_step) noexcept nogil:
    # out[i] = (r[i] - p[i]) / a
    cdef Py_ssize_t i
    for i in range(count):
        out[i * out_step] = <value_t> ((r[i * step] - p[i * step]) / a)


cdef void divide(value_t *out, const value_t *p, const value_t *q, const value_t *r,
                 const coefficient_t *a, const coefficient_t *b, const coefficient_t *c,
                 const Rows *rows) noexcept nogil:
    cdef Py_ssize_t k
    cdef Py_ssize_t count = rows.count, step = rows.step, out_step = rows.out_step
    for k in range(rows.rows):
        if out_step == 1 and step == 1:
            _divide(out, p, r, a[0], count, 1, 1)
        elif out_step == 1 and step == -1:
            _divide(out, p, r, a[0], count, -1, 1)
        else:
            _divide(out, p, r, a[0], count, step, out_step)
        if rows.edge_points:
            edges(out - out_step, p, a[0], rows)
        out += rows.out_jump
        p += rows.jump
        r += rows.jump


cdef inline void _scale(value_t *restrict out, const value_t *p, const value_t *r,
                        coefficient_t a, Py_ssize_t count, Py_ssize_t step,
                        Py_ssize_t out_step) noexcept nogil:
    # out[i] = (r[i] - p[i]) * a
    cdef Py_ssize_t i
    for i in range(count):
        out[i * out_step] = <value_t> ((r[i * step] - p[i * step]) * a)


cdef void scale(value_t *out, const value_t *p, const value_t *q, const value_t *r,
                const coefficient_t *a, const coefficient_t *b, const coefficient_t *c,
                const Rows *rows) noexcept nogil:
    cdef Py_ssize_t k
    cdef Py_ssize_t count = rows.count, step = rows.step, out_step = rows.out_step
    for k in range(rows.rows):
        if out_step == 1 and step == 1:
            _scale(out, p, r, a[0], count, 1, 1)
        elif out_step == 1 and step == -1:
            _scale(out, p, r, a[0], count, -1, 1)
        else:
            _scale(out, p, r, a[0], count, step, out_step)
        if rows.edge_points:
            edges(out - out_step, p, a[0], rows)
        out += rows.out_jump
        p += rows.jump
        r += rows.jump


cdef inline void _combine(value_t *restrict out, const value_t *p, const value_t *q,
                          const value_t *r, coefficient_t a, coefficient_t b,
                          coefficient_t c, Py_ssize_t count, Py_ssize_t step,
                          Py_ssize_t out_step) noexcept nogil:
    # out[i] = a p[i] + b q[i] + c r[i]
    cdef Py_ssize_t i
    for i in range(count):
        out[i * out_step] = <value_t> (
            a * p[i * step] + b * q[i * step] + c * r[i * step])


cdef void combine(value_t *out, const value_t *p, const value_t *q, const value_t *r,
                  const coefficient_t *a, const coefficient_t *b, const coefficient_t *c,
                  const Rows *rows) noexcept nogil:
    cdef Py_ssize_t k, at = 0
    cdef Py_ssize_t count = rows.count, step = rows.step, out_step = rows.out_step
    for k in range(rows.rows):
        if out_step == 1 and step == 1:
            _combine(out, p, q, r, a[at], b[at], c[at], count, 1, 1)
        elif out_step == 1 and step == -1:
            _combine(out, p, q, r, a[at], b[at], c[at], count, -1, 1)
        else:
            _combine(out, p, q, r, a[at], b[at], c[at], count, step, out_step)
        if rows.edge_points:
            edges(out - out_step, p, a[0], rows)
        out += rows.out_jump
        p += rows.jump
        q += rows.jump
        r += rows.jump
        at += rows.coefficient_jump


cdef inline void _combine_varying(value_t *restrict out, const value_t *p, const value_t *q,
                                  const value_t *r, const coefficient_t *a,
                                  const coefficient_t *b, const coefficient_t *c,
                                  Py_ssize_t count, Py_ssize_t step,
                                  Py_ssize_t out_step) noexcept nogil:
    # out[i] = a[i] p[i] + b[i] q[i] + c[i] r[i]
    cdef Py_ssize_t i
    for i in range(count):
        out[i * out_step] = <value_t> (
            a[i] * p[i * step] + b[i] * q[i * step] + c[i] * r[i * step])


cdef void combine_varying(value_t *out, const value_t *p, const value_t *q,
                          const value_t *r, const coefficient_t *a,
                          const coefficient_t *b, const coefficient_t *c,
                          const Rows *rows) noexcept nogil:
    cdef Py_ssize_t k
    cdef Py_ssize_t count = rows.count, step = rows.step, out_step = rows.out_step
    for k in range(rows.rows):
        if out_step == 1 and step == 1:
            _combine_varying(out, p, q, r, a, b, c, count, 1, 1)
        elif out_step == 1 and step == -1:
            _combine_varying(out, p, q, r, a, b, c, count, -1, 1)
        else:
            _combine_varying(out, p, q, r, a, b, c, count, step, out_step)
        if rows.edge_points:
            edges(out - out_step, p, a[0], rows)
        out += rows.out_jump
        p += rows.jump
        q += rows.jump
        r += rows.jump


cdef inline void _combine_coordinates(value_t *restrict out, const value_t *p,
                                      const value_t *q, const value_t *r,
                                      const coefficient_t *x, Py_ssize_t count,
                                      Py_ssize_t step, Py_ssize_t out_step) noexcept nogil:
    # out[i] = a p[i] + b q[i] + c r[i], the coefficients worked out from x[i] to x[i + 2]
    cdef Py_ssize_t i
    cdef coefficient_t a, b, c
    for i in range(count):
        nonuniform_point(x[i + 1] - x[i], x[i + 2] - x[i + 1], &a, &b, &c)
        out[i * out_step] = <value_t> (
            a * p[i * step] + b * q[i * step] + c * r[i * step])


cdef void combine_coordinates(value_t *out, const value_t *p, const value_t *q,
                              const value_t *r, const coefficient_t *x,
                              const coefficient_t *b, const coefficient_t *c,
                              const Rows *rows) noexcept nogil:
    # For data of one row, which uses each coefficient once.
    if rows.step == 1 and rows.out_step == 1:
        _combine_coordinates(out, p, q, r, x, rows.count, 1, 1)
    else:
        _combine_coordinates(out, p, q, r, x, rows.count, rows.step, rows.out_step)
    if rows.edge_points:
        edges(out - rows.out_step, p, x[0], rows)


# The kernels for one pair of types, by what they do.
cdef struct Kernels:
    row_kernel divide
    row_kernel scale
    row_kernel combine
    row_kernel combine_varying
    row_kernel combine_coordinates

cdef Kernels KERNELS[2][2]        # [is value_t float][is coefficient_t float]

KERNELS[0][0] = Kernels(
    <row_kernel> divide[double, double], <row_kernel> scale[double, double],
    <row_kernel> combine[double, double], <row_kernel> combine_varying[double, double],
    <row_kernel> combine_coordinates[double, double])
KERNELS[0][1] = Kernels(
    <row_kernel> divide[double, float], <row_kernel> scale[double, float],
    <row_kernel> combine[double, float], <row_kernel> combine_varying[double, float],
    <row_kernel> combine_coordinates[double, float])
KERNELS[1][0] = Kernels(
    <row_kernel> divide[float, double], <row_kernel> scale[float, double],
    <row_kernel> combine[float, double], <row_kernel> combine_varying[float, double],
    <row_kernel> combine_coordinates[float, double])
KERNELS[1][1] = Kernels(
    <row_kernel> divide[float, float], <row_kernel> scale[float, float],
    <row_kernel> combine[float, float], <row_kernel> combine_varying[float, float],
    <row_kernel> combine_coordinates[float, float])


# Data of other types, and coordinates of any, are brought into a buffer of doubles,
# a row at a time.

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


cdef inline row_loader loader_of(int type_num) noexcept nogil:
    """The loader for a NumPy type number, or NULL for a type that has none."""
    return LOADERS[type_num] if 0 <= type_num <= cnp.NPY_DOUBLE else NULL
