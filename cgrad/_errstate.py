"""What `numpy.errstate` sets, for the door to compare with what that is if nobody has set it."""

import contextvars

import numpy as np

_missing = contextvars.ContextVar("missing", default=None)
# A name that is not public: where it is missing, `numpy.geterr` is asked each time.
state = getattr(np._core.umath, "_extobj_contextvar", _missing)
_new = contextvars.Context()
_known = state is not _missing and _new.run(np.geterr)["under"] == "ignore"
unset = _new.run(state.get) if _known else object()       # what no state is
