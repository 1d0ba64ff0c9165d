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
    object PyUnicode_InternFromString(const char *text)

# Python has one object of each name that stands in a call.
cdef object F = PyUnicode_InternFromString("f")
cdef object AXIS = PyUnicode_InternFromString("axis")
cdef object EDGE_ORDER = PyUnicode_InternFromString("edge_order")
cdef object OUT = PyUnicode_InternFromString("out")
cdef object WORKERS = PyUnicode_InternFromString("workers")

cdef object answer(object f, tuple varargs, object axis, object edge_order, object out,
                   object workers, object otherwise):
    """Answer a call of the public function, by the door or by what goes on without it."""
    cdef tuple results_in = None
    if workers is not None:
        workers = read_workers(workers)
    if out is not None:
        kind = type(out)
        results_in = out if kind is tuple else tuple(out) if kind is list else (out,)
    results = answer_or_none(f, varargs, axis, edge_order, workers, results_in, False)
    if results is None:
        return otherwise(f, varargs, axis, edge_order, out, workers)
    return results if out is None or type(results) is not tuple else out


cdef object call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names):
    """Read a call; what is not written as most are, or is an error, is left to the function."""
    cdef Py_ssize_t count = PyVectorcall_NARGS(nargsf), i
    cdef object axis = None, edge_order = 1, out = None, workers = None, value
    cdef PyObject *f = args[0] if count else NULL
    cdef PyObject *name
    cdef tuple varargs
    for i in range(0 if names == NULL else PyTuple_GET_SIZE(<tuple> names)):
        name = PyTuple_GET_ITEM(<tuple> names, i)
        value = <object> args[count + i]
        if name == <PyObject *> AXIS:
            axis = value
        elif name == <PyObject *> EDGE_ORDER:
            edge_order = value
        elif name == <PyObject *> OUT:
            out = value
        elif name == <PyObject *> WORKERS:
            workers = value
        elif name == <PyObject *> F and f == NULL:
            f = <PyObject *> value
        else:
            f = NULL
            break
    if f == NULL:
        return PyObject_Vectorcall((<CompiledFunction *> self).function, args, nargsf, names)
    varargs = PyTuple_New(max(count - 1, 0))
    for i in range(1, count):
        value = <object> args[i]
        Py_INCREF(value)
        PyTuple_SET_ITEM(varargs, i - 1, value)
    return answer(<object> f, varargs, axis, edge_order, out, workers,
                  <object> (<CompiledFunction *> self).otherwise)


def compiled_function(function, otherwise):
    """See ``cgrad/_kernels.pyi``."""
    return new_compiled_function(function, otherwise, call)
