# Calls of the public function, read as they come from Python: no frame of Python's is made for
# one that the door answers.

from cgrad._workers import number_of_workers as read_workers

cdef extern from "compiled_function.h":
    ctypedef object (*vectorcall "vectorcallfunc")(
        PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
    ctypedef struct CompiledFunction:
        PyObject *function
        PyObject *otherwise
    object new_compiled_function(object function, object otherwise, vectorcall call)

cdef extern from "Python.h":
    Py_ssize_t PyVectorcall_NARGS(size_t nargsf)
    object PyObject_Vectorcall(
        PyObject *function, PyObject *const *args, size_t nargsf, PyObject *names)
    PyObject *PyUnicode_InternFromString(const char *text) except NULL
    bint PyUnicode_CheckExact(PyObject *name)
    int PyUnicode_Compare(PyObject *name, PyObject *other)

cdef enum Argument:
    DATA
    AXIS
    EDGE_ORDER
    OUT
    WORKERS
    ARGUMENTS                     # how many have names

cdef PyObject *NAMES[ARGUMENTS]
NAMES[<int> DATA] = PyUnicode_InternFromString("f")
NAMES[<int> AXIS] = PyUnicode_InternFromString("axis")
NAMES[<int> EDGE_ORDER] = PyUnicode_InternFromString("edge_order")
NAMES[<int> OUT] = PyUnicode_InternFromString("out")
NAMES[<int> WORKERS] = PyUnicode_InternFromString("workers")
cdef object ONE = 1               # held here, and borrowed by each call without an edge order


cdef int argument_of(PyObject *name):
    """Which argument has this name, or -1.

    Of a name in code Python has one object; of others, such as those that json reads, it has not.
    """
    cdef int i
    for i in range(ARGUMENTS):
        if name == NAMES[i]:
            return i
    if PyUnicode_CheckExact(name):    # a subclass may do as it likes
        for i in range(ARGUMENTS):
            if PyUnicode_Compare(name, NAMES[i]) == 0:
                return i
    return -1


cdef object answer(object f, tuple varargs, object axis, object edge_order, object out,
                   object workers, object otherwise):
    """Answer a call of the public function, by the door or by what goes on without it."""
    cdef tuple given = None
    if workers is not None:
        workers = read_workers(workers)
    if out is not None:
        kind = type(out)
        given = out if kind is tuple else tuple(out) if kind is list else (out,)
    results = answer_or_none(f, varargs, axis, edge_order, workers, given, False)
    if results is None:
        return otherwise(f, varargs, axis, edge_order, out, workers)
    return results if out is None or type(results) is not tuple else out


cdef bint read_arguments(PyObject *const *args, Py_ssize_t count, PyObject *names,
                         PyObject **values):
    """Find the arguments that have names; False without one for f, or with one that is not ours."""
    cdef Py_ssize_t i
    cdef int argument
    values[<int> DATA] = args[0] if count else NULL
    values[<int> AXIS] = values[<int> OUT] = values[<int> WORKERS] = <PyObject *> None
    values[<int> EDGE_ORDER] = <PyObject *> ONE
    for i in range(0 if names == NULL else PyTuple_GET_SIZE(<tuple> names)):
        argument = argument_of(PyTuple_GET_ITEM(<tuple> names, i))
        if argument < 0 or argument == DATA and count:
            return False
        values[argument] = args[count + i]
    return values[<int> DATA] != NULL


cdef object call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names):
    """Read a call, or leave it to the function, which says what is wrong with it."""
    cdef Py_ssize_t count = PyVectorcall_NARGS(nargsf), i
    cdef PyObject *values[ARGUMENTS]
    cdef object f, axis, edge_order, out, workers, value
    cdef tuple varargs
    if not read_arguments(args, count, names, values):
        return PyObject_Vectorcall((<CompiledFunction *> self).function, args, nargsf, names)
    # Held, since who calls may let them go meanwhile, as functools.partial does.
    f = <object> values[<int> DATA]
    axis = <object> values[<int> AXIS]
    edge_order = <object> values[<int> EDGE_ORDER]
    out = <object> values[<int> OUT]
    workers = <object> values[<int> WORKERS]
    varargs = PyTuple_New(count - 1 if count else 0)
    for i in range(1, count):
        value = <object> args[i]
        Py_INCREF(value)
        PyTuple_SET_ITEM(varargs, i - 1, value)
    return answer(f, varargs, axis, edge_order, out, workers,
                  <object> (<CompiledFunction *> self).otherwise)


def compiled_function(function, otherwise, /):
    """See ``cgrad/_kernels.pyi``."""
    return new_compiled_function(function, otherwise, call)
