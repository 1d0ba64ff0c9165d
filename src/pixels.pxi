# Differences of integers, as images have them, and of halves, converted as they are read: rows of
# doubles or floats would have to be written first and read again. Multiplied alone, for a spacing
# of 1 or another power of two: images mostly have none other.

cdef extern from "pixels.h" nogil:
    const unsigned int TOP_BIT
    bint SCALES_HALVES
    Py_ssize_t scale_integers(double *out, const void *p, const void *r, double a,
                              Py_ssize_t count, size_t size, bint is_signed)
    void scale_row_of_halves(unsigned short *out, const unsigned short *p,
                             const unsigned short *r, float a, Py_ssize_t count)

ctypedef fused pixel_t:
    signed char
    unsigned char
    short
    unsigned short
    int
    unsigned int
    long long
    unsigned long long


cdef inline double difference(pixel_t p, pixel_t r) noexcept nogil:
    """r - p, as of doubles."""
    if pixel_t is cython.uint:
        return as_double(<int> (r ^ TOP_BIT)) - as_double(<int> (p ^ TOP_BIT))
    if sizeof(pixel_t) >= sizeof(int):
        return as_double(r) - as_double(p)
    # Exact either way, and converted once.
    return <double> (<int> r - <int> p)


cdef inline void scaled_ends(value_t *first, value_t *last, const value_t *f,
                             const Rows *rows) noexcept nogil:
    """The edges of a row, f its first three numbers and its last three."""
    # Inline, so that there is none for long doubles.
    cdef value_t out[6]
    cdef Rows ends = rows[0]
    ends.count = 4
    ends.step = ends.out_step = 1
    scaled_edges(out, f, <value_t> 0, &ends)
    first[0], last[0] = out[0], out[5]


cdef void scale_pixels(double *restrict out, const pixel_t *p, const pixel_t *q, const pixel_t *r,
                       const double *a, const double *b, const double *c,
                       const Rows *rows) noexcept nogil:
    # `scale`, of rows whose numbers lie side by side.
    cdef Py_ssize_t i, k, done = 0
    cdef bint is_signed = <pixel_t> -1 < 0
    cdef double factor = a[0]
    cdef double ends[6]
    for k in range(rows.rows):
        if sizeof(pixel_t) < sizeof(long long):
            # Of 64 bits they take as long either way.
            done = scale_integers(out, p, r, factor, rows.count, sizeof(pixel_t), is_signed)
        for i in range(done, rows.count):
            out[i] = difference(p[i], r[i]) * factor
        if rows.edge_points:
            for i in range(3):
                ends[i], ends[3 + i] = as_double(p[i]), as_double(p[rows.count - 1 + i])
            scaled_ends(out - 1, out + rows.count, ends, rows)
        out += rows.out_jump
        p += rows.jump
        r += rows.jump


cdef void scale_halves(unsigned short *out, const unsigned short *p, const unsigned short *q,
                       const unsigned short *r, const float *a, const float *b, const float *c,
                       const Rows *rows) noexcept nogil:
    # The same, and results where they go.
    cdef Py_ssize_t k
    cdef float ends[6]
    for k in range(rows.rows):
        scale_row_of_halves(out, p, r, a[0], rows.count)
        if rows.edge_points:
            load_halves(ends, p, 1, 3)
            load_halves(ends + 3, p + rows.count - 1, 1, 3)
            scaled_ends(ends, ends + 1, ends, rows)
            store_halves(out - 1, rows.count + 1, ends, 2)
        out += rows.out_jump
        p += rows.jump
        r += rows.jump


cdef void set_pixels(row_kernel *scale) noexcept:
    """By NumPy's type number.

    Halves load rows where no instruction converts them (conversion.pxi).
    """
    scale[<int> NPY_BYTE] = <row_kernel> scale_pixels[cython.schar]
    scale[<int> NPY_UBYTE] = <row_kernel> scale_pixels[cython.uchar]
    scale[<int> NPY_SHORT] = <row_kernel> scale_pixels[short]
    scale[<int> NPY_USHORT] = <row_kernel> scale_pixels[cython.ushort]
    scale[<int> NPY_INT] = <row_kernel> scale_pixels[int]
    scale[<int> NPY_UINT] = <row_kernel> scale_pixels[cython.uint]
    scale[<int> NPY_LONGLONG] = <row_kernel> scale_pixels[cython.longlong]
    scale[<int> NPY_ULONGLONG] = <row_kernel> scale_pixels[cython.ulonglong]
    # Set either way: what another level set here must not stay.
    scale[<int> NPY_HALF] = NULL
    if SCALES_HALVES:
        scale[<int> NPY_HALF] = <row_kernel> scale_halves
    # As wide as one of the others.
    if sizeof(long) == sizeof(int):
        scale[<int> NPY_LONG] = scale[<int> NPY_INT]
        scale[<int> NPY_ULONG] = scale[<int> NPY_UINT]
    else:
        scale[<int> NPY_LONG] = scale[<int> NPY_LONGLONG]
        scale[<int> NPY_ULONG] = scale[<int> NPY_ULONGLONG]
