"""NumPy's variable for `numpy.errstate`, and its value in a context where nobody has set it."""

import contextvars

import numpy as np


def _value_while_unset(variable):
    """Return it if it means that underflow is ignored, else something that it never is."""
    value = contextvars.ContextVar.get(variable)
    ignored = np.geterr()["under"] == "ignore"
    with np.errstate(under="warn"):
        changed = variable.get() is not value
    return value if ignored and changed else object()


def _find():
    """Return the variable, whose name is not public, and that value.

    A NumPy that keeps it otherwise is asked each time (`numpy.geterr`).
    """
    try:
        from numpy._core.umath import _extobj_contextvar as variable
        return variable, contextvars.Context().run(_value_while_unset, variable)
    except (ImportError, LookupError, TypeError):
        return contextvars.ContextVar("missing", default=None), object()


state, unset = _find()
