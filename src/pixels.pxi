# Differences of the integers that images have, and of NumPy's own, converted as they are read: rows
# of doubles would have to be written first and read again. Multiplied alone, for a spacing of 1 or
# another power of two: images mostly have none other.

ctypedef fused pixel_t:
    unsigned char
    unsigned short
    short
    int
    long long


cdef inline double difference(pixel_t p, pixel_t r) noexcept nogil:
    """r - p, as of doubles."""
    if pixel_t is int or pixel_t is cython.longlong:
        return as_double(r) - as_double(p)
    # Exact either way, and converted once.
    return <double> (<int> r - <int> p)


cdef void scaled_ends(double *first, double *last, const double *f,
                      const Rows *rows) noexcept nogil:
    """The edges of a row, f its first three numbers and its last three."""
    cdef double out[6]
    cdef Rows ends = rows[0]
    ends.count = 4
    ends.step = ends.out_step = 1
    scaled_edges(out, f, <double> 0, &ends)
    first[0], last[0] = out[0], out[5]


cdef void scale_pixels(double *restrict out, const pixel_t *p, const pixel_t *q, const pixel_t *r,
                       const double *a, const double *b, const double *c,
                       const Rows *rows) noexcept nogil:
    # `scale`, of rows whose numbers lie side by side.
    cdef Py_ssize_t i, k
    cdef double factor = a[0]
    cdef double ends[6]
    for k in range(rows.rows):
        for i in range(rows.count):
            out[i] = difference(p[i], r[i]) * factor
        if rows.edge_points:
            for i in range(3):
                ends[i], ends[3 + i] = as_double(p[i]), as_double(p[rows.count - 1 + i])
            scaled_ends(out - 1, out + rows.count, ends, rows)
        out += rows.out_jump
        p += rows.jump
        r += rows.jump


cdef void set_pixels(row_kernel *scale) noexcept:
    """By NumPy's type number. Other integers are rare, and load rows (conversion.pxi)."""
    scale[<int> cnp.NPY_UBYTE] = <row_kernel> scale_pixels[cython.uchar]
    scale[<int> cnp.NPY_SHORT] = <row_kernel> scale_pixels[short]
    scale[<int> cnp.NPY_USHORT] = <row_kernel> scale_pixels[cython.ushort]
    scale[<int> cnp.NPY_INT] = <row_kernel> scale_pixels[int]
    scale[<int> cnp.NPY_LONGLONG] = <row_kernel> scale_pixels[cython.longlong]
    # As wide as one of the others.
    if sizeof(long) == sizeof(int):
        scale[<int> cnp.NPY_LONG] = scale[<int> cnp.NPY_INT]
    else:
        scale[<int> cnp.NPY_LONG] = scale[<int> cnp.NPY_LONGLONG]
