# The spacing of one axis: read from what the caller passed, made into stencils.

cdef enum Precision:
    # The type in which NumPy works with a spacing (NEP 50, by way of `2. * h`).
    WEAK                          # a Python number: double, then the type of the data
    SINGLE                        # float
    DOUBLE                        # double
    SMALL                         # a small integer: h fits float, but 2. * h is double

cdef struct Spacing:
    Precision precision
    bint uniform
    double h                      # where uniform
    Coordinates coordinates       # where not

cdef long long EXACT_INTEGERS = 1LL << 53    # up to here a double holds every integer

# NumPy's scalars, by exact type: a subclass may do as it likes. Floats come first.
cdef tuple SCALAR_TYPES = (
    np.float64, np.float32, np.long, np.longlong, np.intc, np.short, np.byte,
    np.ulong, np.ulonglong, np.uintc, np.ushort, np.ubyte)


cdef int scalar_type(object scalar):
    """Which of SCALAR_TYPES this is, or -1."""
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(SCALAR_TYPES)):
        if type(scalar) is <object> PyTuple_GET_ITEM(SCALAR_TYPES, i):
            return <int> i
    return -1


cdef bint is_integer_scalar(object scalar):
    return scalar_type(scalar) >= 2


cdef Precision precision_of(int scalar_type, object scalar):
    if scalar_type == 0:
        return DOUBLE
    if scalar_type == 1:
        return SINGLE
    return SMALL if scalar.itemsize <= 2 else DOUBLE


cdef bint is_even(const Coordinates *coordinates, Py_ssize_t n, coefficient_t *h) noexcept nogil:
    """Whether all steps are equal to the first, h."""
    cdef double row[ROW + 1]
    cdef const double *x
    cdef Py_ssize_t i, count, start = 0
    cdef int different
    x = coordinates_from(coordinates, 0, 2, row)
    h[0] = <coefficient_t> x[1] - <coefficient_t> x[0]
    while start < n - 1:
        count = min(<Py_ssize_t> ROW, n - 1 - start)
        x = coordinates_from(coordinates, start, count + 1, row)
        different = 0
        for i in range(count):
            # A branch here would keep the loop from being vector code.
            different |= <coefficient_t> x[i + 1] - <coefficient_t> x[i] != h[0]
        if different:
            return False
        start += count
    return True


cdef bint read_coordinates(cnp.ndarray x, Py_ssize_t n, Spacing *spacing):
    """Read coordinates; False where NumPy must judge. Even ones become a spacing."""
    cdef float single
    cdef int type_num = cnp.PyArray_TYPE(x)
    if (loader_of(type_num) == NULL or not is_plain(x) or n < 2
            or cnp.PyArray_NDIM(x) != 1 or cnp.PyArray_DIM(x, 0) != n):
        return False
    spacing.coordinates.load = loader_of(type_num)
    spacing.coordinates.is_real = cnp.PyArray_ISFLOAT(x)
    spacing.coordinates.x = cnp.PyArray_BYTES(x)
    spacing.coordinates.itemsize = cnp.PyArray_ITEMSIZE(x)
    spacing.coordinates.stride = cnp.PyArray_STRIDE(x, 0) // cnp.PyArray_ITEMSIZE(x)
    if type_num == cnp.NPY_FLOAT:
        spacing.precision = SINGLE
        if n < WORTH_RELEASING:
            spacing.uniform = is_even(&spacing.coordinates, n, &single)
        else:
            with nogil:
                spacing.uniform = is_even(&spacing.coordinates, n, &single)
        spacing.h = single
    else:
        spacing.precision = DOUBLE
        if n < WORTH_RELEASING:
            spacing.uniform = is_even(&spacing.coordinates, n, &spacing.h)
        else:
            with nogil:
                spacing.uniform = is_even(&spacing.coordinates, n, &spacing.h)
    return True


cdef bint read_spacing(object h, Py_ssize_t n, Spacing *spacing):
    """Normalise: spacing. False where NumPy must judge."""
    cdef int overflow = 0
    cdef long long integer
    cdef int kind
    spacing.uniform = True
    if PyFloat_CheckExact(h):
        spacing.precision = WEAK
        spacing.h = PyFloat_AS_DOUBLE(h)
        return True
    if cnp.PyArray_CheckExact(h):
        if cnp.PyArray_NDIM(<cnp.ndarray> h) != 0:
            return read_coordinates(<cnp.ndarray> h, n, spacing)
        if loader_of(cnp.PyArray_TYPE(<cnp.ndarray> h)) == NULL:
            return False
        h = h[()]                     # NumPy's arithmetic treats it as this scalar
    if PyLong_CheckExact(h):
        integer = PyLong_AsLongLongAndOverflow(h, &overflow)
        spacing.precision = WEAK
        spacing.h = <double> integer
        return not overflow and -EXACT_INTEGERS <= integer <= EXACT_INTEGERS
    kind = scalar_type(h)
    if kind < 0:
        return False
    spacing.precision = precision_of(kind, h)
    spacing.h = float(h)
    return True


cdef void set_difference(Stencil *stencil, const Kernels *kernels, bint single, double h,
                         Py_ssize_t p, Py_ssize_t r) noexcept nogil:
    """(f[i + r] - f[i + p]) / h."""
    if single:
        stencil.abc.single[0] = <float> h
    else:
        stencil.abc.full[0] = h
    stencil.size = sizeof(float) if single else sizeof(double)
    stencil.kernel = kernels.divide
    stencil.varying = NULL
    stencil.points = 2
    stencil.reach[0] = stencil.reach[1] = p
    stencil.reach[2] = r


cdef void multiply_if_exact(Stencil *stencil, const Kernels *kernels, bint single,
                            double h) noexcept nogil:
    """Replace the division by h, a power of two, by a multiplication: it rounds the same."""
    cdef int exponent
    cdef int limit = 120 if single else 1000     # so that 1 / h is a normal number
    if fabs(frexp(h, &exponent)) != 0.5 or exponent < -limit or exponent > limit:
        return
    if single:
        stencil.abc.single[0] = <float> (1 / h)
    else:
        stencil.abc.full[0] = 1 / h
    stencil.kernel = kernels.scale


cdef void set_combination(Stencil *stencil, const Kernels *kernels, bint single,
                          Py_ssize_t p) noexcept nogil:
    """a f[i + p] + b f[i + p + 1] + c f[i + p + 2]; the coefficients are set elsewhere."""
    cdef int k
    stencil.size = sizeof(float) if single else sizeof(double)
    stencil.kernel = kernels.combine
    stencil.varying = NULL
    stencil.points = 3
    for k in range(3):
        stencil.reach[k] = p + k


cdef void round_to_single(Coefficients *abc) noexcept nogil:
    cdef Coefficients full = abc[0]
    store(abc, <float> full.full[0], <float> full.full[1], <float> full.full[2])


cdef void set_uniform(Job *job, const Spacing *spacing, bint single_values,
                      int edge_order) noexcept nogil:
    cdef bint single = spacing.precision == SINGLE or (
        spacing.precision == WEAK and single_values)
    cdef const Kernels *kernels = &KERNELS[single_values][single]
    cdef double h = spacing.h
    job.uniform = True
    job.direct = False
    job.mixed = False
    set_difference(&job.interior, kernels, single, 2. * h, -1, 1)
    multiply_if_exact(&job.interior, kernels, single, 2. * h)
    if edge_order == 2:
        set_combination(&job.first, kernels, single, 0)
        set_combination(&job.last, kernels, single, -2)
        if spacing.precision == SINGLE:
            uniform_edges(<float> h, &job.first.abc, &job.last.abc)
        else:
            uniform_edges(h, &job.first.abc, &job.last.abc)
        if single and spacing.precision == WEAK:
            round_to_single(&job.first.abc)
            round_to_single(&job.last.abc)
        return
    if spacing.precision == SMALL and single_values:
        single = job.mixed = True
        kernels = &KERNELS[single_values][single]
    set_difference(&job.first, kernels, single, h, 0, 1)
    set_difference(&job.last, kernels, single, h, -1, 0)


cdef void set_nonuniform_edges(Job *job, const Kernels *kernels, int edge_order,
                               coefficient_t type_tag) noexcept nogil:
    cdef double row[3]
    cdef const double *x
    cdef Py_ssize_t count = min(job.n, <Py_ssize_t> 3)
    cdef coefficient_t h1, h2
    cdef bint single = coefficient_t is float
    x = coordinates_from(&job.coordinates, 0, count, row)
    h1 = <coefficient_t> x[1] - <coefficient_t> x[0]
    if edge_order == 2:
        h2 = <coefficient_t> x[2] - <coefficient_t> x[1]
        nonuniform_first(h1, h2, &job.first.abc)
        set_combination(&job.first, kernels, single, 0)
    else:
        set_difference(&job.first, kernels, single, h1, 0, 1)
    x = coordinates_from(&job.coordinates, job.n - count, count, row)
    h2 = <coefficient_t> x[count - 1] - <coefficient_t> x[count - 2]
    if edge_order == 2:
        h1 = <coefficient_t> x[1] - <coefficient_t> x[0]
        nonuniform_last(h1, h2, &job.last.abc)
        set_combination(&job.last, kernels, single, -2)
    else:
        set_difference(&job.last, kernels, single, h2, -1, 0)


cdef void set_nonuniform(Job *job, const Spacing *spacing, bint single_values,
                         bint single_row, int edge_order) noexcept nogil:
    cdef bint single = spacing.precision == SINGLE
    cdef const Kernels *kernels = &KERNELS[single_values][single]
    job.coordinates = spacing.coordinates
    job.start = job.stop = 0
    job.uniform = False
    job.mixed = False
    set_combination(&job.interior, kernels, single, -1)
    job.interior.varying = kernels.combine_varying
    # One interior point is not a row, along which coordinates could vary.
    job.direct = (single_row and job.n > 3 and job.coordinates.stride == 1
                  and job.coordinates.itemsize == job.interior.size
                  and job.coordinates.is_real)
    if job.direct:
        # Coordinates take the place of coefficients, and no room is needed.
        job.interior.varying = kernels.combine_coordinates
        job.memory = NULL
        job.coefficients = <char *> job.coordinates.x
        job.capacity = job.n
        job.run = 0
        job.start = 1
        job.stop = job.n - 1
    if single:
        job.fill = <filler> nonuniform_interior[float]
        set_nonuniform_edges(job, kernels, edge_order, <float> 0)
    else:
        job.fill = <filler> nonuniform_interior[double]
        set_nonuniform_edges(job, kernels, edge_order, <double> 0)
