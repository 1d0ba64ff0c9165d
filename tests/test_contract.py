"""The contract, said once and held by NumPy and cgrad alike."""

import inspect
from fractions import Fraction

import numpy as np
import pytest

import cgrad


@pytest.fixture(params=[np.gradient, cgrad.gradient], ids=["numpy", "cgrad"])
def gradient(request):
    return request.param


F = np.array([[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]])


def test_the_signature_is_numpys(gradient):
    signature = inspect.signature(gradient)
    ours = {"out", "workers"}
    kept = [value for name, value in signature.parameters.items() if name not in ours]
    assert str(signature.replace(parameters=kept)) == "(f, *varargs, axis=None, edge_order=1)"
    assert gradient.__name__ == "gradient"


def test_the_data_may_be_named(gradient):
    assert gradient(f=[1.0, 3.0]).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("axis", [0, -2, (0,), [0], np.int64(0), np.array([0]), False])
def test_one_axis_gives_a_bare_array(gradient, axis):
    result = gradient(F, axis=axis)
    assert type(result) is np.ndarray
    assert result.tolist() == [[2.0, 2.0, -1.0], [2.0, 2.0, -1.0]]


def test_several_axes_give_a_tuple_in_the_order_asked_for(gradient):
    down, across = gradient(F, 2.0, 0.5)
    swapped = gradient(F, 0.5, 2.0, axis=(1, 0))
    assert type(swapped) is tuple
    assert swapped[0].tolist() == across.tolist() == [[2.0, 5.0, 8.0], [2.0, 2.0, 2.0]]
    assert swapped[1].tolist() == down.tolist() == [[1.0, 1.0, -0.5], [1.0, 1.0, -0.5]]


@pytest.mark.parametrize(("f", "axis"), [(F, ()), (np.array(3.0), None), ("abc", None)])
def test_no_axes_give_an_empty_tuple(gradient, f, axis):
    assert gradient(f, axis=axis) == ()


def test_uneven_coordinates_are_exact_for_a_parabola_with_edges_of_order_2(gradient):
    x = np.array([0.0, 1.0, 1.5, 3.5, 4.0, 6.0])
    assert gradient(x**2, x, edge_order=2).tolist() == pytest.approx(2 * x)


def test_fractions_are_computed_as_objects(gradient):
    f = np.array([Fraction(1, 3), Fraction(2, 3), Fraction(5, 3)])
    assert gradient(f, Fraction(1, 2)).tolist() == pytest.approx([2 / 3, 4 / 3, 2.0])


@pytest.mark.parametrize(("code", "expected"), [
    ("f4", "f4"), ("f8", "f8"), (">f8", ">f8"), ("f2", "f2"), ("c8", "c8"), ("i1", "f8"),
    ("u8", "f8"), ("M8[s]", "m8[s]"), ("m8[s]", "m8[s]"),
])
def test_the_dtype_of_the_result(gradient, code, expected):
    assert gradient(np.arange(4).astype(code)).dtype == expected


def test_results_lie_in_memory_as_the_data_does(gradient):
    f = np.zeros((3, 4, 5)).transpose(2, 0, 1)
    assert all(result.strides == f.strides for result in gradient(f))
    assert gradient(np.zeros((6, 6))[::-2, ::2], axis=0).strides == (24, 8)


def test_results_own_their_memory_and_can_be_written(gradient):
    f = np.arange(5.0)
    f.flags.writeable = False
    result = gradient(f)
    assert result.flags.owndata
    assert result.flags.writeable


def test_masks_go_through(gradient):
    masked = np.ma.masked_array([1.0, 2.0, 4.0, 7.0], mask=[0, 1, 0, 0])
    assert gradient(masked).mask.tolist() == [True, False, True, False]


def test_subclasses_go_through_with_what_they_carry(gradient):
    class Metres(np.ndarray):
        def __array_finalize__(self, parent):
            self.origin = getattr(parent, "origin", None)

    f = np.arange(4.0).view(Metres)
    f.origin = "survey"
    result = gradient(f)
    assert type(result) is Metres
    assert result.origin == "survey"


@pytest.mark.parametrize("where", ["data", "spacing"])
def test_duck_arrays_in_either_place_answer_themselves(gradient, where):
    class Duck:
        def __array_function__(self, function, types, args, kwargs):
            return function is np.gradient, len(args), kwargs

    args = (Duck(), 1.0) if where == "data" else (F, Duck(), 2.0)
    assert gradient(*args) == (True, len(args), {})
    assert gradient(*args, axis=0) == (True, len(args), {"axis": 0})
    assert gradient(*args, edge_order=2) == (True, len(args), {"edge_order": 2})


@pytest.mark.parametrize("where", ["data", "spacing"])
def test_subclasses_with_an_answer_of_their_own_are_asked(gradient, where):
    class Answers(np.ndarray):
        def __array_function__(self, function, types, args, kwargs):
            return function is np.gradient, len(args), kwargs

    mine = F.view(Answers)
    args = (mine,) if where == "data" else (F, 1.0, mine)
    assert gradient(*args) == (True, len(args), {})


BAD = {
    "axis a time": ((F,), {"axis": np.timedelta64(0, "s")}),
    "axis a tuple of times": ((F,), {"axis": (np.timedelta64(0, "ns"),)}),
    "a zero in an array of objects": ((F, np.array(0, "O")), {"edge_order": 2}),
    "axis out of bounds": ((F,), {"axis": 2}),
    "axis out of bounds below": ((F,), {"axis": -3}),
    "axis repeated": ((F,), {"axis": (0, -2)}),
    "axis a float": ((F,), {"axis": 1.0}),
    "axis a string": ((F,), {"axis": "x"}),
    "too many spacings": ((F, 1.0, 1.0, 1.0), {}),
    "one coordinate array for two axes": ((F, np.arange(2.0)), {}),
    "coordinates too short": ((F, np.arange(2.0), np.arange(2.0)), {}),
    "coordinates of two dimensions": ((F, F, 1.0), {}),
    "edge order 3": ((F,), {"edge_order": 3}),
    "edge order 3 of no axes": ((F,), {"edge_order": 3, "axis": ()}),
    "edge order None": ((F,), {"edge_order": None}),
    "too few points": ((F,), {"edge_order": 2}),
    "one point": ((np.zeros(1),), {}),
    "no points": ((np.zeros(0),), {}),
    "no points and coordinates": ((np.zeros(0), np.zeros(0)), {}),
    "an empty axis among others": ((np.zeros((3, 0)),), {}),
    "zero spacing of order 2": ((np.arange(4.0), 0.0), {"edge_order": 2}),
    "spacing None": ((F, None), {}),
    "spacing a string": ((F, "a"), {}),
    "an integer too large": ((F, 10**400), {}),
    "booleans": ((np.array([True, False, True]),), {}),
    "strings": ((np.array(["a", "b"]),), {}),
    "ragged": (([[1.0], [1.0, 2.0]],), {}),
    "an unknown keyword": ((F,), {"foo": 1}),
    "order and axis both wrong": ((F,), {"axis": 5, "edge_order": 7}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_call_raises_what_numpy_raises(name):
    args, kwargs = BAD[name]
    with pytest.raises(Exception) as expected:  # noqa: PT011
        np.gradient(*args, **kwargs)
    with pytest.raises(type(expected.value)) as got:
        cgrad.gradient(*args, **kwargs)
    assert str(got.value) == str(expected.value)
