# cython: language_level=3
# The door checks once for all; no index below is negative or out of bounds.
# cython: boundscheck=False
# cython: wraparound=False
# C's division: IEEE 754 answers for a zero divisor, as NumPy's loops do.
# cython: cdivision=True
# Calls share kept memory and helper threads, by locks and atomics; all else is set at import.
# cython: freethreading_compatible=True
# Builtins: Python calls them in less time than Cython's own kind of function, which also makes
# a wheel 3 % larger. With signatures, as that kind has.
# cython: binding=False
# cython: embedsignature=True
# cython: embedsignature.format=clinic
"""The compiled room: central differences over strided memory.

Its contract with the Python room is the door, `answer_or_none`, in Python `differentiate`, whose
types are in ``cgrad/_kernels.pyi``. It gives what `numpy.gradient` gives, or None: then
NumPy has to answer, because the call is of a kind that is not compiled here, is
an error, or met a floating-point event of which the caller wants to hear in
NumPy's words.

The way in: the door reads its arguments into a `Plan` with a `Job` for each
axis, and `walk` (walker.pxi) carries it out with the inner loops of rows.pxi.
The formulas are in coefficients.pxi.
"""

cimport cython  # no-cython-lint
cimport numpy as cnp
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize
from cpython.contextvars cimport PyContextVar_Get
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_AsDouble, PyFloat_CheckExact
from cpython.long cimport (
    PyLong_AsLongLongAndOverflow, PyLong_AsSsize_t, PyLong_CheckExact,
)
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport PyObject, PyTypeObject, Py_INCREF, Py_XDECREF
from cpython.tuple cimport (
    PyTuple_GET_ITEM, PyTuple_GET_SIZE, PyTuple_New, PyTuple_SET_ITEM,
)
from libc.float cimport DBL_EPSILON, FLT_MAX, FLT_MIN
from libc.math cimport fabs

import numpy as np

from cgrad._errstate import state as _state, unset as _unset
from cgrad._layout import strides_of_converted
from cgrad._workers import default_workers

cdef extern from *:
    """
    #include <fenv.h>
    #if defined(__x86_64__) || defined(_M_X64)
      /* All arithmetic but that of long double is SSE's, whose register alone is read in
         less time than fetestexcept takes for it and the x87's. */
      #include <xmmintrin.h>
      #define EVENT_DIVIDE _MM_EXCEPT_DIV_ZERO
      #define EVENT_OVER _MM_EXCEPT_OVERFLOW
      #define EVENT_UNDER _MM_EXCEPT_UNDERFLOW
      #define EVENT_INVALID _MM_EXCEPT_INVALID
      #define EVENTS (EVENT_DIVIDE | EVENT_OVER | EVENT_UNDER | EVENT_INVALID)
      #define cgrad_events() ((int)_mm_getcsr() & EVENTS)
      #define cgrad_clear_events() _mm_setcsr(_mm_getcsr() & ~(unsigned)EVENTS)
      static void cgrad_clear_extended_events(void)
      {
          const unsigned state = _mm_getcsr();
          feclearexcept(FE_ALL_EXCEPT);
          _mm_setcsr(state);
      }
    #else
      #define EVENT_DIVIDE FE_DIVBYZERO
      #define EVENT_OVER FE_OVERFLOW
      #define EVENT_UNDER FE_UNDERFLOW
      #define EVENT_INVALID FE_INVALID
      #define EVENTS (EVENT_DIVIDE | EVENT_OVER | EVENT_UNDER | EVENT_INVALID)
      #define cgrad_events() fetestexcept(EVENTS)
      #define cgrad_clear_events() ((void)feclearexcept(EVENTS))
      #define cgrad_clear_extended_events()
    #endif
    static int cgrad_all_events(void)
    {
        const int events = fetestexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID);
        return (events & FE_DIVBYZERO ? EVENT_DIVIDE : 0) |
               (events & FE_OVERFLOW ? EVENT_OVER : 0) |
               (events & FE_UNDERFLOW ? EVENT_UNDER : 0) |
               (events & FE_INVALID ? EVENT_INVALID : 0);
    }
    """
    const int EVENT_DIVIDE
    const int EVENT_OVER
    const int EVENT_UNDER
    const int EVENT_INVALID
    int floating_point_events "cgrad_events"() nogil
    void clear_floating_point_events "cgrad_clear_events"() nogil
    # With those of long double, where they are kept apart.
    int all_events "cgrad_all_events"() nogil
    void clear_extended_events "cgrad_clear_extended_events"() nogil

cdef extern from "numpy/arrayobject.h":
    # Steals a reference to the descriptor.
    cnp.ndarray PyArray_NewLikeArray(
        cnp.ndarray prototype, cnp.NPY_ORDER order, cnp.dtype descriptor, int subok)
    cnp.ndarray PyArray_NewFromDescr(
        PyTypeObject *type, cnp.dtype descriptor, int ndim, const cnp.npy_intp *shape,
        const cnp.npy_intp *strides, void *data, int flags, void *parent)
    PyObject *PyDataMem_DefaultHandler

cdef extern from *:
    """
    #if defined(__clang__)
      #define CGRAD_COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
      #define CGRAD_COMPILER "gcc " __VERSION__
    #elif defined(_MSC_VER)
      #define CGRAD_STRING_(x) #x
      #define CGRAD_STRING(x) CGRAD_STRING_(x)
      #define CGRAD_COMPILER "msvc " CGRAD_STRING(_MSC_VER)
    #else
      #define CGRAD_COMPILER "unknown"
    #endif
    #if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
      #include <xmmintrin.h>

      /* Whether this CPU notes floating-point events. valgrind's does not. */
      static int cgrad_notes_events(void)
      {
          const unsigned before = _mm_getcsr();
          volatile double huge = 1e300;
          unsigned noted;
          _mm_setcsr((before & ~_MM_EXCEPT_MASK) | _MM_MASK_MASK);
          huge *= huge;
          noted = _mm_getcsr();
          _mm_setcsr(before);
          return (noted & _MM_EXCEPT_OVERFLOW) != 0;
      }
      /* No CPU has AVX2 without the conversions of halves (F16C), which are older, but a few have
         it without fused operations. */
      #define cgrad_has_avx2() (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") \
        && cgrad_notes_events())
      #define cgrad_has_avx512() (__builtin_cpu_supports("avx512f") && \
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && \
        __builtin_cpu_supports("avx512vl"))
    #else
      #define cgrad_has_avx2() 0
      #define cgrad_has_avx512() 0
    #endif
    """
    const char *CGRAD_COMPILER
    bint cgrad_has_avx2()
    bint cgrad_has_avx512()
    const char *CYTHON_ABI

cnp.import_array()

cdef extern from "kept_memory.h" nogil:
    cnp.PyDataMem_Handler memory_handler
    size_t bound_of_kept()
    size_t set_bound_of_kept(size_t)
    bint c_address_space_is_limited "address_space_is_limited"()
    char *allocate_room(size_t size)
    void free_room(char *room)
    void prepare_memory()

cdef extern from "kept_memory.h":
    object array_of_kept(cnp.ndarray like, cnp.dtype dtype, object handler, bint alike)

prepare_memory()
cdef object MEMORY = PyCapsule_New(&memory_handler, "mem_handler", NULL)

include "loops.pxi"

cdef Loops LOOPS                  # those in use
set_extended_loops(&LOOPS)
set_loops(&LOOPS)


cdef inline const Type *type_of(int type_num) noexcept nogil:
    """What there is for a NumPy type number, or NULL for a type that is not compiled."""
    if 0 <= type_num <= NPY_HALF and LOOPS.types[type_num].parts:
        return &LOOPS.types[type_num]
    return NULL


cdef inline Py_ssize_t size_of(Precision precision) noexcept nogil:
    """Bytes of a number in a row."""
    if precision == DOUBLE:
        return sizeof(double)
    return sizeof(longdouble) if precision == EXTENDED else sizeof(float)


include "walker.pxi"
include "copies.pxi"
include "spacing.pxi"


cdef void free_room_of(Plan *plan) noexcept:
    cdef int j
    if plan.source != NULL:
        free_room(plan.box)
    for j in range(plan.njobs):
        if plan.jobs[j].memory != NULL:
            PyMem_RawFree(plan.jobs[j].memory)


cdef int allocate_room_for(Plan *plan, int workers) except -1:
    """Room for the coefficients: of all points if that is little, else of a row.

    Or for the coordinates that they are worked out from as they are used, of three rows. And for
    the copy of a box, if there are any.
    """
    cdef Blocks blocks
    cdef Job *job
    cdef Py_ssize_t points
    cdef int j, runs
    plan.box = NULL
    for j in range(plan.njobs):
        plan.jobs[j].memory = NULL
    for j in range(plan.njobs):
        job = &plan.jobs[j]
        if not job.uniform and not job.in_place:
            job.capacity = job.n
            if plan.size >= WHOLE and job.n > max(plan.size // 512, <Py_ssize_t> LITTLE):
                job.capacity = min(job.n, <Py_ssize_t> (3 * ROW if job.direct else ROW))
            job.start = job.stop = 0
            # Coordinates are one run, with those of the points before and after.
            points, runs = job.capacity, 3
            if job.direct:
                points, runs = job.capacity + 2, 1
            # Each run starts a cache line.
            job.run = (points * job.interior.size + LINE - 1) // LINE * LINE
            job.memory = PyMem_RawMalloc(runs * job.run + LINE)
            if job.memory == NULL:
                free_room_of(plan)
                raise MemoryError()
            job.coefficients = <char *> job.memory + (-<Py_ssize_t> job.memory & (LINE - 1))
    if plan.source != NULL:
        shape_blocks(plan, workers, &blocks)
        plan.box = allocate_room(size_of_box(plan, &blocks))
        if plan.box == NULL:
            free_room_of(plan)
            raise MemoryError()
    return 0


include "sharing.pxi"

cdef enum:
    WORTH_KEEPING = 1 << 10       # bytes: less NumPy keeps itself
    WORTH_SETTING = 1 << 18       # bytes: for less, setting its handler takes longer than malloc
    FEW = 4                       # axes
    LITTLE = 1024                 # coefficients of so many points are always kept
    WORTH_RELEASING = 96 << 10    # bytes: for less, giving up the GIL costs more than it gives
    POINTS_WORTH_RELEASING = 1 << 14    # of coordinates: to look at fewer, too
    WORTH_SHARING = 1 << 16       # points: for fewer, so does asking helper threads
    MOST_WORKERS = 256


cdef extern from *:
    const Py_ssize_t PY_SSIZE_T_MAX

cdef Py_ssize_t STREAM_FROM = PY_SSIZE_T_MAX    # bytes of data and results


cdef bint is_regular(cnp.ndarray array):
    """Whether the elements are aligned, and whole elements apart."""
    cdef Py_ssize_t itemsize = cnp.PyArray_ITEMSIZE(array)
    cdef int d
    if not cnp.PyArray_ISALIGNED(array):
        return False
    for d in range(cnp.PyArray_NDIM(array)):
        # Sizes of numbers are powers of two, but for some long doubles.
        if cnp.PyArray_STRIDE(array, d) & (itemsize - 1):
            return False
    return itemsize & (itemsize - 1) == 0


cdef bint is_plain(cnp.ndarray array):
    """Whether C can index the elements."""
    return cnp.PyArray_ISNOTSWAPPED(array) and is_regular(array)


cdef struct Nesting:
    # What is known so far of nested lists that make an array; NumPy refuses any others.
    int levels
    int leaves                    # the level of the numbers, 0 before the first
    bint typed                    # whether some have a type of NumPy's
    bint views                    # or lie in an array, and maybe in a result
    Py_ssize_t length[MAX_DIMS]


cdef bint holds_numbers(object sequence, int level, Nesting *nesting):
    """Whether a list or tuple holds nothing whose conversion to an array others could notice."""
    cdef int leaf
    if level > MAX_DIMS or 0 < nesting.leaves < level:
        return False                  # ragged
    if level > nesting.levels:
        nesting.levels = level
        nesting.length[level - 1] = len(sequence)
    elif nesting.length[level - 1] != len(sequence):
        return False                  # ragged
    for item in sequence:
        kind = type(item)
        leaf = level
        if kind is list or kind is tuple:
            if not holds_numbers(item, level + 1, nesting):
                return False
            continue
        if cnp.PyArray_CheckExact(item):
            if type_of(cnp.PyArray_TYPE(<cnp.ndarray> item)) == NULL:
                return False
            leaf += cnp.PyArray_NDIM(<cnp.ndarray> item)
            nesting.typed = nesting.views = True
        elif not (kind is float or kind is int or kind is bool or kind is complex):
            if scalar_type(item) < 0:
                return False
            nesting.typed = True
        if nesting.leaves == 0:
            nesting.leaves = leaf
        elif leaf != nesting.leaves:
            return False              # ragged
    return True


# The conversion of a signalling NaN to another type is an event, of which NumPy must tell.
cdef object array_or_error = np.errstate(invalid="raise")(np.array)


cdef object new_array(object function, object numbers, object dtype):
    """A new array of these numbers, None if there is none."""
    try:
        return function(numbers, dtype)
    except Exception:
        return None                   # NumPy will raise it


cdef object from_sequence(object sequence, bint into):
    """The array that NumPy makes of a list or tuple of numbers; None if there is none.

    Nor where results go `into` given arrays that it may lie in: NumPy would then read them.
    """
    cdef Nesting nesting
    nesting.levels = nesting.leaves = 0
    nesting.typed = nesting.views = False
    if not holds_numbers(sequence, 1, &nesting) or into and nesting.views:
        return None
    return new_array(array_or_error if nesting.typed else np.array, sequence, None)


cdef object readable(object spacing, Py_ssize_t n, bint into):
    """A spacing as a scalar or coordinates in a plain array; None where NumPy must judge."""
    cdef cnp.ndarray array
    # Not of another length: a nested list, or a broadcast view, stands for more than it holds.
    if type(spacing) is list or type(spacing) is tuple:
        spacing = from_sequence(spacing, into) if len(spacing) == n else None
    if cnp.PyArray_CheckExact(spacing):
        array = <cnp.ndarray> spacing
        if type_of(cnp.PyArray_TYPE(array)) == NULL:
            return None
        if cnp.PyArray_NDIM(array) == 0:
            # NumPy's arithmetic treats it as this scalar.
            spacing = cnp.PyArray_ToScalar(cnp.PyArray_DATA(array), array)
            return spacing if scalar_type(spacing) >= 0 else None
        if cnp.PyArray_NDIM(array) != 1 or cnp.PyArray_DIM(array, 0) != n:
            return None
        if is_plain(array):
            return array
        return new_array(np.array, array, array.dtype.newbyteorder("="))
    if PyLong_CheckExact(spacing) or type(spacing) is bool or scalar_type(spacing) >= 0:
        return spacing
    return None


cdef tuple readable_spacings(tuple spacings, const Plan *plan, bint into):
    """The spacings as scalars and coordinates in plain arrays, mostly the same tuple.

    None where NumPy must judge: nothing is converted after what does not fit.
    """
    cdef list converted = None
    cdef Py_ssize_t k, given = PyTuple_GET_SIZE(spacings)
    for k in range(given):
        spacing = <object> PyTuple_GET_ITEM(spacings, k)
        if PyFloat_CheckExact(spacing):
            continue
        # One for all axes can only be a scalar.
        plain = readable(spacing, plan.jobs[k].n if given == plan.njobs else -1, into)
        if plain is None:
            return None
        if plain is not spacing:
            if converted is None:
                converted = list(spacings)
            converted[k] = plain
    return spacings if converted is None else tuple(converted)


cdef inline bint same_shape(cnp.ndarray a, cnp.ndarray b):
    """Whether two arrays have the same shape; asked in every call, so not of NumPy's function."""
    cdef int d
    if cnp.PyArray_NDIM(a) != cnp.PyArray_NDIM(b):
        return False
    for d in range(cnp.PyArray_NDIM(a)):
        if cnp.PyArray_DIM(a, d) != cnp.PyArray_DIM(b, d):
            return False
    return True


cdef bint has_repeats(cnp.ndarray array):
    """Whether an element stands for several, as where an array was broadcast."""
    cdef int d
    for d in range(cnp.PyArray_NDIM(array)):
        if cnp.PyArray_STRIDE(array, d) == 0 and cnp.PyArray_DIM(array, d) > 1:
            return True
    return False


cdef bint read_data(Plan *plan, object f):
    """Read what kind of data f is; False where that is not compiled."""
    cdef cnp.ndarray array
    cdef const Type *type
    if not cnp.PyArray_CheckExact(f):
        return False
    array = <cnp.ndarray> f
    type = type_of(cnp.PyArray_TYPE(array))
    plan.size = cnp.PyArray_SIZE(array)
    if type == NULL or plan.size == 0 or plan.size > PY_SSIZE_T_MAX // <Py_ssize_t> sizeof(double):
        return False                  # nothing to compute, or more than has addresses
    if type.parts == 2 and has_repeats(array):
        # NumPy 2.4 finds an overflow in products of a finite number that is repeated.
        return False
    plan.itemsize = plan.unit = cnp.PyArray_ITEMSIZE(array)
    plan.value = type.value
    plan.parts = type.parts
    plan.load = type.load
    plan.scale_pixels = LOOPS.scale_pixels[cnp.PyArray_TYPE(array)]
    plan.store = type.store
    plan.copies = not is_plain(array)
    plan.swaps = plan.copies and cnp.PyArray_ISBYTESWAPPED(array)
    plan.swaps_back = plan.swaps and has_result_of_own_type(cnp.PyArray_TYPE(array))
    if plan.copies:
        plan.unit = 1
    plan.source, plan.swaps_results = NULL, False
    plan.reads_rows = plan.copies or type.load != NULL
    plan.writes_rows = type.store != NULL or plan.swaps_back
    return True


cdef inline bint has_result_of_own_type(int type_num):
    """Whether results are of the data's dtype, and not of float64."""
    return cnp.PyTypeNum_ISFLOAT(type_num) or cnp.PyTypeNum_ISCOMPLEX(type_num)


cdef int add_axis(object index, int ndim, int *axes, int naxes):
    """Append an axis and return how many there are, or -1 for one that NumPy must judge."""
    cdef int overflow = 0, d
    cdef long long value
    if not PyLong_CheckExact(index):
        if not is_integer_scalar(index):
            return -1
        index = int(index)
    value = PyLong_AsLongLongAndOverflow(index, &overflow)
    if overflow or value < -ndim or value >= ndim:
        return -1
    if value < 0:
        value += ndim
    for d in range(naxes):
        if axes[d] == value:
            return -1
    axes[naxes] = <int> value
    return naxes + 1


cdef int read_axes(object axis, int ndim, int *axes):
    """Normalise: axes. Return their number, or -1 where NumPy must judge."""
    cdef int naxes = 0
    if axis is None:
        for naxes in range(ndim):
            axes[naxes] = naxes
        return ndim
    if type(axis) is tuple or type(axis) is list:
        for index in axis:
            naxes = add_axis(index, ndim, axes, naxes)
            if naxes < 0:
                return -1
        return naxes
    return add_axis(axis, ndim, axes, 0)


cdef object ERROR_STATE = _state
cdef PyObject *UNSET = <PyObject *> _unset


cdef bint is_unset():
    """Whether underflow is ignored since nobody has set `numpy.errstate`.

    To see that takes far less time than to ask, which halves would have to do in every call.
    """
    cdef PyObject *now = NULL
    PyContextVar_Get(ERROR_STATE, NULL, &now)
    Py_XDECREF(now)
    return now == UNSET


cdef bint all_ignored(int events):
    """Whether the caller's `numpy.errstate` ignores every one of these events."""
    if events == EVENT_UNDER and is_unset():
        return True
    cdef dict state = np.geterr()
    cdef tuple names = ("divide", "over", "under", "invalid")
    cdef int[4] kinds = [EVENT_DIVIDE, EVENT_OVER, EVENT_UNDER, EVENT_INVALID]
    cdef int k
    for k in range(4):
        if events & kinds[k] and state[names[k]] != "ignore":
            return False
    return True


cdef bint keeps_memory(Py_ssize_t size, Py_ssize_t itemsize, Py_ssize_t worth):
    """Whether results of this many numbers get memory that is kept for reuse."""
    cdef object handler
    if size < worth and size * itemsize < worth or bound_of_kept() == 0:
        return False
    # Who has chosen an allocator for all arrays means ours too.
    handler = cnp.PyDataMem_GetHandler()
    return <PyObject *> handler == PyDataMem_DefaultHandler


cdef bint has_single(cnp.ndarray array):
    """Whether an axis has one point, whose stride means nothing."""
    cdef int d
    for d in range(cnp.PyArray_NDIM(array)):
        if cnp.PyArray_DIM(array, d) == 1:
            return True
    return False


cdef cnp.ndarray new_with_strides(cnp.ndarray f, cnp.dtype dtype, list found):
    """A new array of f's shape with these strides."""
    cdef cnp.npy_intp strides[MAX_DIMS]
    cdef int d
    for d in range(cnp.PyArray_NDIM(f)):
        strides[d] = PyLong_AsSsize_t(found[d])
    Py_INCREF(dtype)
    return PyArray_NewFromDescr(
        <PyTypeObject *> cnp.ndarray, dtype, cnp.PyArray_NDIM(f), cnp.PyArray_DIMS(f), strides,
        NULL, 0, NULL)


cdef cnp.ndarray new_result(cnp.ndarray f, cnp.dtype dtype, list strides, bint kept, bint alike):
    """What `numpy.empty_like` gives, f's order in memory, or a new array with these strides."""
    cdef object result = None
    if strides is not None:
        return new_with_strides(f, dtype, strides)
    if kept:
        result = array_of_kept(f, dtype, MEMORY, alike)
    if result is None:
        Py_INCREF(dtype)
        result = PyArray_NewLikeArray(f, cnp.NPY_KEEPORDER, dtype, 0)
    return <cnp.ndarray> result


cdef object new_results(cnp.ndarray f, cnp.dtype dtype, int naxes, bint alike):
    """One result bare, or a tuple of them.

    f's dtype is the one that it was read with: others may have given it another since. `alike` is
    for kept memory: see there.
    """
    cdef cnp.ndarray result = None
    cdef tuple results = PyTuple_New(naxes) if naxes > 1 else None
    cdef object handler = None
    cdef list strides = None
    cdef int j
    cdef bint boolean = dtype.type_num == cnp.NPY_BOOL, kept
    cdef bint dense = cnp.PyArray_IS_C_CONTIGUOUS(f) or cnp.PyArray_IS_F_CONTIGUOUS(f)
    if not has_result_of_own_type(dtype.type_num):
        dtype = cnp.PyArray_DescrFromType(cnp.NPY_DOUBLE)
        if not (boolean or dense) and has_single(f):
            # NumPy would make them like a converted copy, in which the place of such an axis may be
            # another. Nobody else can change a view's shape.
            f = f.view()
            strides = strides_of_converted(f, dtype)
    kept = keeps_memory(cnp.PyArray_SIZE(f), cnp.PyDataType_ELSIZE(dtype),
                        WORTH_KEEPING if dense else WORTH_SETTING)
    if kept and not dense:
        handler = cnp.PyDataMem_SetHandler(MEMORY)
    try:
        for j in range(naxes):
            result = new_result(f, dtype, strides, kept and dense, alike)
            if naxes > 1:
                Py_INCREF(result)
                PyTuple_SET_ITEM(results, j, result)
    finally:
        if handler is not None:
            cnp.PyDataMem_SetHandler(handler)
    return results if naxes > 1 else result


cdef cnp.ndarray result_of(object results, Py_ssize_t j):
    """One of what `new_results` made, or of the arrays that were given."""
    if type(results) is tuple:
        return <cnp.ndarray> PyTuple_GET_ITEM(results, j)
    return <cnp.ndarray> results


cdef void set_dimensions(Plan *plan, cnp.ndarray f, cnp.ndarray out, int *place):
    """Order the dimensions as they lie in memory; `place` says where each axis went."""
    cdef const cnp.npy_intp *out_stride = cnp.PyArray_STRIDES(out)
    cdef int order[MAX_DIMS]
    cdef int d, i
    plan.out_itemsize = cnp.PyArray_ITEMSIZE(out)
    plan.ndim = 0
    for d in range(cnp.PyArray_NDIM(f)):
        if cnp.PyArray_DIM(f, d) == 1:
            continue                  # its stride means nothing
        i = plan.ndim
        while i > 0 and out_stride[order[i - 1]] < out_stride[d]:
            order[i] = order[i - 1]
            i -= 1
        order[i] = d
        plan.ndim += 1
    for i in range(plan.ndim):
        d = order[i]
        place[d] = i
        plan.shape[i] = cnp.PyArray_DIM(f, d)
        plan.stride[i] = cnp.PyArray_STRIDE(f, d) // plan.unit


cdef void set_output(Job *job, cnp.ndarray out, const int *place):
    cdef int d
    job.out = cnp.PyArray_BYTES(out)
    for d in range(cnp.PyArray_NDIM(out)):
        if cnp.PyArray_DIM(out, d) > 1:
            job.out_stride[place[d]] = cnp.PyArray_STRIDE(out, d) // cnp.PyArray_ITEMSIZE(out)


cdef bint set_coordinates(Job *job, cnp.ndarray x):
    """Read where coordinates lie; False unless they lie as `read_coordinates` found them."""
    cdef Coordinates *coordinates = &job.coordinates
    if (cnp.PyArray_NDIM(x) != 1 or cnp.PyArray_DIM(x, 0) != job.n
            or cnp.PyArray_STRIDE(x, 0) != coordinates.stride * coordinates.itemsize):
        return False
    coordinates.x = cnp.PyArray_BYTES(x)
    if job.in_place:
        job.coefficients = <char *> coordinates.x
    return True


cdef bint set_places(Plan *plan, cnp.ndarray f, int ndim, const int *axes, tuple spacings,
                     object results, bint given):
    """Read where everything lies; False unless it is what the plan was made for.

    Others may change both wherever Python runs: threads, or who listens to the garbage collector,
    to a call or to an event. None may while the plan is carried out.
    """
    cdef int place[MAX_DIMS]
    cdef Job *job
    cdef int j
    if (cnp.PyArray_NDIM(f) != ndim or cnp.PyArray_SIZE(f) != plan.size
            or cnp.PyArray_ITEMSIZE(f) != plan.itemsize
            or given and not accepts(f, <tuple> results, plan.njobs)):
        return False
    for j in range(plan.njobs):
        job = &plan.jobs[j]
        if (cnp.PyArray_DIM(f, axes[j]) != job.n
                or not same_shape(f, result_of(results, j))
                or not job.uniform and not set_coordinates(
                    job, <cnp.ndarray> PyTuple_GET_ITEM(spacings, j))):
            return False
    plan.f = cnp.PyArray_BYTES(f)
    set_dimensions(plan, f, result_of(results, 0), place)
    for j in range(plan.njobs):
        plan.jobs[j].dim = place[axes[j]]
        set_output(&plan.jobs[j], result_of(results, j), place)
    return True


cdef bint is_foreign(cnp.ndarray array):
    """Whether an array lies in memory that NumPy did not allocate, such as a mapped file."""
    cdef PyObject *base = cnp.PyArray_BASE(array)
    while base != NULL and cnp.PyArray_Check(<object> base):
        base = cnp.PyArray_BASE(<cnp.ndarray> base)
    return base != NULL


cdef inline bint is_odd(const Stencil *stencil) noexcept nogil:
    """Whether the divisor is zero or NaN."""
    cdef longdouble h
    if stencil.type == EXTENDED:
        h = stencil.abc.extended[0]
    else:
        h = stencil.abc.full[0] if stencil.type == DOUBLE else stencil.abc.single[0]
    return h == 0 or h != h


cdef bint divides_oddly(const Job *job) noexcept nogil:
    """NumPy's complex division treats some divisors apart, which the kernels do not."""
    return (job.uniform and is_odd(&job.interior)) or (
        job.first.points == 2 and (is_odd(&job.first) or is_odd(&job.last)))


cdef bint fill_plan(Plan *plan, int type_num, tuple spacings, int edge_order):
    """Make a job of each axis, without its result; False where NumPy must judge."""
    cdef Spacing spacing
    cdef Py_ssize_t n, given = PyTuple_GET_SIZE(spacings)
    cdef Job *job
    cdef object h
    cdef int j
    spacing.precision, spacing.uniform, spacing.h = WEAK, True, 1.
    spacing.some_extended = False
    plan.halves = plan.value == HALF
    if plan.halves and flushes_subnormal():
        return False
    if plan.value == EXTENDED:
        start_extended(&spacing)
    for j in range(plan.njobs):
        job = &plan.jobs[j]
        n = job.n
        if n < edge_order + 1:
            return False
        if j < given:
            h = <object> PyTuple_GET_ITEM(spacings, j)
            if not read_spacing(h, n, &spacing):
                return False
            if spacing.precision == WEAK and spacing.h == 0 and edge_order == 2:
                return False          # ZeroDivisionError
        if plan.value == HALF and spacing.precision == EXTENDED and not ROUNDS_AS_NUMPY:
            return False              # by the machine, NumPy casts one to the other otherwise
        if type_num == cnp.NPY_BOOL and (
                spacing.uniform or edge_order == 1 or spacing.precision < DOUBLE):
            return False              # an error, but for products with coefficients
        if spacing.uniform:
            set_uniform(job, plan, &spacing, edge_order)
        else:
            set_nonuniform(job, plan, &spacing, edge_order)
        plan.halves |= spacing.precision == HALF
        if plan.parts == 2 and divides_oddly(job):
            return False
    plan.extended = spacing.some_extended
    return True


cdef struct Extent:
    # The bytes between which an array lies.
    size_t begin
    size_t end


cdef Extent extent_of(cnp.ndarray array):
    cdef Extent extent
    cdef Py_ssize_t reach
    cdef int d
    extent.begin = <size_t> cnp.PyArray_BYTES(array)
    extent.end = extent.begin + <size_t> cnp.PyArray_ITEMSIZE(array)
    for d in range(cnp.PyArray_NDIM(array)):
        reach = (cnp.PyArray_DIM(array, d) - 1) * cnp.PyArray_STRIDE(array, d)
        if reach < 0:
            extent.begin -= <size_t> -reach
        else:
            extent.end += <size_t> reach
    return extent


cdef bint lies_apart(cnp.ndarray array, object other):
    """Whether an array ends before another begins, or the other way round."""
    cdef Extent a, b
    if not cnp.PyArray_Check(other):
        return True
    a = extent_of(array)
    b = extent_of(<cnp.ndarray> other)
    return a.end <= b.begin or b.end <= a.begin


cdef bint all_apart(cnp.ndarray f, tuple spacings, tuple out):
    cdef Py_ssize_t j, k
    cdef cnp.ndarray result
    for j in range(PyTuple_GET_SIZE(out)):
        result = <cnp.ndarray> PyTuple_GET_ITEM(out, j)
        if not lies_apart(result, f):
            return False
        for k in range(j):
            if not lies_apart(result, <object> PyTuple_GET_ITEM(out, k)):
                return False
        for k in range(PyTuple_GET_SIZE(spacings)):
            if not lies_apart(result, <object> PyTuple_GET_ITEM(spacings, k)):
                return False
    return True


cdef bint accepts(cnp.ndarray f, tuple out, int naxes):
    """Whether the results for f can be computed straight into these arrays, if of its shape."""
    cdef bint own = has_result_of_own_type(cnp.PyArray_TYPE(f))
    cdef int type_num = cnp.PyArray_TYPE(f) if own else cnp.NPY_DOUBLE
    cdef bint swapped = own and cnp.PyArray_ISBYTESWAPPED(f)
    cdef cnp.ndarray result
    if PyTuple_GET_SIZE(out) != naxes:
        return False
    for item in out:
        if not cnp.PyArray_CheckExact(item):
            return False
        result = <cnp.ndarray> item
        if (cnp.PyArray_TYPE(result) != type_num or not is_regular(result) or has_repeats(result)
                or cnp.PyArray_ISBYTESWAPPED(result) != swapped
                or not cnp.PyArray_ISWRITEABLE(result)):
            return False
    return True


cdef int number_of_workers(const Plan *plan, object workers) except -1:
    if plan.size < WORTH_SHARING:
        return 1
    return min(default_workers() if workers is None else workers, MOST_WORKERS)


cdef bint is_worth_releasing(const Plan *plan) noexcept nogil:
    """Whether it takes so long that other threads gain by the GIL, or may wait for a file."""
    cdef Py_ssize_t worth = WORTH_RELEASING
    if (plan.reads_rows or plan.source != NULL or plan.value == EXTENDED
            or not plan.jobs[0].uniform):
        worth //= 3                   # a byte takes longer: converted, by the x87, or divided
    return plan.in_order or plan.bytes >= worth


cdef int carry_out(Plan *plan, int workers) except -1:
    """Compute; return the events that threads other than this one met."""
    if workers > 1:
        return share(plan, workers)
    allocate_room_for(plan, workers)
    if is_worth_releasing(plan):
        with nogil:
            visit_all(plan)
    else:
        visit_all(plan)
    free_room_of(plan)
    return 0


cdef inline int events_so_far(const Plan *plan) noexcept nogil:
    return all_events() if plan.extended else floating_point_events()


cdef void forget_events(const Plan *plan) noexcept nogil:
    clear_floating_point_events()
    if plan.extended:
        clear_extended_events()


cdef int compute(Plan *plan, int workers) except -1:
    """Carry out the plan; return the events that were met."""
    cdef int events
    if events_so_far(plan):
        forget_events(plan)
    events = carry_out(plan, workers)
    events |= events_so_far(plan)
    if events:
        clear_floating_point_events()
    return events


cdef bint is_silent(const Plan *plan, int events):
    """Whether the caller wants to hear of none of these events."""
    if plan.halves:
        events |= EVENT_UNDER         # rounding to halves does not raise it
    return events == 0 or all_ignored(events)


cdef void choose_ways(Plan *plan) noexcept nogil:
    """Choose what is fastest: past the caches or not, which loops, what is asked for ahead."""
    plan.bytes = plan.size * (plan.itemsize + plan.out_itemsize * plan.njobs)
    plan.streams = plan.bytes >= STREAM_FROM and not (
        plan.swaps_results or plan.swaps_back and plan.store != NULL)
    plan.fetches = plan.size * plan.itemsize >= FETCH_FROM and has_gaps(plan)
    plan.takes_two = may_take_two(plan)
    plan.ahead = TWO_AHEAD if plan.bytes >= STREAM_FROM // 2 else 0
    plan.flat = is_flat(plan)
    plan.crosses_edges = plan.flat or may_cross_edges(plan)


cdef object answer_or_none(object f, tuple spacings, object axis, object edge_order,
                           object workers, tuple out, bint disjoint):
    """The door; see `differentiate`."""
    cdef Plan plan, of_copies
    cdef Plan *chosen = &plan
    cdef int axes[MAX_DIMS]
    cdef Job few[FEW]
    cdef cnp.ndarray array
    cdef cnp.dtype dtype
    cdef object results
    cdef bytearray room
    cdef int j, n, ndim, events, before
    cdef Py_ssize_t given = PyTuple_GET_SIZE(spacings)
    cdef bint alike

    # Check: is the call of a kind that is compiled here?
    if type(f) is list or type(f) is tuple:
        f = from_sequence(f, out is not None)
    if not read_data(&plan, f) or not PyLong_CheckExact(edge_order):
        return None
    if edge_order != 1 and edge_order != 2:
        return None
    array = <cnp.ndarray> f
    dtype = array.descr
    ndim = cnp.PyArray_NDIM(array)
    plan.njobs = read_axes(axis, ndim, axes)
    if plan.njobs < 1 or given > 1 and given != plan.njobs:
        return None
    if out is not None and not (accepts(array, out, plan.njobs) and (
            disjoint or all_apart(array, spacings, out))):
        return None

    # Normalise: spacing. From the clearing on floating-point events count; of a spacing of 1
    # there are none.
    plan.jobs = few
    if plan.njobs > FEW:
        # Not on a stack that may be small; the room goes when this function ends.
        room = PyByteArray_FromStringAndSize(NULL, plan.njobs * sizeof(Job))
        plan.jobs = <Job *> PyByteArray_AS_STRING(room)
    for j in range(plan.njobs):
        plan.jobs[j].n = cnp.PyArray_DIM(array, axes[j])
    if given:
        spacings = readable_spacings(spacings, &plan, out is not None)
        if spacings is None:
            return None
        if floating_point_events():
            clear_floating_point_events()
    if not fill_plan(&plan, dtype.type_num, spacings, edge_order):
        return None

    # Allocate. Python may run anything meanwhile, such as a ufunc that clears the events.
    before = events_so_far(&plan) if given else 0
    n = number_of_workers(&plan, workers)
    # If neighbours lie whole lines apart, loads and stores can begin lines together.
    alike = (plan.njobs == 1 and not plan.reads_rows
             and cnp.PyArray_STRIDE(array, axes[0]) % LINE == 0)
    results = new_results(array, dtype, plan.njobs, alike) if out is None else out
    if not set_places(&plan, array, ndim, axes, spacings, results, out is not None):
        return None

    # Compute. A file may not fit in memory, and jumps in it take long. Small data is one block.
    plan.in_order = plan.size >= WHOLE and (
        is_foreign(array) or is_foreign(result_of(results, 0)))
    if is_hard_to_read(&plan) and is_better_copied(&plan):
        copy_by_boxes(&plan, &of_copies)
        if copies_little_more(&of_copies, n):
            chosen = &of_copies
    choose_ways(chosen)
    events = before | compute(chosen, n)
    if chosen.crosses_edges and not is_silent(chosen, events):
        # Between the end of a row, or a plane, and the beginning of the next, there may have been
        # differences that are not the gradient's.
        if not set_places(&plan, array, ndim, axes, spacings, results, out is not None):
            return None
        if chosen != &plan:
            copy_by_boxes(&plan, chosen)
            choose_ways(chosen)
        chosen.flat = chosen.crosses_edges = chosen.takes_two = False
        events = before | compute(chosen, n)
    if events & EVENT_UNDER and plan.parts == 2:
        # By the machine, NumPy fuses an addition of zero: the sign of one may differ.
        return None
    if not is_silent(&plan, events):
        return None
    return result_of(results, 0) if plan.njobs == 1 else results


def differentiate(f, tuple spacings not None, axis, edge_order, workers=None, tuple out=None,
                  bint disjoint=False, /):
    """See ``cgrad/_kernels.pyi``."""
    return answer_or_none(f, spacings, axis, edge_order, workers, out, disjoint)


include "call.pxi"


def build_info():
    """See ``cgrad/_kernels.pyi``."""
    return CGRAD_COMPILER, CYTHON_ABI


def simd_levels():
    """See ``cgrad/_kernels.pyi``."""
    if not cgrad_has_avx2():
        return []
    return ["avx512", "avx2"] if cgrad_has_avx512() else ["avx2"]


def use_loops(loops):
    """See ``cgrad/_kernels.pyi``."""
    if loops is None:
        set_loops(&LOOPS)
    else:
        (<loop_setter> PyCapsule_GetPointer(loops, "cgrad loops"))(&LOOPS)


def can_stream():
    """See ``cgrad/_kernels.pyi``."""
    return CAN_STREAM


def stream_from(Py_ssize_t size):
    """See ``cgrad/_kernels.pyi``."""
    global STREAM_FROM
    before, STREAM_FROM = STREAM_FROM, size
    return before


def rows_from(Py_ssize_t points):
    """See ``cgrad/_kernels.pyi``."""
    global ROWS_FROM
    before, ROWS_FROM = ROWS_FROM, points
    return before


def keep_at_most(size_t size):
    """See ``cgrad/_kernels.pyi``."""
    return set_bound_of_kept(size)


def address_space_is_limited():
    """See ``cgrad/_kernels.pyi``."""
    return c_address_space_is_limited()
