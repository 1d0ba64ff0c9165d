"""What `numpy.errstate` says is done, in NumPy's words, for each kind of event."""

import contextvars
import gc
import importlib.util
import itertools
import math
import warnings

import numpy as np
import oracle
import pytest

import cgrad
from cgrad import _errstate
from cgrad._simd import kernels as _kernels

HUGE, TINY = 1.7e308, 5e-324
CALLS = {
    "divide": (np.arange(5.0), 0.0),
    "divide, edges alone": (np.arange(2.0), np.float64(0.0)),
    "divide, interior alone": (np.array([1.0, 5.0, 1.0, 5.0, 1.0]), np.array([0.0, 1, 2, 2, 3])),
    "over": (np.array([HUGE, 1.0, -HUGE, 1.0]),),
    "over, at the edge alone": (np.array([HUGE, -HUGE, 1.0, 1.0]),),
    "over, casting a spacing": (np.arange(5, dtype="f4"), 1e39),
    "over, storing": (np.arange(5, dtype="f4") * 1e30, np.float64(1e-30)),
    "over, doubling a spacing": (np.arange(5.0), np.float64(HUGE)),
    "under": (np.arange(5) * TINY, 3.0),
    "under, casting a spacing": (np.arange(5, dtype="f4"), 1e-60),
    "invalid": (np.array([np.inf, 1.0, np.inf, 1.0]),),
    "invalid coordinates": (np.arange(4.0), np.array([0.0, np.inf, np.inf, 1.0])),
    "two dimensions": (np.array([[1.0, np.inf], [np.inf, np.inf]]), 0.0, 1.0),
    "halves, divide": (np.arange(5, dtype="f2"), np.float16(0)),
    "halves, over": (np.array([6e4, 1, -6e4, 1], "f2"),),
    "halves, under": (np.arange(5, dtype="f2") * np.float16(6e-8), 3.0),
    "halves, invalid": (np.array([np.inf, 1, np.inf, 1], "f2"),),
    "under and over": (np.array([0, TINY, 0, HUGE, 0, -HUGE]), np.float64(0.7)),
    "integers": (np.arange(6).reshape(2, 3), 0.0, 1.0),
}


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("state", ["warn", "ignore", "raise", "print", "call", "log"])
@pytest.mark.parametrize("name", CALLS)
def test_each_event_in_each_state(name, state, edge_order, capfd):
    heard = []

    class Log:
        def write(self, text):
            heard.append(text)

        def __call__(self, *event):
            heard.append(event)

    previous = np.seterrcall(Log())
    try:
        oracle.assert_same(cgrad.gradient, CALLS[name], {"edge_order": edge_order}, all=state)
    finally:
        np.seterrcall(previous)
    assert heard[: len(heard) // 2] == heard[len(heard) // 2 :]
    printed = capfd.readouterr().out
    assert printed[: len(printed) // 2] == printed[len(printed) // 2 :]


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("name", CALLS)
def test_each_event_while_nobody_has_set_errstate(name, edge_order):
    options = {"edge_order": edge_order}
    contextvars.Context().run(oracle.assert_same, cgrad.gradient, CALLS[name], options)


def test_nan_alone_is_no_event_and_stays_compiled():
    f = np.array([1.0, np.nan, 3.0, np.inf, 4.0, 5.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _kernels.differentiate(f, (), None, 1) is not None


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("step", [2, 3, -1, -2])
@pytest.mark.parametrize("n", range(2, 40))
def test_numbers_that_are_not_differentiated_raise_nothing(n, step, dtype):
    # Around and between those that are, signalling NaN: whatever is done to one is an event.
    signalling = {"f4": np.array(0x7FA00000, "u4"), "f8": np.array(0x7FF4 << 48, "u8")}[dtype]
    ends = 17
    whole = np.full((5, n * abs(step) + 2 * ends), signalling).view(dtype)
    f = whole[1:-1, ends:-ends][:, ::step]
    f[...] = np.random.default_rng(n).random(f.shape)
    coordinates = [np.cumsum(np.random.default_rng(n).random(n) + 0.1) for n in f.shape]
    own = [x.astype(dtype) for x in coordinates]
    for (data, spacing), order in itertools.product([
            (f, ()), (f, (0.3,)), (f, coordinates), (f, own), (f[1], coordinates[1:]),
            (f[1], own[1:])], (1, 2) if n > 2 else (1,)):
        with np.errstate(all="raise"):
            got = _kernels.differentiate(data, tuple(spacing), None, order)
            expected = np.gradient(data.copy(), *spacing, edge_order=order)
        assert got is not None
        for result, of_numpy in zip(*map(np.atleast_2d, (got, expected)), strict=True):
            assert result.tobytes() == of_numpy.tobytes()


def test_an_event_that_is_ignored_stays_compiled():
    f = np.array([np.inf, 1.0, np.inf, 1.0])
    with np.errstate(invalid="ignore"):
        assert _kernels.differentiate(f, (), None, 1) is not None
    with np.errstate(invalid="warn"):
        assert _kernels.differentiate(f, (), None, 1) is None


def test_underflow_is_numpys_to_judge_once_errstate_is_set(monkeypatch):
    def ask():
        asked.append(1)
        return {"divide": "ignore", "over": "ignore", "under": "raise", "invalid": "ignore"}

    monkeypatch.setattr(np, "geterr", ask)
    for data in np.zeros(4, "f2"), np.arange(4) * TINY:
        call = (data, (3.0,), None, 1)
        asked = []
        assert contextvars.Context().run(_kernels.differentiate, *call) is not None
        assert not asked
        with np.errstate(divide="warn"):
            assert _kernels.differentiate(*call) is None
        assert asked


def another_errstate():
    """A second copy of the module, read anew."""
    spec = importlib.util.spec_from_file_location("another_errstate", _errstate.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_state_of_a_numpy_that_hides_it_or_heeds_underflow_is_known(monkeypatch):
    def is_known(module):
        return contextvars.Context().run(module.state.get) is module.unset

    assert is_known(another_errstate())
    with monkeypatch.context() as patch:
        patch.delattr(np._core.umath, "_extobj_contextvar")
        assert not is_known(another_errstate())
    for other in None, contextvars.ContextVar("none"), contextvars.ContextVar("not it", default=1):
        with monkeypatch.context() as patch:
            patch.setattr(np._core.umath, "_extobj_contextvar", other)
            assert not is_known(another_errstate())
    monkeypatch.setattr(np, "geterr", lambda: {"under": "warn"})
    assert not is_known(another_errstate())


@pytest.mark.parametrize("spacing", [(), (0.3,), (np.arange(3.0),)], ids=repr)
def test_an_event_of_earlier_arithmetic_is_not_ours(spacing):
    f = np.arange(3.0)
    expected = np.gradient(f, *spacing)
    for function in cgrad.gradient, lambda f, *spacing: _kernels.differentiate(f, spacing, None, 1):
        with np.errstate(all="raise"):
            assert math.fsum([HUGE * 10.0, TINY / 3.0]) == math.inf
            got = function(f, *spacing)
        assert got is not None
        assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize("threshold", range(1, 30))
def test_an_event_is_not_lost_to_a_ufunc_that_runs_while_results_are_made(threshold):
    class Collected:
        def __init__(self):
            self.me = self

        def __del__(self):
            np.add(np.ones(3), 1)

    f = np.ones((4, 4)) + np.arange(4)
    before = gc.get_threshold()
    gc.disable()
    gc.collect()
    Collected()
    gc.set_threshold(threshold)
    try:
        gc.enable()
        with pytest.warns(RuntimeWarning, match="overflow"):
            cgrad.gradient(f, np.float64(1e308))
    finally:
        gc.set_threshold(*before)
        gc.enable()
