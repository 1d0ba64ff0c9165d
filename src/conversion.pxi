# From arrays to the rows that kernels read, and back: types that C has no arithmetic
# for, or that NumPy converts first, and numbers that C cannot read where they lie.

ctypedef void (*row_loader)(void *row, const void *source, Py_ssize_t step,
                            Py_ssize_t count) noexcept nogil
ctypedef void (*row_storer)(void *target, Py_ssize_t step, const void *row,
                            Py_ssize_t count) noexcept nogil

cdef extern from "half.h" nogil:
    bint flushes_subnormal()
    void load_halves(void *row, const void *source, Py_ssize_t step, Py_ssize_t count)
    void load_halves_as_doubles(void *row, const void *source, Py_ssize_t step, Py_ssize_t count)
    void store_halves(void *target, Py_ssize_t step, const void *row, Py_ssize_t count)

cdef extern from "numbers.h" nogil:
    void copy_numbers(char *to, Py_ssize_t to_step, const char *source, Py_ssize_t step,
                      Py_ssize_t count, Py_ssize_t size, int parts, bint swap)
    bint CAN_STREAM
    void stream_bytes(char *to, const char *source, Py_ssize_t size, const char *next_source,
                      Py_ssize_t pace)
    void end_streaming()
    void fetch_row(const char *row, Py_ssize_t step, Py_ssize_t count)
    double double_of_unsigned(unsigned long long x)
    double double_of_signed(long long x)

# Not cimported: the loops would get NumPy's functions with them, which they never call.
cdef extern from "numpy/ndarraytypes.h":
    enum:
        NPY_BOOL
        NPY_BYTE
        NPY_UBYTE
        NPY_SHORT
        NPY_USHORT
        NPY_INT
        NPY_UINT
        NPY_LONG
        NPY_ULONG
        NPY_LONGLONG
        NPY_ULONGLONG
        NPY_FLOAT
        NPY_DOUBLE
        NPY_LONGDOUBLE
        NPY_CFLOAT
        NPY_CDOUBLE
        NPY_CLONGDOUBLE
        NPY_HALF                  # the last of NumPy's type numbers that matter here

ctypedef fused loaded_t:
    signed char
    short
    int
    long long
    unsigned char
    unsigned short
    unsigned int
    unsigned long long
    float
    double


cdef inline double as_double(loaded_t x) noexcept nogil:
    if loaded_t is cython.ulonglong:
        return double_of_unsigned(x)
    elif loaded_t is cython.longlong:
        return double_of_signed(x)
    else:
        return <double> x


cdef void load(double *restrict row, const loaded_t *source, Py_ssize_t step,
               Py_ssize_t count) noexcept nogil:
    # row[i] = source[i]
    cdef Py_ssize_t i
    if step == 1:
        for i in range(count):
            row[i] = as_double(source[i])
    else:
        for i in range(count):
            row[i] = as_double(source[i * step])


cdef void load_booleans(double *row, const unsigned char *source, Py_ssize_t step,
                        Py_ssize_t count) noexcept nogil:
    # Any byte but zero is true.
    cdef Py_ssize_t i
    for i in range(count):
        row[i] = source[i * step] != 0


cdef void load_extended(longdouble *row, const longdouble *source, Py_ssize_t step,
                        Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        row[i] = source[i * step]


cdef struct Type:
    # A type of data, and what becomes of it.
    int parts                     # 2 for complex numbers; 0: not compiled
    Precision value               # that of the kernels' rows, and of a result
    row_loader load               # NULL where kernels can read the numbers themselves
    row_storer store              # NULL where they can write them
    row_loader position           # loads coordinates, to double or long double


cdef inline Type integer(row_loader load) noexcept:
    """NumPy converts integers to float64 before anything else."""
    return Type(1, DOUBLE, load, NULL, load)


cdef void set_types(Type *types) noexcept:
    # Booleans only with coefficients in double precision: see `fill_plan`.
    types[<int> NPY_BOOL] = Type(1, DOUBLE, <row_loader> load_booleans, NULL, NULL)
    types[<int> NPY_BYTE] = integer(<row_loader> load[cython.schar])
    types[<int> NPY_UBYTE] = integer(<row_loader> load[cython.uchar])
    types[<int> NPY_SHORT] = integer(<row_loader> load[short])
    types[<int> NPY_USHORT] = integer(<row_loader> load[cython.ushort])
    types[<int> NPY_INT] = integer(<row_loader> load[int])
    types[<int> NPY_UINT] = integer(<row_loader> load[cython.uint])
    types[<int> NPY_LONGLONG] = integer(<row_loader> load[cython.longlong])
    types[<int> NPY_ULONGLONG] = integer(<row_loader> load[cython.ulonglong])
    # As wide as one of the others.
    if sizeof(long) == sizeof(int):
        types[<int> NPY_LONG] = types[<int> NPY_INT]
        types[<int> NPY_ULONG] = types[<int> NPY_UINT]
    else:
        types[<int> NPY_LONG] = types[<int> NPY_LONGLONG]
        types[<int> NPY_ULONG] = types[<int> NPY_ULONGLONG]
    types[<int> NPY_HALF] = Type(1, HALF, load_halves, store_halves, load_halves_as_doubles)
    types[<int> NPY_FLOAT] = Type(1, SINGLE, NULL, NULL, <row_loader> load[float])
    types[<int> NPY_DOUBLE] = Type(1, DOUBLE, NULL, NULL, <row_loader> load[double])
    types[<int> NPY_LONGDOUBLE] = Type(1, EXTENDED, NULL, NULL, <row_loader> load_extended)
    types[<int> NPY_CFLOAT] = Type(2, SINGLE, NULL, NULL, NULL)
    types[<int> NPY_CDOUBLE] = Type(2, DOUBLE, NULL, NULL, NULL)
    types[<int> NPY_CLONGDOUBLE] = Type(2, EXTENDED, NULL, NULL, NULL)
