# The inner loops: a stencil applied to one row of points.
#
# In each, `p`, `q` and `r` are the up to three rows of f that a stencil reads,
# shifted so that index i is right for all of them, and `a`, `b`, `c` are their
# coefficients. `value_t` is the type of f, in which differences are rounded;
# `coefficient_t` is the wider of it and the spacing's. C promotes the two as NumPy
# does: float with double gives double, and the result is rounded once, when stored.

cdef extern from *:
    """
    /* What is inline here must be: called from a loop, it would keep that from being vector
       code, and compilers give up inlining when a function grows. */
    #undef CYTHON_INLINE
    #if defined(_MSC_VER)
      #define CYTHON_INLINE __forceinline
    #else
      #define CYTHON_INLINE inline __attribute__((always_inline))
    #endif
    """

ctypedef long double longdouble

ctypedef fused value_t:
    float
    double
    longdouble

ctypedef fused coefficient_t:
    float
    double
    longdouble

cdef enum Precision:
    HALF                          # held in floats
    SINGLE                        # float
    DOUBLE                        # double
    EXTENDED                      # long double
    # Of spacings alone, in which NumPy's rules (NEP 50) let the data decide more or less:
    WEAK                          # a Python number: worked with in double, then that of the data
    SMALL                         # bool, or an integer up to 16 bits: 2. * h is double, h float

cdef enum Kind:
    # What numbers the rows hold, of type value_t.
    REAL
    HALVES                        # floats that are rounded to half precision
    HALVES_ALONE                  # the same, with coefficients in half precision too
    COMPLEX                       # pairs; steps count both parts

# Rows of points, all of the same length: steps are from point to point of a
# row, jumps from row to row, both in numbers as a kernel reads and writes them.
cdef struct Rows:
    Kind kind
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
    # Where results along another axis go, whose neighbours are a jump away, or NULL; and what its
    # differences are divided or multiplied by. Then there is one row, of BOTH_LEAST real numbers or
    # more side by side, without edges; across, the numbers before and after it are done as well. Or
    # there are BOTH_ROWS rows or more of as many, with their edges, whose results are as far apart,
    # combined across by three runs of coefficients, each so many numbers after the one before.
    void *across
    const void *across_by
    Py_ssize_t across_run
    Py_ssize_t ahead              # bytes: so far on f and both results are asked for, if not 0

# What the walker knows of a kernel.
ctypedef void (*row_kernel)(
    void *out, const void *p, const void *q, const void *r,
    const void *a, const void *b, const void *c, const Rows *rows) noexcept nogil

cdef extern from "half.h" nogil:
    float float_to_half(float x)
    float difference_to_half(float x)
    double double_to_half(double x)
    longdouble long_double_to_half(longdouble x)
    enum:
        ROUNDS_AS_NUMPY

cdef extern from "vectors.h" nogil:
    enum:
        LINE "CACHE_LINE"
        LONG "LONG_ROW"
        SHIFTS_NEIGHBOURS
        BOTH_LEAST
        BOTH_ROWS
        DIVIDES_FLOATS_BOTH
        DIVIDES_DOUBLES_BOTH
        DIVIDES_WIDENED_BOTH
    Py_ssize_t divide_floats(float *out, const float *p, const float *r, float a, Py_ssize_t count)
    Py_ssize_t divide_doubles(
        double *out, const double *p, const double *r, double a, Py_ssize_t count)
    Py_ssize_t scale_floats(float *out, const float *p, const float *r, float a, Py_ssize_t count)
    Py_ssize_t scale_doubles(
        double *out, const double *p, const double *r, double a, Py_ssize_t count)
    bint divide_floats_both(float *out, float *across, const float *p, float a, float b,
                            Py_ssize_t jump, Py_ssize_t ahead, Py_ssize_t count)
    bint divide_doubles_both(double *out, double *across, const double *p, double a, double b,
                             Py_ssize_t jump, Py_ssize_t ahead, Py_ssize_t count)
    bint divide_widened_both(float *out, float *across, const float *p, double a, double b,
                             Py_ssize_t jump, Py_ssize_t ahead, Py_ssize_t count)
    bint scale_floats_both(float *out, float *across, const float *p, float a, float b,
                           Py_ssize_t jump, Py_ssize_t ahead, Py_ssize_t count)
    bint scale_doubles_both(double *out, double *across, const double *p, double a, double b,
                            Py_ssize_t jump, Py_ssize_t ahead, Py_ssize_t count)
    void combine_floats_both(float *out, float *across, const float *p, const float *a,
                             const float *b, const float *c, const float *by, Py_ssize_t run,
                             Py_ssize_t jump, Py_ssize_t ahead, Py_ssize_t count, Py_ssize_t rows)
    void combine_doubles_both(double *out, double *across, const double *p, const double *a,
                              const double *b, const double *c, const double *by, Py_ssize_t run,
                              Py_ssize_t jump, Py_ssize_t ahead, Py_ssize_t count, Py_ssize_t rows)
    void combine_widened_both(float *out, float *across, const float *p, const double *a,
                              const double *b, const double *c, const double *by, Py_ssize_t run,
                              Py_ssize_t jump, Py_ssize_t ahead, Py_ssize_t count, Py_ssize_t rows)
    Py_ssize_t divide_widened(
        float *out, const float *p, const float *r, double a, Py_ssize_t count)
    Py_ssize_t divide_in_double(
        float *out, const float *p, const float *r, double a, Py_ssize_t count)
    Py_ssize_t divide_floats_backward(
        float *out, const float *p, const float *r, float a, Py_ssize_t count)
    Py_ssize_t divide_doubles_backward(
        double *out, const double *p, const double *r, double a, Py_ssize_t count)
    Py_ssize_t scale_floats_backward(
        float *out, const float *p, const float *r, float a, Py_ssize_t count)
    Py_ssize_t scale_doubles_backward(
        double *out, const double *p, const double *r, double a, Py_ssize_t count)
    bint combine_floats(
        float *out, const float *p, const float *q, const float *r, const float *a,
        const float *b, const float *c, Py_ssize_t count, Py_ssize_t rows, Py_ssize_t jump,
        Py_ssize_t out_jump, Py_ssize_t coefficient_jump)
    bint combine_doubles(
        double *out, const double *p, const double *q, const double *r, const double *a,
        const double *b, const double *c, Py_ssize_t count, Py_ssize_t rows, Py_ssize_t jump,
        Py_ssize_t out_jump, Py_ssize_t coefficient_jump)
    bint combine_widened(
        float *out, const float *p, const float *q, const float *r, const double *a,
        const double *b, const double *c, Py_ssize_t count, Py_ssize_t rows, Py_ssize_t jump,
        Py_ssize_t out_jump, Py_ssize_t coefficient_jump)
    bint combine_varying_floats(
        float *out, const float *p, const float *q, const float *r, const float *a,
        const float *b, const float *c, Py_ssize_t count, Py_ssize_t rows, Py_ssize_t jump,
        Py_ssize_t out_jump, Py_ssize_t coefficient_jump)
    bint combine_varying_doubles(
        double *out, const double *p, const double *q, const double *r, const double *a,
        const double *b, const double *c, Py_ssize_t count, Py_ssize_t rows, Py_ssize_t jump,
        Py_ssize_t out_jump, Py_ssize_t coefficient_jump)
    bint combine_varying_widened(
        float *out, const float *p, const float *q, const float *r, const double *a,
        const double *b, const double *c, Py_ssize_t count, Py_ssize_t rows, Py_ssize_t jump,
        Py_ssize_t out_jump, Py_ssize_t coefficient_jump)


cdef inline coefficient_t to_half(coefficient_t x) noexcept nogil:
    """The nearest number of half precision."""
    if coefficient_t is float:
        return float_to_half(x)
    elif coefficient_t is double:
        return double_to_half(x)
    else:
        return long_double_to_half(x)


cdef inline coefficient_t rounded(coefficient_t x, bint half) noexcept nogil:
    """The result of an operation; `half`, a literal, says whether in half precision."""
    return to_half(x) if half else x


cdef inline float stored(coefficient_t x) noexcept nogil:
    """A number that will be rounded to half precision when it is stored (`store_halves`)."""
    if coefficient_t is float:
        return x
    else:
        return <float> to_half(x)     # not by way of float: that would round twice


# The arithmetic of one point, on real numbers. `kind` is a literal.

cdef inline value_t quotient(value_t p, value_t r, coefficient_t a, Kind kind) noexcept nogil:
    """(r - p) / a."""
    cdef value_t difference = r - p
    if kind == REAL:
        return <value_t> (difference / a)
    return stored(difference_to_half(difference) / a)


cdef inline value_t product(value_t p, value_t r, coefficient_t a, Kind kind) noexcept nogil:
    """(r - p) a."""
    cdef value_t difference = r - p
    if kind == REAL:
        return <value_t> (difference * a)
    return stored(difference_to_half(difference) * a)


cdef inline value_t combination(value_t p, value_t q, value_t r, coefficient_t a,
                                coefficient_t b, coefficient_t c, Kind kind) noexcept nogil:
    """a p + b q + c r."""
    cdef coefficient_t ap, bq, cr
    if kind == REAL:
        return <value_t> (a * p + b * q + c * r)
    if kind == HALVES:
        return stored(a * p + b * q + c * r)
    ap, bq, cr = to_half(a * p), to_half(b * q), to_half(c * r)
    return stored(to_half(ap + bq) + cr)


# And on complex ones, which are pairs of numbers. NumPy divides by a real spacing
# as by the complex number h + 0j, with Smith's method, and multiplies by a real
# coefficient as by a + 0j, so that an infinity in one part reaches the other.

cdef inline void complex_quotient(value_t *out, const value_t *p, const value_t *r,
                                  coefficient_t ratio, coefficient_t scale) noexcept nogil:
    """(r - p) / h; ratio is 0 / h, and scale is 1 / h."""
    cdef value_t re = r[0] - p[0]
    cdef value_t im = r[1] - p[1]
    cdef coefficient_t minus_ratio = -ratio     # see complex_combination
    out[0] = <value_t> ((re + im * ratio) * scale)
    out[1] = <value_t> ((im + re * minus_ratio) * scale)


cdef inline void complex_combination(value_t *out, const value_t *p, const value_t *q,
                                     const value_t *r, coefficient_t a, coefficient_t b,
                                     coefficient_t c) noexcept nogil:
    """a p + b q + c r."""
    # Not a p[0] - 0 p[1]: beside a sum in the other part, gcc 12 fuses that with the product
    # (vfmaddsub), whatever -ffp-contract says.
    cdef coefficient_t zero = 0, minus_zero = -zero
    out[0] = <value_t> (
        (a * p[0] + minus_zero * p[1]) + (b * q[0] + minus_zero * q[1])
        + (c * r[0] + minus_zero * r[1]))
    out[1] = <value_t> (
        (a * p[1] + zero * p[0]) + (b * q[1] + zero * q[0]) + (c * r[1] + zero * r[0]))


cdef inline void edges_of(value_t *out, const value_t *f, coefficient_t type_tag,
                          const Rows *rows, Kind kind) noexcept nogil:
    """The edges before and after a row; out and f are at the first."""
    cdef const coefficient_t *first = <const coefficient_t *> rows.first
    cdef const coefficient_t *last = <const coefficient_t *> rows.last
    cdef Py_ssize_t step = rows.step
    cdef value_t *out_last = out + (rows.count + 1) * rows.out_step
    cdef const value_t *f_last = f + (rows.count + 1) * step
    if kind == COMPLEX and rows.edge_points == 2:
        complex_quotient(out, f, f + step, 0 / first[0], 1 / first[0])
        complex_quotient(out_last, f_last - step, f_last, 0 / last[0], 1 / last[0])
    elif kind == COMPLEX:
        complex_combination(out, f, f + step, f + 2 * step, first[0], first[1], first[2])
        complex_combination(out_last, f_last - 2 * step, f_last - step, f_last,
                            last[0], last[1], last[2])
    elif rows.edge_points == 2:
        # (f[1] - f[0]) / h and (f[n - 1] - f[n - 2]) / h
        out[0] = quotient(f[0], f[step], first[0], kind)
        out_last[0] = quotient(f_last[-step], f_last[0], last[0], kind)
    else:
        # a f[0] + b f[1] + c f[2] and a f[n - 3] + b f[n - 2] + c f[n - 1]
        out[0] = combination(f[0], f[step], f[2 * step], first[0], first[1], first[2], kind)
        out_last[0] = combination(f_last[-2 * step], f_last[-step], f_last[0],
                                  last[0], last[1], last[2], kind)


cdef void edges_not_real(value_t *out, const value_t *f, coefficient_t type_tag,
                         const Rows *rows) noexcept nogil:
    # Not inline: five kernels would have five copies.
    if rows.kind == COMPLEX:
        edges_of(out, f, type_tag, rows, COMPLEX)
    elif value_t is float:
        if rows.kind == HALVES:
            edges_of(out, f, type_tag, rows, HALVES)
        elif coefficient_t is float:
            edges_of(out, f, type_tag, rows, HALVES_ALONE)


cdef inline void edges(value_t *out, const value_t *f, coefficient_t type_tag,
                       const Rows *rows) noexcept nogil:
    """The same, the kind made a literal."""
    if rows.kind == REAL:
        edges_of(out, f, type_tag, rows, REAL)
    else:
        edges_not_real(out, f, type_tag, rows)


cdef void edges_apart(value_t *out, const value_t *f, coefficient_t type_tag,
                      const Rows *rows) noexcept nogil:
    # Not inline, as above.
    edges(out, f, type_tag, rows)


cdef inline void scaled_edges(value_t *out, const value_t *f, coefficient_t type_tag,
                              const Rows *rows) noexcept nogil:
    """The same where rows are multiplied, and edges of two points with them."""
    cdef const coefficient_t *first = <const coefficient_t *> rows.first
    cdef const coefficient_t *last = <const coefficient_t *> rows.last
    cdef Py_ssize_t end = rows.count + 1
    if rows.edge_points == 2 and rows.kind == REAL:
        out[0] = product(f[0], f[rows.step], first[0], REAL)
        out[end * rows.out_step] = product(
            f[(end - 1) * rows.step], f[end * rows.step], last[0], REAL)
    elif value_t is float and coefficient_t is float and rows.edge_points == 2:
        out[0] = product(f[0], f[1], first[0], HALVES_ALONE)
        out[end] = product(f[end - 1], f[end], last[0], HALVES_ALONE)
    else:
        edges_apart(out, f, type_tag, rows)


# A kernel calls its one inlined body from several arms. Literal steps, for rows
# forward, backward and (for uniform axes) of every other number, let the compiler turn
# it into vector code, a literal kind takes out the arithmetic of the others; of long rows
# forward and of differences backward vectors.h takes most, and all of combinations forward, but for
# rows shorter than a vector and, without AVX-512, those of float64 whose coefficients change along
# them, which the compiler makes as fast. What is left of differences backward, and combinations
# backward whose coefficients do not change, are run over from the other end of the row: so the
# vector that is turned around is that of results, not two or three of f. Halves always come in
# dense rows; there are no vectors of long doubles.


cdef enum:
    AT_HAND = 1 << 12             # bytes of rows whose edges, or coefficients, are still at hand


cdef inline Py_ssize_t head_of(const value_t *out, Py_ssize_t count) noexcept nogil:
    """Points of a dense row before the first whose store begins a line; all of a short row.

    Where results go past the caches next, stores that lie in two lines were found to be slower, but
    loads that do were not.
    """
    if count < LONG // <Py_ssize_t> sizeof(value_t):
        return count
    return (-<Py_ssize_t> out & (LINE - 1)) // <Py_ssize_t> sizeof(value_t)


cdef inline void _divide(value_t *restrict out, const value_t *p, const value_t *r,
                         coefficient_t a, Py_ssize_t count, Py_ssize_t step,
                         Py_ssize_t out_step, Kind kind) noexcept nogil:
    # out[i] = (r[i] - p[i]) / a
    cdef Py_ssize_t i
    cdef coefficient_t ratio = 0, scale = 1
    if kind == COMPLEX:
        ratio, scale = 0 / a, 1 / a
    for i in range(count):
        if kind == COMPLEX:
            complex_quotient(out + i * out_step, p + i * step, r + i * step, ratio, scale)
        else:
            out[i * out_step] = quotient(p[i * step], r[i * step], a, kind)


cdef inline void divide_dense(value_t *out, const value_t *p, const value_t *r,
                              coefficient_t a, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t begin = 0, end = head_of(out, count)
    while True:
        _divide(out + begin, p + begin, r + begin, a, end - begin, 1, 1, REAL)
        if end == count:
            return
        # Whole groups of vectors, then what is left of the row.
        begin, end = end, count
        if value_t is float and coefficient_t is float:
            begin += divide_floats(out + begin, p + begin, r + begin, a, end - begin)
        elif value_t is double and coefficient_t is double:
            begin += divide_doubles(out + begin, p + begin, r + begin, a, end - begin)
        elif value_t is float and coefficient_t is double:
            begin += divide_widened(out + begin, p + begin, r + begin, a, end - begin)


cdef inline void divide_backward(value_t *out, const value_t *p, const value_t *r,
                                 coefficient_t a, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t done = 0
    if value_t is float and coefficient_t is float:
        done = divide_floats_backward(out, p, r, a, count)
    elif value_t is double and coefficient_t is double:
        done = divide_doubles_backward(out, p, r, a, count)
    # Whole groups of vectors, then what is left of the row.
    out, p, r = out + count - 1, p - count + 1, r - count + 1
    _divide(out, p, r, a, count - done, 1, -1, REAL)


cdef inline bint divide_both(value_t *out, value_t *across, const value_t *p, coefficient_t a,
                             coefficient_t b, Py_ssize_t jump, Py_ssize_t ahead,
                             Py_ssize_t count) noexcept nogil:
    """Run along two axes at once; return whether."""
    cdef bint done = True             # as floats by a float always are
    if value_t is float and coefficient_t is float:
        divide_floats_both(out, across, p, a, b, jump, ahead, count)
    elif value_t is float and coefficient_t is double:
        done = divide_widened_both(out, across, p, a, b, jump, ahead, count)
    elif value_t is double and coefficient_t is double:
        done = divide_doubles_both(out, across, p, a, b, jump, ahead, count)
    if done:
        # The numbers before and after.
        (across - 1)[0] = quotient((p - jump)[0], p[jump], b, REAL)
        across[count] = quotient((p + count + 1 - jump)[0], p[count + 1 + jump], b, REAL)
    return done


cdef void divide_alone(value_t *out, const value_t *p, const value_t *r, coefficient_t a,
                       Py_ssize_t count) noexcept nogil:
    """Run along one of two axes, where both at once did not come to an end."""
    cdef Py_ssize_t done = 0
    if value_t is float and coefficient_t is double:
        done = divide_in_double(out, p, r, a, count)
    elif value_t is double and coefficient_t is double:
        done = divide_doubles(out, p, r, a, count)
    _divide(out + done, p + done, r + done, a, count - done, 1, 1, REAL)


cdef void divide(value_t *out, const value_t *p, const value_t *q, const value_t *r,
                 const coefficient_t *a, const coefficient_t *b, const coefficient_t *c,
                 const Rows *rows) noexcept nogil:
    cdef Py_ssize_t k
    cdef Py_ssize_t count = rows.count, step = rows.step, out_step = rows.out_step
    cdef value_t *across = <value_t *> rows.across
    cdef const coefficient_t *by = <const coefficient_t *> rows.across_by
    if coefficient_t is not longdouble:
        if (DIVIDES_DOUBLES_BOTH if value_t is double else DIVIDES_FLOATS_BOTH
                if coefficient_t is float else DIVIDES_WIDENED_BOTH) and across != NULL:
            if not divide_both(out, across, p, a[0], by[0], rows.jump, rows.ahead, count):
                divide_alone(out, p, r, a[0], count)
                divide_alone(across - 1, p - rows.jump, p + rows.jump, by[0], count + 2)
            return
    for k in range(rows.rows):
        if rows.kind == REAL:
            if coefficient_t is longdouble:
                _divide(out, p, r, a[0], count, step, out_step, REAL)
            elif out_step == 1 and step == 1:
                divide_dense(out, p, r, a[0], count)
            elif out_step == 1 and step == -1:
                divide_backward(out, p, r, a[0], count)
            elif out_step == 1 and step == 2:
                _divide(out, p, r, a[0], count, 2, 1, REAL)
            else:
                _divide(out, p, r, a[0], count, step, out_step, REAL)
        elif rows.kind == COMPLEX:
            if coefficient_t is longdouble:
                _divide(out, p, r, a[0], count, step, out_step, COMPLEX)
            elif step == 2 and out_step == 2:
                _divide(out, p, r, a[0], count, 2, 2, COMPLEX)
            else:
                _divide(out, p, r, a[0], count, step, out_step, COMPLEX)
        elif value_t is float:
            if rows.kind == HALVES:
                _divide(out, p, r, a[0], count, 1, 1, HALVES)
            elif coefficient_t is float:
                _divide(out, p, r, a[0], count, 1, 1, HALVES_ALONE)
        if rows.edge_points:
            edges(out - out_step, p, a[0], rows)
        out += rows.out_jump
        p += rows.jump
        r += rows.jump


cdef inline void _scale(value_t *restrict out, const value_t *p, const value_t *r,
                        coefficient_t a, Py_ssize_t count, Py_ssize_t step,
                        Py_ssize_t out_step, Kind kind) noexcept nogil:
    # out[i] = (r[i] - p[i]) a
    cdef Py_ssize_t i
    for i in range(count):
        out[i * out_step] = product(p[i * step], r[i * step], a, kind)


cdef inline void scale_dense(value_t *out, const value_t *p, const value_t *r,
                             coefficient_t a, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t begin = 0, end = head_of(out, count)
    while True:
        _scale(out + begin, p + begin, r + begin, a, end - begin, 1, 1, REAL)
        if end == count:
            return
        # As above.
        begin, end = end, count
        if value_t is float and coefficient_t is float:
            begin += scale_floats(out + begin, p + begin, r + begin, a, end - begin)
        elif value_t is double and coefficient_t is double:
            begin += scale_doubles(out + begin, p + begin, r + begin, a, end - begin)


cdef inline void scale_backward(value_t *out, const value_t *p, const value_t *r,
                                coefficient_t a, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t done = 0
    if value_t is float and coefficient_t is float:
        done = scale_floats_backward(out, p, r, a, count)
    elif value_t is double and coefficient_t is double:
        done = scale_doubles_backward(out, p, r, a, count)
    out, p, r = out + count - 1, p - count + 1, r - count + 1
    _scale(out, p, r, a, count - done, 1, -1, REAL)


cdef inline void scale_both(value_t *out, value_t *across, const value_t *p, value_t a, value_t b,
                            Py_ssize_t jump, Py_ssize_t ahead,
                            Py_ssize_t count) noexcept nogil:
    # The numbers before and after.
    (across - 1)[0] = product((p - jump)[0], p[jump], b, REAL)
    across[count] = product((p + count + 1 - jump)[0], p[count + 1 + jump], b, REAL)
    if value_t is float:
        scale_floats_both(out, across, p, a, b, jump, ahead, count)
    elif value_t is double:
        scale_doubles_both(out, across, p, a, b, jump, ahead, count)


cdef void scale(value_t *out, const value_t *p, const value_t *q, const value_t *r,
                const coefficient_t *a, const coefficient_t *b, const coefficient_t *c,
                const Rows *rows) noexcept nogil:
    # Not for complex numbers: what they are divided by is inverted anyway. Nor for long doubles,
    # for which `simplify_divisions` does not ask.
    cdef Py_ssize_t k
    cdef Py_ssize_t count = rows.count, step = rows.step, out_step = rows.out_step
    if (value_t is float and coefficient_t is float
            or value_t is double and coefficient_t is double):
        if rows.across != NULL:
            scale_both(out, <value_t *> rows.across, p, a[0],
                       (<const value_t *> rows.across_by)[0], rows.jump, rows.ahead, count)
            return
    for k in range(rows.rows):
        if rows.kind == REAL:
            if out_step == 1 and step == 1:
                scale_dense(out, p, r, a[0], count)
            elif out_step == 1 and step == -1:
                scale_backward(out, p, r, a[0], count)
            elif out_step == 1 and step == 2:
                _scale(out, p, r, a[0], count, 2, 1, REAL)
            else:
                _scale(out, p, r, a[0], count, step, out_step, REAL)
        elif value_t is float and coefficient_t is float:
            _scale(out, p, r, a[0], count, 1, 1, HALVES_ALONE)
        if rows.edge_points:
            scaled_edges(out - out_step, p, a[0], rows)
        out += rows.out_jump
        p += rows.jump
        r += rows.jump


cdef inline void _combine(value_t *restrict out, const value_t *p, const value_t *q,
                          const value_t *r, coefficient_t a, coefficient_t b,
                          coefficient_t c, Py_ssize_t count, Py_ssize_t step,
                          Py_ssize_t out_step, Kind kind) noexcept nogil:
    # out[i] = a p[i] + b q[i] + c r[i]
    cdef Py_ssize_t i
    for i in range(count):
        if kind == COMPLEX:
            complex_combination(out + i * out_step, p + i * step, q + i * step, r + i * step,
                                a, b, c)
        else:
            out[i * out_step] = combination(
                p[i * step], q[i * step], r[i * step], a, b, c, kind)


cdef inline bint combine_dense(value_t *out, const value_t *p, const value_t *q,
                               const value_t *r, const coefficient_t *a, const coefficient_t *b,
                               const coefficient_t *c, const Rows *rows) noexcept nogil:
    """Run over all rows; return whether."""
    if value_t is float and coefficient_t is float:
        return combine_floats(out, p, q, r, a, b, c, rows.count, rows.rows, rows.jump,
                              rows.out_jump, rows.coefficient_jump)
    elif value_t is float and coefficient_t is double:
        return combine_widened(out, p, q, r, a, b, c, rows.count, rows.rows, rows.jump,
                               rows.out_jump, rows.coefficient_jump)
    elif value_t is double and coefficient_t is double:
        return combine_doubles(out, p, q, r, a, b, c, rows.count, rows.rows, rows.jump,
                               rows.out_jump, rows.coefficient_jump)
    return False


cdef void combine(value_t *out, const value_t *p, const value_t *q, const value_t *r,
                  const coefficient_t *a, const coefficient_t *b, const coefficient_t *c,
                  const Rows *rows) noexcept nogil:
    # Rows never run along the axis here: no edges lie beside them.
    cdef Py_ssize_t k, at = 0
    cdef Py_ssize_t count = rows.count, step = rows.step, out_step = rows.out_step
    cdef Py_ssize_t end = count - 1
    if (coefficient_t is not longdouble and rows.kind == REAL and step == 1 and out_step == 1
            and combine_dense(out, p, q, r, a, b, c, rows)):
        return
    for k in range(rows.rows):
        if rows.kind == REAL:
            if coefficient_t is longdouble:
                _combine(out, p, q, r, a[at], b[at], c[at], count, step, out_step, REAL)
            elif out_step == 1 and step == -1:
                _combine(out + end, p - end, q - end, r - end, a[at], b[at], c[at], count, 1, -1,
                         REAL)
            else:
                _combine(out, p, q, r, a[at], b[at], c[at], count, step, out_step, REAL)
        elif rows.kind == COMPLEX:
            if coefficient_t is longdouble:
                _combine(out, p, q, r, a[at], b[at], c[at], count, step, out_step, COMPLEX)
            elif step == 2 and out_step == 2:
                _combine(out, p, q, r, a[at], b[at], c[at], count, 2, 2, COMPLEX)
            else:
                _combine(out, p, q, r, a[at], b[at], c[at], count, step, out_step, COMPLEX)
        elif value_t is float:
            if rows.kind == HALVES:
                _combine(out, p, q, r, a[at], b[at], c[at], count, 1, 1, HALVES)
            elif coefficient_t is float:
                _combine(out, p, q, r, a[at], b[at], c[at], count, 1, 1, HALVES_ALONE)
        out += rows.out_jump
        p += rows.jump
        q += rows.jump
        r += rows.jump
        at += rows.coefficient_jump


cdef inline void _combine_varying(value_t *restrict out, const value_t *p, const value_t *q,
                                  const value_t *r, const coefficient_t *a,
                                  const coefficient_t *b, const coefficient_t *c,
                                  Py_ssize_t count, Py_ssize_t step,
                                  Py_ssize_t out_step, Kind kind) noexcept nogil:
    # out[i] = a[i] p[i] + b[i] q[i] + c[i] r[i]
    cdef Py_ssize_t i
    for i in range(count):
        if kind == COMPLEX:
            complex_combination(out + i * out_step, p + i * step, q + i * step, r + i * step,
                                a[i], b[i], c[i])
        else:
            out[i * out_step] = combination(
                p[i * step], q[i * step], r[i * step], a[i], b[i], c[i], kind)


cdef inline bint combine_varying_dense(value_t *out, const value_t *p, const value_t *q,
                                       const value_t *r, const coefficient_t *a,
                                       const coefficient_t *b, const coefficient_t *c,
                                       Py_ssize_t several, const Rows *rows) noexcept nogil:
    """Run over several rows; return whether."""
    if value_t is float and coefficient_t is float:
        return combine_varying_floats(out, p, q, r, a, b, c, rows.count, several, rows.jump,
                                      rows.out_jump, 0)
    elif value_t is double and coefficient_t is double:
        return combine_varying_doubles(out, p, q, r, a, b, c, rows.count, several, rows.jump,
                                       rows.out_jump, 0)
    elif value_t is float and coefficient_t is double:
        return combine_varying_widened(out, p, q, r, a, b, c, rows.count, several, rows.jump,
                                       rows.out_jump, 0)
    return False


cdef inline void combine_piece(value_t *out, value_t *across, const value_t *p,
                               const coefficient_t *a, const coefficient_t *b,
                               const coefficient_t *c, const coefficient_t *by, Py_ssize_t count,
                               Py_ssize_t several, const Rows *rows) noexcept nogil:
    """Run along two axes at once: `count` points of several rows."""
    cdef Py_ssize_t run = rows.across_run, jump = rows.jump, ahead = rows.ahead
    if value_t is float and coefficient_t is float:
        combine_floats_both(out, across, p, a, b, c, by, run, jump, ahead, count, several)
    elif value_t is double and coefficient_t is double:
        combine_doubles_both(out, across, p, a, b, c, by, run, jump, ahead, count, several)
    elif value_t is float and coefficient_t is double:
        combine_widened_both(out, across, p, a, b, c, by, run, jump, ahead, count, several)


cdef inline void combine_both(value_t *out, const value_t *p, const coefficient_t *a,
                              const coefficient_t *b, const coefficient_t *c,
                              const Rows *rows) noexcept nogil:
    """Run along two axes at once; long rows in pieces, whose coefficients stay at hand."""
    cdef value_t *across = <value_t *> rows.across
    cdef const coefficient_t *by = <const coefficient_t *> rows.across_by
    cdef Py_ssize_t j, k, begin, end, some, left = rows.rows, jump = rows.jump
    cdef Py_ssize_t size = rows.count * <Py_ssize_t> sizeof(value_t)
    cdef Py_ssize_t pieces = (size - 1) // AT_HAND + 1, several = AT_HAND // size
    several = (several // BOTH_ROWS + 1) * BOTH_ROWS if pieces == 1 else left
    while left:
        some = several if left >= several + BOTH_ROWS else left
        begin = 0
        for k in range(pieces):
            end = rows.count * (k + 1) // pieces
            combine_piece(out + begin, across + begin, p + begin, a + begin, b + begin, c + begin,
                          by, end - begin, some, rows)
            begin = end
        for j in range(some):
            edges(out + j * jump - 1, p + j * jump, a[0], rows)
        left -= some
        out, across, p, by = out + some * jump, across + some * jump, p + some * jump, by + some


cdef void combine_varying(value_t *out, const value_t *p, const value_t *q,
                          const value_t *r, const coefficient_t *a,
                          const coefficient_t *b, const coefficient_t *c,
                          const Rows *rows) noexcept nogil:
    cdef Py_ssize_t k = 0, j, together
    cdef Py_ssize_t count = rows.count, step = rows.step, out_step = rows.out_step
    cdef Py_ssize_t several = AT_HAND // (count * <Py_ssize_t> sizeof(value_t)) + 1
    if coefficient_t is not longdouble:
        if SHIFTS_NEIGHBOURS and rows.across != NULL:
            combine_both(out, p, a, b, c, rows)
            return
    while k < rows.rows:
        together = 1
        several = min(several, rows.rows - k)
        if rows.kind == REAL:
            if coefficient_t is longdouble:
                _combine_varying(out, p, q, r, a, b, c, count, step, out_step, REAL)
            elif out_step == 1 and step == -1:
                _combine_varying(out, p, q, r, a, b, c, count, -1, 1, REAL)
            elif out_step == 1 and step == 1 and combine_varying_dense(
                    out, p, q, r, a, b, c, several, rows):
                together = several
            elif value_t is double and not SHIFTS_NEIGHBOURS and out_step == 1 and step == 1:
                _combine_varying(out, p, q, r, a, b, c, count, 1, 1, REAL)
            else:
                _combine_varying(out, p, q, r, a, b, c, count, step, out_step, REAL)
        elif rows.kind == COMPLEX:
            if coefficient_t is longdouble:
                _combine_varying(out, p, q, r, a, b, c, count, step, out_step, COMPLEX)
            elif step == 2 and out_step == 2:
                _combine_varying(out, p, q, r, a, b, c, count, 2, 2, COMPLEX)
            else:
                _combine_varying(out, p, q, r, a, b, c, count, step, out_step, COMPLEX)
        elif value_t is float:
            if rows.kind == HALVES:
                _combine_varying(out, p, q, r, a, b, c, count, 1, 1, HALVES)
            elif coefficient_t is float:
                _combine_varying(out, p, q, r, a, b, c, count, 1, 1, HALVES_ALONE)
        if rows.edge_points:
            for j in range(together):
                edges(out + j * rows.out_jump - out_step, p + j * rows.jump, a[0], rows)
        k += together
        out += together * rows.out_jump
        p += together * rows.jump
        q += together * rows.jump
        r += together * rows.jump


cdef inline void _combine_coordinates(value_t *restrict out, const value_t *p,
                                      const value_t *q, const value_t *r,
                                      const coefficient_t *x, Py_ssize_t count,
                                      Py_ssize_t step, Py_ssize_t out_step) noexcept nogil:
    # out[i] = a p[i] + b q[i] + c r[i], the coefficients worked out from x[i] to x[i + 2]
    cdef Py_ssize_t i
    cdef coefficient_t a, b, c
    for i in range(count):
        nonuniform_point(x[i + 1] - x[i], x[i + 2] - x[i + 1], False, &a, &b, &c)
        out[i * out_step] = combination(p[i * step], q[i * step], r[i * step], a, b, c, REAL)


cdef void combine_coordinates(value_t *out, const value_t *p, const value_t *q,
                              const value_t *r, const coefficient_t *x,
                              const coefficient_t *b, const coefficient_t *c,
                              const Rows *rows) noexcept nogil:
    # For real data of one row, which uses each coefficient once.
    if rows.step == 1 and rows.out_step == 1:
        _combine_coordinates(out, p, q, r, x, rows.count, 1, 1)
    else:
        _combine_coordinates(out, p, q, r, x, rows.count, rows.step, rows.out_step)
    if rows.edge_points:
        edges(out - rows.out_step, p, x[0], rows)
