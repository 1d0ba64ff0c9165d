"""What Python does with NumPy's function, it does with ours: calls it, binds it, tells of it."""

import copy
import functools
import gc
import inspect
import json
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


class OtherName(str):
    """A name that is equal to no other."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        return False


@pytest.mark.parametrize(("args", "kwargs"), [
    ((), {"f": F}), ((), {"f": F, "edge_order": 2}), ((), {"axis": 0, "f": F}),
    ((F, X), {"edge_order": 2, "axis": (0,)}), ((F, 2.0, 3.0), {}), ((F[None], 1, X), {}),
    ((F,), {Name("axis"): 0}), ((F,), {"".join(["a", "xis"]): (0,), "edge_order": 2}),
    ((), {Name("f"): F}), ((F,), {"axis": None, "edge_order": 1}),
    ((), {}), ((), {"axis": 0}), ((F,), {"f": F}), ((F,), {"h": 2}), ((), {"h": 2}),
    ((F,), {"axis": 0, "axes": 0}), ((F,), {"f": F, "h": 2}), ((F,), {1: 2}), ((F,), {"": 0}),
    ((F, X, X), {"h": 1}), ((F,), {Name("h"): 0}), ((), {"h": 2, "f": F}),
    ((), {Name("axis"): 1, "f": F[:, None]}), ((), {Name("edge_order"): 2, "f": F}),
    ((F,), json.loads('{"axis": 0, "edge_order": 2}')), ((F,), json.loads('{"axes": 0}')),
    ((F,), {"axis\0": 0}), ((F,), {"\ud800": 0}), ((F,), {OtherName("axis"): 0}),
], ids=str)
def test_a_call_may_be_written_as_one_of_numpys(args, kwargs):
    oracle.assert_same(cgrad.gradient, args, kwargs)
    numpys, ours = functools.partial(np.gradient, *args), functools.partial(cgrad.gradient, *args)
    assert oracle.outcome(ours, (), kwargs) == oracle.outcome(numpys, (), kwargs)


def test_a_call_written_out_is_read_as_one_of_dictionaries():
    one_axis = F[:, None]
    for function in np.gradient, cgrad.gradient:
        assert function(F).tolist() == [1.0, 1.5, 3.0, -0.5, -5.0]
        assert function(f=one_axis, axis=0)[:, 0].tolist() == [1.0, 1.5, 3.0, -0.5, -5.0]
        assert function(F, 2.0, axis=0, edge_order=2)[0] == 0.25
        with pytest.raises(TypeError, match=r"gradient\(\) got an unexpected keyword argument 'h'"):
            function(h=2, f=F)
        with pytest.raises(TypeError, match=r"gradient\(\) got multiple values for argument 'f'"):
            function(F, f=F)


@pytest.mark.parametrize("name", ["workers", Name("workers"), "".join(["work", "ers"])])
def test_workers_are_read_by_any_name_that_is_equal(name):
    for out in None, np.empty(5):
        with pytest.raises(ValueError, match="workers: expected a positive or a negative number"):
            cgrad.gradient(F, out=out, **{name: 0})


@pytest.mark.parametrize("kwargs", [{}, {"axis": 0}, {"workers": 2}])
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
        name, address = repr(function).split(" at 0x")    # which systems write in their own ways
        assert name == "<function gradient"
        assert address[-1] == ">"
        assert int(address[:-1], 16) == id(function)
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


class Answer:
    """A function that can be seen to go."""

    def __call__(self, *args, **kwargs):
        return args, kwargs


def test_what_is_no_call_of_the_functions_goes_to_it_and_the_rest_to_the_door_first():
    compiled = kernels.compiled_function(Answer(), Answer())
    assert compiled(axis=0) == ((), {"axis": 0})
    assert compiled(None, 1) == ((None, (1,), None, 1, None, None), {})
    assert compiled(F).tolist() == np.gradient(F).tolist()


@pytest.mark.parametrize("holder", ["itself", "function", "otherwise", "nobody"])
def test_it_goes_with_all_that_it_holds_when_nobody_holds_it(holder):
    function, otherwise, name = Answer(), Answer(), Name("answer")
    compiled = kernels.compiled_function(function, otherwise)
    compiled.__qualname__ = name
    assert repr(compiled).startswith("<function answer at 0x")
    if holder != "nobody":
        {"itself": compiled, "function": function, "otherwise": otherwise}[holder].cycle = compiled
    gone = []
    references = [weakref.ref(one, gone.append) for one in (function, otherwise, name, compiled)]
    del compiled, function, otherwise, name
    gc.collect()
    assert len(gone) == len(references)
