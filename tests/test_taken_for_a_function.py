"""Whatever Python does with NumPy's function, or with one of its own, it does with ours."""

import copy
import functools
import gc
import inspect
import pickle
import pydoc
import weakref

import numpy as np
import oracle
import pytest

import cgrad
from cgrad._simd import kernels

F = np.array([1.0, 2.0, 4.0, 8.0, 3.0])
X = np.array([0.0, 1.0, 3.0, 4.0, 7.0])


class Name(str):
    """A name that is not the one that Python has in code."""


@pytest.mark.parametrize(("args", "kwargs"), [
    ((), {"f": F}), ((), {"f": F, "edge_order": 2}), ((), {"axis": 0, "f": F}),
    ((F, X), {"edge_order": 2, "axis": (0,)}), ((F, 2.0, 3.0), {}), ((F[None], 1, X), {}),
    ((F,), {Name("axis"): 0}), ((F,), {"".join(["a", "xis"]): (0,), "edge_order": 2}),
    ((), {Name("f"): F}), ((F,), {"axis": None, "edge_order": 1}),
    ((), {}), ((), {"axis": 0}), ((F,), {"f": F}), ((F,), {"h": 2}), ((), {"h": 2}),
    ((F,), {"axis": 0, "axes": 0}), ((F,), {"f": F, "h": 2}), ((F,), {1: 2}), ((F,), {"": 0}),
    ((F, X, X), {"h": 1}), ((F,), {Name("h"): 0}),
], ids=str)
def test_a_call_may_be_written_as_one_of_numpys(args, kwargs):
    oracle.assert_same(cgrad.gradient, args, kwargs)
    numpys, ours = functools.partial(np.gradient, *args), functools.partial(cgrad.gradient, *args)
    assert oracle.outcome(ours, (), kwargs) == oracle.outcome(numpys, (), kwargs)


@pytest.mark.parametrize("kwargs", [{}, {"axis": 0}, {"workers": 2}, {Name("workers"): 1}])
def test_results_may_be_asked_for_in_any_order_of_arguments(kwargs):
    out = np.empty(5)
    assert cgrad.gradient(out=out, **kwargs, f=F) is out
    assert cgrad.gradient(F, **kwargs, **{Name("out"): out}) is out
    assert out.tolist() == np.gradient(F).tolist()


def test_it_is_bound_as_a_method_as_numpys_is():
    class Track(list):
        numpys, ours = np.gradient, cgrad.gradient

    track = Track([1.0, 2.0, 4.0])
    assert track.ours(axis=0).tolist() == track.numpys(axis=0).tolist() == [1.0, 1.5, 2.0]
    assert Track.ours is cgrad.gradient
    assert track.ours.__self__ is track
    assert str(inspect.signature(track.ours)).startswith("(*varargs, axis=None")


def test_python_takes_it_for_a_function_as_it_does_numpys():
    for function in np.gradient, cgrad.gradient:
        assert inspect.isroutine(function)
        assert repr(function).startswith("<function gradient at 0x")
        assert function.__name__ == function.__qualname__ == "gradient"
        assert pydoc.plain(pydoc.render_doc(function)).splitlines()[2].startswith("gradient(f, *")
    assert cgrad.gradient.__module__ == "cgrad._gradient"
    assert "def gradient(f, *varargs" in inspect.getsource(cgrad.gradient)
    assert cgrad.gradient.__doc__ == cgrad.gradient.__wrapped__.__doc__


def test_it_is_pickled_and_copied_by_its_name():
    for other in copy.copy(cgrad.gradient), copy.deepcopy([cgrad.gradient])[0], *(
            pickle.loads(pickle.dumps(cgrad.gradient, protocol))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)):
        assert other is cgrad.gradient


def test_it_has_attributes_and_weak_references():
    reference = weakref.ref(cgrad.gradient)
    cgrad.gradient.times_seen = 1
    assert reference().times_seen == vars(cgrad.gradient)["times_seen"] == 1
    del cgrad.gradient.times_seen
    assert not hasattr(cgrad.gradient, "times_seen")


def test_it_goes_when_nobody_holds_it():
    def function(*args, **kwargs):
        return args, kwargs

    def otherwise(*args):
        return args

    references = weakref.ref(function), weakref.ref(otherwise)
    compiled = kernels.compiled_function(function, otherwise)
    compiled.itself = function.itself = compiled
    assert compiled(axis=0) == ((), {"axis": 0})
    assert compiled(None, 1) == (None, (1,), None, 1, None, None)
    references = *references, weakref.ref(compiled)
    del compiled, function, otherwise
    gc.collect()
    assert [reference() for reference in references] == [None] * 3
