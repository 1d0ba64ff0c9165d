/* The type of the public function: a function of Python's whose calls are answered without it.

   A frame of Python's, with what it looks up for each argument that was left out, takes nearly as
   long as all that the door does for ten numbers. Functions of NumPy's that it dispatches are of a type
   much like this. It is a method of instances, has a signature and help, and is pickled, as
   functions are. */

#include <stddef.h>

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *function;           /* what it stands for */
    PyObject *otherwise;          /* answers where the door has no answer */
    PyObject *attributes;         /* its __dict__ */
    PyObject *weak_references;
} CompiledFunction;

/* Dictionaries and functions, which a cycle goes through, break it themselves. */
static int compiled_function_traverse(CompiledFunction *self, visitproc visit, void *arg)
{
    Py_VISIT(self->function);
    Py_VISIT(self->otherwise);
    Py_VISIT(self->attributes);
    return 0;
}

static void compiled_function_dealloc(CompiledFunction *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weak_references)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_DECREF(self->function);
    Py_DECREF(self->otherwise);
    Py_XDECREF(self->attributes);
    PyObject_GC_Del(self);
}

static PyObject *compiled_function_repr(CompiledFunction *self)
{
    PyObject *name = PyObject_GetAttrString((PyObject *)self, "__qualname__"), *text = NULL;
    if (name)
        text = PyUnicode_FromFormat("<function %S at %p>", name, (void *)self);
    Py_XDECREF(name);
    return text;
}

static PyObject *compiled_function_bind(PyObject *self, PyObject *instance, PyObject *owner)
{
    (void)owner;
    return instance ? PyMethod_New(self, instance) : Py_NewRef(self);
}

/* Pickled, and copied, by its name, as functions are. */
static PyObject *compiled_function_reduce(PyObject *self, PyObject *nothing)
{
    (void)nothing;
    return PyObject_GetAttrString(self, "__qualname__");
}

static PyMethodDef compiled_function_methods[] = {
    {"__reduce__", compiled_function_reduce, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

static PyGetSetDef compiled_function_attributes[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyTypeObject CompiledFunction_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "cgrad._kernels.CompiledFunction",
    .tp_basicsize = sizeof(CompiledFunction),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_dealloc = (destructor)compiled_function_dealloc,
    .tp_traverse = (traverseproc)compiled_function_traverse,
    .tp_repr = (reprfunc)compiled_function_repr,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(CompiledFunction, call),
    .tp_dictoffset = offsetof(CompiledFunction, attributes),
    .tp_weaklistoffset = offsetof(CompiledFunction, weak_references),
    .tp_descr_get = compiled_function_bind,
    .tp_methods = compiled_function_methods,
    .tp_getset = compiled_function_attributes,
};

/* A function that is called by `call`, and stands for `function`. */
static PyObject *new_compiled_function(PyObject *function, PyObject *otherwise,
                                       vectorcallfunc call)
{
    CompiledFunction *self;
    if (PyType_Ready(&CompiledFunction_Type) < 0)
        return NULL;
    self = PyObject_GC_New(CompiledFunction, &CompiledFunction_Type);
    if (!self)
        return NULL;
    self->call = call;
    self->function = Py_NewRef(function);
    self->otherwise = Py_NewRef(otherwise);
    self->attributes = NULL;
    self->weak_references = NULL;
    PyObject_GC_Track((PyObject *)self);
#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX >= 0x030E0000
    /* Else threads that call it would wait for each other, to count who holds it. */
    PyUnstable_Object_EnableDeferredRefcount((PyObject *)self);
#endif
    return (PyObject *)self;
}
