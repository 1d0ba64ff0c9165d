"""Arguments that raise, lie or have side effects give what they give with NumPy."""

import functools
import gc
import sys
import warnings

import numpy as np
import oracle
import pytest

import cgrad
from cgrad._workers import default_workers

F = np.array([1.0, 2.0, 4.0, 7.0, 11.0])


class RaisesInArray:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array here")


class GivesNoArray:
    def __array__(self, dtype=None, copy=None):
        return "text"


class LiesAboutItsLength:
    def __len__(self):
        return 7

    def __getitem__(self, index):
        if index >= 3:
            raise IndexError(index)
        return float(index)


class RaisesInFloat:
    def __float__(self):
        raise RuntimeError("no number here")


class RaisesInFunction:
    def __array_function__(self, function, types, args, kwargs):
        raise RuntimeError("not mine")


class Float(float):
    def __rmul__(self, other):
        return 100.0

    def __rtruediv__(self, other):
        return other / 100.0


class Index:
    def __init__(self):
        self.asked = 0

    def __index__(self):
        self.asked += 1
        return 0


class ChangesTheData:
    """Coordinates that change the data when they are looked at."""

    def __init__(self, f):
        self.f = f

    def __array__(self, dtype=None, copy=None):
        self.f[2] = 100.0
        return np.array([0.0, 1.0, 3.0, 4.0, 7.0])


class Subclass(np.ndarray):
    pass


class Counts:
    asked = 0

    def __init__(self, dtype):
        self.dtype = dtype

    def __array__(self, dtype=None, copy=None):
        Counts.asked += 1
        return np.array([1e308, -1e308, 1e308], self.dtype)


class Missing:
    asked = 0
    __hash__ = None

    def __eq__(self, other):
        Missing.asked += 1
        return True


def endless():
    sequence = [1.0]
    sequence.append(sequence)
    return sequence


def deep(levels):
    return [deep(levels - 1)] if levels else 1.0


def shared(levels, sequence=1.0):
    """A list of 2**levels of something, of as many lists as levels."""
    for _ in range(levels):
        sequence = [sequence, sequence]
    return sequence


def signalling(dtype):
    """A list of numbers of two types, with a NaN whose conversion to the other is an event."""
    nan = {"f2": 0x7D00, "f4": 0x7FA00000}[dtype]
    return [np.array(nan, dtype.replace("f", "u")).view(dtype)[()], 1.0, np.float64(3.0)]


CALLS = {
    "data in a list with a signalling NaN": lambda f: ((signalling("f4"),), {}),
    "data in a list with a signalling NaN that are left to NumPy": lambda f: (
        (signalling("f4"), "1"), {}),
    "coordinates in a list with a signalling NaN": lambda f: ((f[:3], signalling("f4")), {}),
    "coordinates in a list with a signalling NaN in half precision": lambda f: (
        (f[:3], signalling("f2")), {}),
    "coordinates in a list with an array of a signalling NaN": lambda f: (
        (f[:3], [np.asarray(number) for number in signalling("f4")]), {}),
    "data that raises": lambda f: ((RaisesInArray(),), {}),
    "data that is no array": lambda f: ((GivesNoArray(),), {}),
    "data of a false length": lambda f: ((LiesAboutItsLength(),), {}),
    "data that is a list of what raises": lambda f: (([RaisesInFloat()] * 3,), {}),
    "data in a list of arrays": lambda f: (([f, f[::-1]],), {}),
    "data that answers itself and raises": lambda f: ((RaisesInFunction(),), {}),
    "spacing that raises": lambda f: ((f, RaisesInArray()), {}),
    "spacing that is no number": lambda f: ((f, RaisesInFloat()), {}),
    "spacing that answers itself and raises": lambda f: ((f, RaisesInFunction()), {}),
    "spacing of a class of its own": lambda f: ((f, Float(2.0)), {}),
    "spacing that changes the data": lambda f: ((f, ChangesTheData(f)), {}),
    "coordinates of a false length": lambda f: ((f, LiesAboutItsLength()), {}),
    "coordinates of a subclass": lambda f: ((f, np.array([0.0, 1, 3, 4, 7]).view(Subclass)), {}),
    "coordinates that are the data": lambda f: ((f, f), {}),
    "axis with side effects": lambda f: ((f,), {"axis": Index()}),
    "axis in a list with side effects": lambda f: ((f,), {"axis": [Index()]}),
    "axis an iterator": lambda f: ((f,), {"axis": iter([0])}),
    "order with side effects": lambda f: ((f,), {"edge_order": Index()}),
    "data of an enormous stride": lambda f: ((np.lib.stride_tricks.as_strided(
        f, (1, 5), (2**62, 8)),), {"axis": 1}),
    "data of a negative enormous stride": lambda f: ((np.lib.stride_tricks.as_strided(
        f, (5, 1), (8, -2**62)),), {"axis": 0}),
    "data with every stride zero": lambda f: ((np.broadcast_to(f[0], (4, 5)),), {}),
    "data that overlaps itself": lambda f: ((np.lib.stride_tricks.as_strided(
        f, (3, 3), (8, 8)),), {}),
    "data of booleans of any byte": lambda f: ((
        np.array([0, 2, 1, 3, 0], "u1").view(bool), f), {"edge_order": 2}),
    "data in a list with what is masked": lambda f: (([1e308, -1e308, np.ma.masked, 1.0],), {}),
    "data in a list that holds itself": lambda f: ((endless(),), {}),
    "data in a deep list": lambda f: ((deep(70),), {}),
    "data in a list with a number after a list": lambda f: (([[1.0, 2.0], 3.0],), {}),
    "data in a list with a list after a number": lambda f: (([3.0, [1.0, 2.0]],), {}),
    "data in a list with a number beside far too many": lambda f: (([1.0, shared(60)],), {}),
    "data in a list with a number beside far too many lists": lambda f: (
        ([1.0, shared(60, [])],), {}),
    "data in a list with an array beside far too many": lambda f: (([f[:2], shared(60)],), {}),
    "data in a list with an empty one beside far too many": lambda f: (([[], shared(60)],), {}),
    "data in a list with a longer one beside far too many": lambda f: (
        ([[1.0], shared(60)],), {}),
    "coordinates in a list with far too many": lambda f: ((f[:2], [1.0, shared(60)]), {}),
    "coordinates to be converted that memory could not hold": lambda f: ((
        f, np.broadcast_to(np.array(1.0, ">f8"), 2**45)), {}),
    "coordinates to be converted of two dimensions": lambda f: ((
        f, np.broadcast_to(np.array(1.0, ">f8"), (5, 2**42))), {}),
    "coordinates to be converted after others that do not fit": lambda f: ((
        np.broadcast_to(1.0, (3, 2**45)), np.ones((2, 2)),
        np.broadcast_to(np.array(1.0, ">f8"), 2**45)), {}),
    "coordinates to be converted that memory cannot hold": lambda f: ((
        np.broadcast_to(1.0, 2**45), np.broadcast_to(np.array(1.0, ">f8"), 2**45)), {}),
    "coordinates without steps that memory cannot hold": lambda f: ((
        np.broadcast_to(1.0, 2**45), np.broadcast_to(1.0, 2**45)), {}),
    "integers whose results have no addresses": lambda f: ((
        np.broadcast_to(np.int8(1), (2, 2**61)),), {}),
    "coordinates that overlap themselves": lambda f: ((f, np.broadcast_to(f[1], 5)), {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_outcome_is_numpys(name):
    outcomes = []
    for function in (np.gradient, cgrad.gradient):
        f = F.copy()
        args, kwargs = CALLS[name](f)
        outcomes.append((oracle.outcome(function, args, kwargs), f.tolist()))
    assert outcomes[0] == outcomes[1]


def test_an_axis_is_asked_for_its_index_as_often_as_by_numpy():
    asked = []
    for function in (np.gradient, cgrad.gradient):
        axis = Index()
        function(F, axis=axis)
        asked.append(axis.asked)
    assert asked[0] == asked[1]


@pytest.mark.parametrize("sequence", [
    lambda x: [x, x], lambda x: [x, [1.0, 2.0, 3.0]], lambda x: [(1.0, 2.0, 3.0), x],
    lambda x: (x, [1.0, 2.0, 3.0]), lambda x: ([1.0, 2.0, 3.0], x),
    lambda x: [[x, x], [[1.0] * 3, [2.0] * 3]], lambda x: ([[1.0] * 3, [2.0] * 3], (x, x))])
@pytest.mark.parametrize("dtype", ["f8", "O"])
def test_elements_of_a_list_are_converted_as_often_as_by_numpy(dtype, sequence):
    asked = []
    for function in (np.gradient, cgrad.gradient):
        Counts.asked = 0
        with np.errstate(all="ignore"):
            function(sequence(Counts(dtype)))
        asked.append(Counts.asked)
    assert asked[0] == asked[1]


def test_texts_in_a_list_are_looked_at_as_often_as_by_numpy():
    # What stands for a missing text is compared with that of the next array.
    asked = []
    for function in (np.gradient, cgrad.gradient):
        texts = [np.array(["1", "2"], np.dtypes.StringDType(na_object=Missing())) for _ in range(2)]
        Missing.asked = 0
        with pytest.raises(TypeError):
            function(texts)
        asked.append(Missing.asked)
    assert asked[0] == asked[1] > 0


def test_nan_in_half_precision_keeps_its_payload_at_any_length():
    f = np.array([0x7E01, 0x3C00, 0x7EFF, 0x3C00, 0xFE05, 0x4000, 1, 2, 3] * 9, "u2").view("f2")
    for view in (f, f[:9], f[::2]):
        assert (cgrad.gradient(view).view("u2") == np.gradient(view).view("u2")).all()


def outcome_of_change(function, args, which, name, value, count):
    """What comes of a call in which an array is set an attribute at some collection of garbage."""
    args = [*args[:which], args[which][...], *args[which + 1:]]
    left = [count]

    def change(phase, info):
        left[0] -= phase == "start"
        if left[0] == 0:
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                setattr(args[which], name, value)

    def call(*args):
        # Every other new list is a collection, if Python keeps none for reuse.
        lists = [[] for _ in range(100)]
        threshold = gc.get_threshold()
        gc.callbacks.append(change)
        gc.set_threshold(1)
        try:
            return function(*args)
        finally:
            gc.set_threshold(*threshold)
            gc.callbacks.remove(change)
            lists.clear()

    return oracle.outcome(call, args, {})


def check_change(args, which, name, value):
    """Whenever the change comes, cgrad gives what NumPy gives at some such moment, or after."""
    changed = [*args]
    changed[which] = args[which][...]
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        setattr(changed[which], name, value)
    numpys = [oracle.outcome(np.gradient, changed, {})]
    numpys += [outcome_of_change(np.gradient, args, which, name, value, k) for k in range(60)]
    for k in range(30):
        assert outcome_of_change(cgrad.gradient, args, which, name, value, k) in numpys


@pytest.mark.parametrize(("f", "shape", "spacings"), [
    (np.arange(16 * 24).reshape(16, 24)[:, ::2], (2, 8, 3, 4), []),
    (np.arange(16 * 24.0).reshape(16, 24), (2, 8, 3, 8), [list(range(16)), list(range(24))]),
    (np.arange(16 * 24.0).reshape(16, 24), (24, 16), [list(range(16)), list(range(24))]),
    (np.arange(4 * 12 * 2.0).reshape(4, 12, 2), (4, 2, 12), []),
    (np.ones((1, 1)), (), [[1.0], [2.0]]),
])
def test_data_that_gets_another_shape_while_garbage_is_collected(f, shape, spacings):
    check_change((f, *spacings), 0, "shape", shape)


@pytest.mark.parametrize(("name", "value"), [
    ("shape", (4, 6)), ("shape", (24, 1)), ("dtype", ">f8"), ("dtype", "i8"), ("dtype", "M8[s]"),
    ("strides", (20,))])
def test_coordinates_that_are_changed_while_garbage_is_collected(name, value):
    f = np.arange(24 * 3.0).reshape(24, 3) ** 2
    x = (np.arange(72.0) ** 2)[:24]
    check_change((f, x, [0.0, 1.0, 4.0]), 1, name, value)


def test_a_scalar_spacing_that_gets_dimensions_while_garbage_is_collected():
    f = np.arange(5 * 3.0).reshape(5, 3) ** 2
    check_change((f, np.array(2.0), [0.0, 1.0, 4.0]), 1, "shape", (1,))


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize(("before", "after"), [
    ("i4", "f4"), ("i2", "f2"), ("f4", "i4"), ("f8", ">f8"), ("f8", "i8"), ("?", "i1"),
    ("c8", "f8"), ("f8", "c8")])
def test_data_that_gets_another_dtype_while_python_runs(before, after, step):
    def data():
        return np.arange(300 * 600).reshape(300, 600).astype(before)[:, ::step]

    def change(frame, event, argument):
        if event == "return" and frame.f_code.co_filename.startswith(cgrad.__path__[0]):
            with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
                f.dtype = after

    f = data()
    expected = [
        oracle.outcome(np.gradient, (array,), {"axis": 0}) for array in (f, data().view(after))]
    sys.setprofile(change)
    try:
        got = oracle.outcome(cgrad.gradient, (f,), {"axis": 0})
    finally:
        sys.setprofile(None)
    assert f.dtype == after
    assert got in expected


def move(array):
    """Give an array other memory, with the same numbers, after they were spoilt in the old."""
    numbers, place, size = array.copy(), array.ctypes.data, array.size
    array.fill(np.nan)
    while array.ctypes.data == place:
        size *= 2
        array.resize(size, refcheck=False)
    array.resize(numbers.shape, refcheck=False)
    array[...] = numbers


def move_results(array):
    """Give an array other memory, without the numbers that it had."""
    move(array)
    array.fill(np.nan)


def narrow(array):
    """Make floats of half the bytes of an array's, in half its memory."""
    numbers = array.copy()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        array.dtype = array.dtype.str.replace("8", "4")
    array.resize(numbers.shape, refcheck=False)
    array[...] = numbers


def make_dense(array):
    """Put an array that is a view into memory of its own."""
    array.__setstate__((1, array.shape, array.dtype, False, array.tobytes()))


def check_changed(f, spacings, which, change, function, given=True, **kwargs):
    """Data, coordinates or results may change when a function of Python's returns to the door.

    Events are to be ignored, but for those that bring it about: what is freed holds anything.
    """
    def listen(frame, event, argument):
        if event == "return" and frame.f_code is function.__code__ and not changed:
            changed.append(1)
            change(arrays[which])

    changed = []
    out = tuple(np.zeros_like(f) for _ in range(f.ndim))
    arrays = {"f": f, "x": spacings[0], "out": out[0]}
    sys.setprofile(listen)
    try:
        results = cgrad.gradient(f, *spacings, out=out if given else None, **kwargs)
    finally:
        sys.setprofile(None)
    assert changed
    results = results if isinstance(results, tuple) else (results,)
    expected = np.gradient(f, *spacings, **kwargs)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for result, numpys in zip(results, expected, strict=True):
        assert result.shape == numpys.shape
        assert (result == numpys.astype(result.dtype)).all()


MOVES = {"f": move, "x": move, "out": move_results}


@pytest.mark.parametrize("moved", ["f", "x", "out"])
@pytest.mark.parametrize("shape", [(1 << 17,), (1 << 9, 1 << 8)])
def test_arrays_that_move_while_the_number_of_workers_is_looked_up(moved, shape):
    f = np.random.default_rng(0).random(shape)
    spacings = [np.arange(float(n)) ** 2 for n in shape]
    with np.errstate(all="ignore"):
        check_changed(f, spacings, moved, MOVES[moved], default_workers)


@pytest.mark.parametrize("dtype", ["f8", ">f8"])
@pytest.mark.parametrize(("which", "change", "step"), [
    ("f", narrow, 1), ("x", narrow, 1), ("out", narrow, 1), ("x", make_dense, 3)])
def test_arrays_that_change_while_the_number_of_workers_is_looked_up(which, change, step, dtype):
    f = np.random.default_rng(0).random(1 << 17).astype(dtype)
    x = np.arange(float(step << 17)) ** 1.25
    x = x if step == 1 else x[::step]
    with np.errstate(all="ignore"):
        check_changed(f, [x], which, change, default_workers)


@pytest.mark.parametrize("dtype", ["f8", ">f8", "i8"])
def test_data_that_gets_half_the_bytes_while_the_number_of_workers_is_looked_up(dtype):
    f = (100 * np.random.default_rng(0).random(1 << 17)).astype(dtype)
    with np.errstate(all="ignore"):
        check_changed(f, [2.0], "f", narrow, default_workers, given=False)


@pytest.mark.parametrize("rows", [0, 5])
def test_data_that_gets_other_rows_while_the_number_of_workers_is_looked_up(rows):
    def resize(f):
        f.resize((rows, f.shape[1]), refcheck=False)
        f[...] = np.random.default_rng(0).random(f.shape)

    f = np.zeros((1, 1 << 16))
    x = np.arange(65536.0) ** 2
    with np.errstate(all="ignore"):
        check_changed(f, [x], "f", resize, default_workers, given=False, axis=1)


def test_results_that_nothing_may_be_written_to_any_more_are_refused():
    f = np.random.default_rng(0).random(1 << 17)
    with pytest.raises(ValueError, match="read-only"):
        check_changed(f, [2.0], "out", lambda out: out.setflags(write=False), default_workers)


@pytest.mark.parametrize("moved", ["f", "x", "out"])
def test_arrays_that_move_before_rows_are_differentiated_anew(moved):
    # From the end of a row to the beginning of the next there are invalid differences.
    f = np.random.default_rng(0).random((300, 100))
    f[::6, -2] = f[1::6, 0] = np.inf
    spacings = [np.arange(300.0) ** 2, 2.0]
    with np.errstate(all="ignore", invalid="warn"):
        check_changed(f, spacings, moved, MOVES[moved], np.geterr)


@pytest.mark.parametrize("spacings", [(), (2.0,)])
def test_arguments_that_the_caller_lets_go_are_held(spacings):
    # A partial holds none while it calls.
    class Workers:
        def __index__(self):
            partial.__setstate__((len, (), {}, None))
            others.extend(np.full(200_000, 7.0) for _ in range(3))
            return 1

    others = []
    partial = functools.partial(cgrad.gradient, np.arange(200_000.0), *spacings)
    assert (partial(workers=Workers()) == (0.5 if spacings else 1)).all()


def test_sixty_four_dimensions():
    shape = [1] * 64
    for d in (0, 13, 31, 62, 63):
        shape[d] = 3
    f = np.random.default_rng(0).standard_normal(shape)
    for view in (f, f.T, f[..., ::-1]):
        axes = tuple(d for d in range(64) if view.shape[d] > 1)
        oracle.assert_same(cgrad.gradient, (view,), {"axis": axes})
        oracle.assert_same(cgrad.gradient, (view,), {})
