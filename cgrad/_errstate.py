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


try:
    # The name is not public. A NumPy that keeps it otherwise is asked each time (`numpy.geterr`).
    from numpy._core.umath import _extobj_contextvar as state
    unset = contextvars.Context().run(_value_while_unset, state)
except (ImportError, LookupError, TypeError):
    state, unset = contextvars.ContextVar("missing", default=None), object()
