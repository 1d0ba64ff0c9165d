# The spacing of one axis: read from what the caller passed, made into stencils.

cdef struct Spacing:
    Precision precision
    bint uniform
    double h                      # where uniform
    longdouble extended           # h in its place, where precision is extended
    bint some_extended            # whether one of the spacings so far was
    Coordinates coordinates       # where not uniform

cdef long long EXACT_INTEGERS = 1LL << 53    # up to here a double holds every integer

# NumPy's scalars, by exact type: a subclass may do as it likes. Frequent ones come first.
cdef tuple SCALAR_TYPES = (
    np.float64, np.float32, np.float16, np.longdouble, np.bool_, np.long, np.longlong, np.intc,
    np.short, np.byte, np.ulong, np.ulonglong, np.uintc, np.ushort, np.ubyte)

cdef enum:
    NOT_INTEGERS = 5              # the first of SCALAR_TYPES


cdef int scalar_type(object scalar):
    """Which of SCALAR_TYPES this is, or -1."""
    cdef Py_ssize_t i
    for i in range(PyTuple_GET_SIZE(SCALAR_TYPES)):
        if type(scalar) is <object> PyTuple_GET_ITEM(SCALAR_TYPES, i):
            return <int> i
    return -1


cdef bint is_integer_scalar(object scalar):
    return scalar_type(scalar) >= NOT_INTEGERS


cdef Precision precision_of(int scalar_type, object scalar):
    cdef Precision *of_floats = [DOUBLE, SINGLE, HALF, EXTENDED]
    if scalar_type < 4:
        return of_floats[scalar_type]
    return SMALL if scalar.itemsize <= 2 else DOUBLE


cdef bint _is_even(const Coordinates *coordinates, Py_ssize_t n, bint half, position_t type_tag,
                   coefficient_t *h) noexcept nogil:
    cdef position_t row[ROW + 1]
    cdef const position_t *x
    cdef Py_ssize_t count, start = 0
    x = coordinates_from(coordinates, 0, 2, row)
    h[0] = rounded(<coefficient_t> x[1] - <coefficient_t> x[0], half)
    while start < n - 1:
        count = min(<Py_ssize_t> ROW, n - 1 - start)
        x = coordinates_from(coordinates, start, count + 1, row)
        if position_t is double:
            if not LOOPS.steps_are(x, count, coordinates.precision, h[0]):
                return False
        elif not _steps_are(x, count, False, h[0]):
            return False
        start += count
    return True


cdef void find_out_whether_even(Spacing *spacing, Py_ssize_t n) noexcept nogil:
    """Even coordinates, all of whose steps equal the first, are a uniform spacing."""
    cdef Precision precision = spacing.precision
    cdef float single
    if precision == EXTENDED:
        spacing.uniform = _is_even(&spacing.coordinates, n, False, <longdouble> 0,
                                   &spacing.extended)
    elif precision == DOUBLE:
        spacing.uniform = _is_even(&spacing.coordinates, n, False, <double> 0, &spacing.h)
    else:
        if precision == HALF:
            spacing.uniform = _is_even(&spacing.coordinates, n, True, <double> 0, &single)
        else:
            spacing.uniform = _is_even(&spacing.coordinates, n, False, <double> 0, &single)
        spacing.h = single


cdef void start_extended(Spacing *spacing) noexcept nogil:
    """From here on floating-point events in extended precision count."""
    if not spacing.some_extended:
        clear_extended_events()
        spacing.some_extended = True


cdef bint read_booleans(cnp.ndarray x, Spacing *spacing):
    """Steps between booleans are whether they differ: only if all do can one divide by them."""
    cdef const char *value = cnp.PyArray_BYTES(x)
    cdef Py_ssize_t i, stride = cnp.PyArray_STRIDE(x, 0)
    # No ufunc here: it would clear the floating-point events so far.
    for i in range(cnp.PyArray_DIM(x, 0) - 1):
        if (value[i * stride] == 0) == (value[(i + 1) * stride] == 0):
            return False
    spacing.precision = SMALL
    spacing.uniform = True
    spacing.h = 1.
    return True


cdef bint read_coordinates(cnp.ndarray x, Py_ssize_t n, Spacing *spacing):
    """Read coordinates; False where NumPy must judge."""
    cdef int type_num = cnp.PyArray_TYPE(x)
    cdef const Type *type = type_of(type_num)
    if (type == NULL or cnp.PyArray_NDIM(x) != 1 or cnp.PyArray_DIM(x, 0) != n
            or not is_plain(x)):
        return False                  # others have changed it since it was readable
    if cnp.PyArray_STRIDE(x, 0) == 0:
        return False                  # no steps, of more points than there may be memory for
    if type_num == cnp.NPY_BOOL:
        return read_booleans(x, spacing)
    if type.position == NULL:
        return False
    if type.value == EXTENDED:
        start_extended(spacing)
    spacing.precision = type.value
    spacing.coordinates.precision = type.value
    spacing.coordinates.stored = type.value if cnp.PyArray_ISFLOAT(x) else WEAK
    spacing.coordinates.load = type.position
    spacing.coordinates.x = cnp.PyArray_BYTES(x)
    spacing.coordinates.itemsize = cnp.PyArray_ITEMSIZE(x)
    spacing.coordinates.stride = cnp.PyArray_STRIDE(x, 0) // cnp.PyArray_ITEMSIZE(x)
    if n < WHOLE or n < POINTS_WORTH_RELEASING and not is_foreign(x):
        find_out_whether_even(spacing, n)
    else:
        with nogil:
            find_out_whether_even(spacing, n)
    return True


cdef bint read_spacing(object h, Py_ssize_t n, Spacing *spacing):
    """Normalise: what is `readable`. False where NumPy must judge."""
    cdef int overflow = 0
    cdef long long integer
    cdef int kind
    spacing.uniform = True
    if PyFloat_CheckExact(h):
        spacing.precision = WEAK
        spacing.h = PyFloat_AS_DOUBLE(h)
        return True
    if cnp.PyArray_CheckExact(h):
        return read_coordinates(<cnp.ndarray> h, n, spacing)
    if PyLong_CheckExact(h) or h is True or h is False:
        integer = PyLong_AsLongLongAndOverflow(h, &overflow)
        spacing.precision = WEAK
        spacing.h = <double> integer
        return not overflow and -EXACT_INTEGERS <= integer <= EXACT_INTEGERS
    kind = scalar_type(h)
    spacing.precision = precision_of(kind, h)
    if spacing.precision == EXTENDED:
        start_extended(spacing)
        cnp.PyArray_ScalarAsCtype(h, &spacing.extended)
        return True
    # Not `float(h)`, for which Cython writes out how to read text.
    spacing.h = PyFloat_AsDouble(h)
    # An integer that double does not hold is another number in extended precision. 2**53 itself
    # may be what the next one was rounded to.
    return spacing.precision != DOUBLE or kind < NOT_INTEGERS or (
        fabs(spacing.h) < EXACT_INTEGERS)


cdef extern from *:
    """
    /* Whether h is a power of two, of at most this exponent or its negative. */
    static inline int is_power_of_two(double h, int limit)
    {
        uint64_t bits;
        int exponent;
        memcpy(&bits, &h, sizeof bits);
        exponent = (int)(bits >> 52 & 0x7ff) - 1023;
        return (bits & 0xfffffffffffff) == 0 && -limit <= exponent && exponent <= limit;
    }
    """
    bint is_power_of_two(double h, int limit) noexcept nogil


cdef inline Precision wider(Precision a, Precision b) noexcept nogil:
    return a if a > b else b


cdef inline Kind kind_of(const Plan *plan, Precision type) noexcept nogil:
    """The kind of rows that a kernel with coefficients of this precision reads."""
    if plan.parts == 2:
        return COMPLEX
    if plan.value == HALF:
        return HALVES_ALONE if type == HALF else HALVES
    return REAL


cdef inline void set_difference(Stencil *stencil, const Plan *plan, Precision type,
                                coefficient_t h, Py_ssize_t p, Py_ssize_t r) noexcept nogil:
    """(f[i + r] - f[i + p]) / h."""
    store(&stencil.abc, type, h, h, h)
    stencil.kind = kind_of(plan, type)
    stencil.type = type
    stencil.size = size_of(type)
    stencil.kernel = LOOPS.kernels[<int> plan.value][<int> type].divide
    stencil.varying = NULL
    stencil.points = 2
    stencil.reach[0] = stencil.reach[1] = p
    stencil.reach[2] = r


cdef void set_combination(Stencil *stencil, const Plan *plan, Precision type,
                          Py_ssize_t p) noexcept nogil:
    """a f[i + p] + b f[i + p + 1] + c f[i + p + 2]; the coefficients are set elsewhere."""
    cdef int k
    stencil.kind = kind_of(plan, type)
    stencil.type = type
    stencil.size = size_of(type)
    stencil.kernel = LOOPS.kernels[<int> plan.value][<int> type].combine
    stencil.varying = NULL
    stencil.points = 3
    for k in range(3):
        stencil.reach[k] = p + k


cdef inline double divisor_of(const Stencil *stencil) noexcept nogil:
    """The divisor of a difference, as its kernel reads it."""
    return stencil.abc.full[0] if stencil.type == DOUBLE else stencil.abc.single[0]


cdef extern from *:
    """
    /* Whether numbers are rounded to the nearest, which compilers take for granted: the first sum
       is larger if they are rounded up, the second less if down, or to zero. */
    static inline int rounds_to_nearest(void)
    {
        volatile double little = DBL_EPSILON / 4;
        return 1 + little == 1 && 1 - little == 1;
    }
    """
    bint rounds_to_nearest() noexcept nogil


cdef inline bint is_float(double h) noexcept nogil:
    """Whether h is a normal number of float."""
    return FLT_MIN <= fabs(h) <= FLT_MAX and <float> h == h


cdef bint may_multiply_floats(double h) noexcept nogil:
    """Whether floats times the float z next to 1 / h round as if divided by h in double first.

    They do if z h is 1 + d, d of either sign and 2^-54 at most. Let x z be from 1 to 2. It has
    48 bits, so is a double, and x / h = x z / (1 + d) is less than 2^-53 away from it, half the
    distance between doubles there, or, below 1, where x z is 1 and doubles are closer, less than
    2^-54: it rounds to x z. So what comes out, and its events, are those of the one product.
    """
    cdef double z, high, d, little = DBL_EPSILON / 4
    # z, and 2 z for edges, must be normal numbers.
    if not 4 * FLT_MIN <= fabs(h) <= 1 / (4 * FLT_MIN):
        return False
    z, high = <float> (1 / h), <float> h
    # Nothing is rounded: z high has 48 bits, z (h - high) 53, and in their sum most cancel out.
    d = (z * high - 1) + z * (h - high)
    return fabs(d) <= little and rounds_to_nearest()


cdef enum:
    MIXED_FROM = 1000             # points: of fewer, edges in another type cost more than is spared


cdef inline void replace_division(Stencil *stencil, row_kernel kernel, Precision type,
                                  double factor) noexcept nogil:
    stencil.kernel = kernel
    stencil.type = type
    stencil.size = size_of(type)
    if type == DOUBLE:
        stencil.abc.full[0] = factor
    else:
        stencil.abc.single[0] = <float> factor


cdef inline void simplify_divisions(Job *job, const Plan *plan, int edge_order) noexcept nogil:
    """Replace divisions by 2 h and h by what takes less and rounds the same.

    That is a multiplication for powers of two. And where a float is the divisor, a division in
    float, not in double: the quotient of two floats is at least 2^-49 of itself from where rounding
    to float turns, unless it is there, as subnormal ones may be, exactly. To be rounded to double
    first, by 2^-52 or less, leaves it on its side, however it is rounded; events are the same, too.
    """
    cdef Precision type = job.interior.type
    cdef const Kernels *kernels
    cdef row_kernel kernel
    cdef double twice
    cdef bint multiplies
    if type == EXTENDED or job.interior.kind not in (REAL, HALVES_ALONE):
        return
    if type > plan.value and edge_order == 2 and plan.size < MIXED_FROM:
        return
    twice = divisor_of(&job.interior)
    # In half precision, 2 h and h may have been rounded to other than two and one of something.
    if edge_order == 1 and twice != 2 * divisor_of(&job.first):
        return
    # The reciprocals must be normal numbers.
    multiplies = is_power_of_two(twice, 1000 if plan.value == DOUBLE else 120)
    if type > plan.value:             # floats by a double
        if not (is_float(twice) and is_float(twice / 2)):
            multiplies = may_multiply_floats(twice)
            if not multiplies:
                return
        type = SINGLE
    elif not multiplies:
        return
    kernels = &LOOPS.kernels[<int> plan.value][<int> type]
    kernel = kernels.scale if multiplies else kernels.divide
    replace_division(&job.interior, kernel, type, 1 / twice if multiplies else twice)
    if edge_order == 1:
        replace_division(&job.first, kernel, type, 2 / twice if multiplies else twice / 2)
        replace_division(&job.last, kernel, type, 2 / twice if multiplies else twice / 2)


cdef void _set_uniform(Job *job, const Plan *plan, coefficient_t h, bint half,
                       Precision type, Precision edge_type, int edge_order) noexcept nogil:
    cdef coefficient_t twice = rounded(<coefficient_t> 2. * h, half)
    set_difference(&job.interior, plan, type, twice, -1, 1)
    if edge_order == 2:
        set_combination(&job.first, plan, type, 0)
        set_combination(&job.last, plan, type, -2)
        uniform_edges(h, half, type, &job.first.abc, &job.last.abc)
    else:
        set_difference(&job.first, plan, edge_type, h, 0, 1)
        set_difference(&job.last, plan, edge_type, h, -1, 0)
    simplify_divisions(job, plan, edge_order)
    job.mixed = job.first.type != job.interior.type


cdef void set_uniform(Job *job, const Plan *plan, const Spacing *spacing,
                      int edge_order) noexcept nogil:
    cdef Precision precision = spacing.precision, type, edge_type
    if precision <= EXTENDED:
        type = edge_type = wider(plan.value, precision)
    elif precision == WEAK:
        type = edge_type = plan.value
    else:
        # Halves divided by 8 bits are halves to NumPy; they come out the same from float.
        type, edge_type = wider(plan.value, DOUBLE), wider(plan.value, SINGLE)
    job.uniform = True
    job.direct = job.in_place = False
    if precision == EXTENDED:
        _set_uniform(job, plan, spacing.extended, False, type, edge_type, edge_order)
    elif precision == HALF:
        _set_uniform(job, plan, <float> spacing.h, True, type, edge_type, edge_order)
    elif precision == SINGLE:
        _set_uniform(job, plan, <float> spacing.h, False, type, edge_type, edge_order)
    else:
        _set_uniform(job, plan, spacing.h, False, type, edge_type, edge_order)


cdef void _set_nonuniform_edges(Job *job, const Plan *plan, bint half, int edge_order,
                                position_t position_tag, coefficient_t type_tag) noexcept nogil:
    cdef position_t row[3]
    cdef const position_t *x
    cdef Py_ssize_t count = min(job.n, <Py_ssize_t> 3)
    cdef coefficient_t h1, h2
    cdef Precision type = job.interior.type
    x = coordinates_from(&job.coordinates, 0, count, row)
    h1 = rounded(<coefficient_t> x[1] - <coefficient_t> x[0], half)
    if edge_order == 2:
        h2 = rounded(<coefficient_t> x[2] - <coefficient_t> x[1], half)
        set_combination(&job.first, plan, type, 0)
        nonuniform_first(h1, h2, half, type, &job.first.abc)
    else:
        set_difference(&job.first, plan, type, h1, 0, 1)
    x = coordinates_from(&job.coordinates, job.n - count, count, row)
    h2 = rounded(<coefficient_t> x[count - 1] - <coefficient_t> x[count - 2], half)
    if edge_order == 2:
        h1 = rounded(<coefficient_t> x[1] - <coefficient_t> x[0], half)
        set_combination(&job.last, plan, type, -2)
        nonuniform_last(h1, h2, half, type, &job.last.abc)
    else:
        set_difference(&job.last, plan, type, h2, -1, 0)


cdef void set_nonuniform(Job *job, const Plan *plan, const Spacing *spacing,
                         int edge_order) noexcept nogil:
    cdef Precision precision = spacing.precision
    cdef Precision type = wider(plan.value, precision)
    cdef const Kernels *kernels = &LOOPS.kernels[<int> plan.value][<int> type]
    cdef bint in_place
    job.coordinates = spacing.coordinates
    job.uniform = False
    job.mixed = False
    job.fill = LOOPS.fill[<int> type]
    set_combination(&job.interior, plan, type, -1)
    job.interior.varying = kernels.combine_varying
    in_place = job.coordinates.stride == 1 and job.coordinates.stored == type
    job.direct = (job.n == plan.size and job.interior.kind == REAL
                  and kernels.combine_coordinates != NULL and precision == type
                  and (in_place or type == DOUBLE))
    job.in_place = job.direct and in_place
    if job.direct:
        job.interior.varying = kernels.combine_coordinates
    if job.in_place:
        # Coordinates take the place of coefficients, and no room is needed.
        job.memory = NULL
        job.coefficients = <char *> job.coordinates.x
        job.capacity = job.n
        job.run = 0
        job.start = 1
        job.stop = job.n - 1
    if precision == EXTENDED:
        job.fill = LOOPS.fill_extended
        _set_nonuniform_edges(job, plan, False, edge_order, <longdouble> 0, <longdouble> 0)
    elif precision == HALF:
        _set_nonuniform_edges(job, plan, True, edge_order, <double> 0, <float> 0)
    elif precision == SINGLE:
        _set_nonuniform_edges(job, plan, False, edge_order, <double> 0, <float> 0)
    else:
        _set_nonuniform_edges(job, plan, False, edge_order, <double> 0, <double> 0)
