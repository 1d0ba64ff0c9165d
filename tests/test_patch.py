"""`numpy.gradient` patched: the same to the bit, undone when it ends, unnoticed by others."""

import inspect
import itertools
import os
import subprocess
import sys
import threading
from unittest import mock

import calls
import fuzz
import numpy as np
import oracle
import pytest
from numpy import gradient as bound_early

import cgrad
from cgrad import _patch

NUMPYS_CODE = np.gradient._implementation.__code__


def times_numpy_computes(function, *args):
    """Call a function and count how often NumPy's own code computes a gradient meanwhile."""
    times = 0

    def look(frame, event, arg):
        nonlocal times
        times += event == "call" and frame.f_code is NUMPYS_CODE

    sys.setprofile(look)
    try:
        function(*args)
    finally:
        sys.setprofile(None)
    return times


def run(code):
    """Run code in a process of its own: some libraries look at NumPy when they are imported."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "import numpy as np, cgrad\n" + code],
        capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("function", [np.gradient, bound_early])
def test_a_patched_call_is_compiled_by_whatever_name(function):
    with cgrad.patched_numpy():
        assert times_numpy_computes(function, np.arange(5.0)) == 0
    assert times_numpy_computes(function, np.arange(5.0)) == 1


def test_numpys_function_stays_the_object_that_it_was():
    before, signature = np.gradient, inspect.signature(np.gradient)
    with cgrad.patched_numpy():
        assert np.gradient is before
        assert inspect.signature(np.gradient) == signature


def patched_gradient(*args, **kwargs):
    with cgrad.patched_numpy():
        return np.gradient(*args, **kwargs)


def test_a_patched_call_does_what_numpy_does():
    for seed in range(3000):
        call = calls.call(fuzz.Random(seed))
        oracle.assert_same(patched_gradient, call.args, call.kwargs, **call.state)


def test_cgrads_own_answers_are_numpys_while_it_is_patched():
    f = np.array([[1, 2], [3, 5]], object)
    with cgrad.patched_numpy():
        down, across = cgrad.gradient(f)
    assert down.tolist() == [[2.0, 3.0], [2.0, 3.0]]
    assert across.tolist() == [[1.0, 1.0], [2.0, 2.0]]


def test_patches_are_counted():
    cgrad.patch_numpy()
    with cgrad.patched_numpy():
        cgrad.restore_numpy()
        assert times_numpy_computes(np.gradient, np.arange(5.0)) == 0
        assert cgrad.is_patched()
    assert not cgrad.is_patched()


def test_what_was_not_patched_cannot_be_restored():
    with pytest.raises(RuntimeError, match="expected a patch_numpy before"):
        cgrad.restore_numpy()


def state_of_numpy():
    """What NumPy's functions that are patched run and carry."""
    implementation = np.gradient._implementation
    functions = implementation, implementation.__globals__["_gradient_dispatcher"]
    return [(function.__code__, dict(vars(function))) for function in functions]


def test_an_exception_inside_the_block_restores_numpy():
    before = state_of_numpy()
    with cgrad.patched_numpy():
        inside = state_of_numpy()
    with pytest.raises(ZeroDivisionError), cgrad.patched_numpy():
        raise ZeroDivisionError
    for (code, _), (patched, _), (restored, names) in zip(
            before, inside, state_of_numpy(), strict=True):
        assert restored is code is not patched
        assert "code_of_numpy" not in names


def test_a_numpy_with_other_arguments_is_refused():
    def other(f, *varargs, axis=None, edge_order=1, more=None):
        pass

    with mock.patch.object(_patch, "_implementation", other), pytest.raises(
            RuntimeError, match="with the arguments"):
        cgrad.patch_numpy()


def test_a_gradient_that_is_a_closure_is_refused_and_left_alone():
    inner = 1

    def closure(f, *varargs, axis=None, edge_order=1):
        return inner

    before = closure.__code__, state_of_numpy()
    with mock.patch.object(_patch, "_implementation", closure), pytest.raises(
            RuntimeError, match="to be implemented by a Python function"):
        cgrad.patch_numpy()
    assert (closure.__code__, state_of_numpy()) == before
    assert not cgrad.is_patched()


def yields_less(f, *varargs, axis=None, edge_order=None):
    yield f


def yields_coordinates_first(f, *varargs, axis=None, edge_order=None):
    yield from varargs
    yield f


def takes_more(f, *varargs, axis=None, edge_order=None, more=None):
    yield f
    yield from varargs


def returns_them(f, *varargs, axis=None, edge_order=None):
    return f, *varargs


def wants_arrays(f, *varargs, axis=None, edge_order=None):
    yield f.shape


def closure():
    def yields_them(f, *varargs, axis=None, edge_order=None):
        yield from inner(f, *varargs)

    inner = returns_them
    return yields_them


@pytest.mark.parametrize("other", [
    yields_less, yields_coordinates_first, takes_more, returns_them, wants_arrays, closure(), len,
    None])
def test_a_numpy_that_asks_other_arguments_still_does_while_it_is_patched(other):
    code, before = getattr(other, "__code__", None), state_of_numpy()
    with mock.patch.object(_patch, "_relevant_arguments", other), cgrad.patched_numpy():
        assert getattr(other, "__code__", None) is code
        assert times_numpy_computes(np.gradient, np.arange(5.0)) == 0
    assert [now for now, _ in state_of_numpy()] == [code for code, _ in before]


def returns_less(f, *varargs, axis=None, edge_order=None):
    return (f,)


def test_code_that_would_ask_other_arguments_is_not_put_in():
    before = state_of_numpy()
    with mock.patch.object(_patch, "relevant_arguments", returns_less), cgrad.patched_numpy():
        assert state_of_numpy()[1] == before[1]


@pytest.mark.parametrize("exchanges", [1, 2])
def test_what_an_interrupted_patch_left_is_undone_after_the_next(exchanges):
    before, exchange, done = state_of_numpy(), _patch._exchange_code, []

    def exchange_and_interrupt(function, code):
        exchange(function, code)
        done.append(function)
        if len(done) == exchanges:
            raise KeyboardInterrupt

    with mock.patch.object(_patch, "_exchange_code", exchange_and_interrupt), pytest.raises(
            KeyboardInterrupt):
        cgrad.patch_numpy()
    assert not cgrad.is_patched()
    with cgrad.patched_numpy():
        assert times_numpy_computes(np.gradient, np.arange(5.0)) == 0
    assert [now for now, _ in state_of_numpy()] == [code for code, _ in before]


class Duck:
    """Notes what NumPy asks it, and answers if it is told to."""

    def __init__(self, asked, answer):
        self.asked, self.answer = asked, answer

    def __array_function__(self, function, types, args, kwargs):
        self.asked.append((self.__class__, function, types, args, kwargs))
        return self.answer


class OtherDuck(Duck):
    pass


@pytest.mark.parametrize("answers", list(itertools.product([1, NotImplemented], repeat=3)))
@pytest.mark.parametrize("kwargs", [{}, {"axis": 0}, {"edge_order": 2, "axis": (0, 1)}])
def test_duck_arrays_are_asked_in_numpys_order_while_it_is_patched(answers, kwargs):
    def ask():
        asked = []
        kinds = (Duck, OtherDuck, Duck)
        args = [kind(asked, answer) for kind, answer in zip(kinds, answers, strict=True)]
        try:
            answer = np.gradient(*args, **kwargs)
        except TypeError as error:
            answer = str(error)
        return answer, [(kind, function, list(types), [args.index(x) for x in passed], words)
                        for kind, function, types, passed, words in asked]

    expected = ask()
    with cgrad.patched_numpy():
        assert ask() == expected
    assert expected[1]


WRONG_CALLS = [((), {}), ((), {"f": 1}), (([1.0, 2.0],), {"axes": 0}), (([1.0, 2.0],), {"f": 1}),
               (([1.0, 2.0],), {"out": None}), ((), {"axis": 0})]


@pytest.mark.parametrize(("args", "kwargs"), WRONG_CALLS)
def test_wrong_calls_are_told_the_same_while_it_is_patched(args, kwargs):
    oracle.assert_same(patched_gradient, args, kwargs)


def test_modules_that_are_imported_anew_while_it_is_patched_know():
    assert run("""
import sys
cgrad.patch_numpy()
for name in [name for name in sys.modules if name.startswith("cgrad")]:
    if "kernels" not in name and "loops" not in name:     # compiled ones cannot be had anew
        del sys.modules[name]
import cgrad
print(cgrad.is_patched(), np.gradient(np.ma.masked_array([1.0, 2.0, 4.0]))[1])
cgrad.restore_numpy()
print(cgrad.is_patched())
""") == ["True", "1.5", "False"]


def test_a_gradient_that_was_wrapped_before_is_no_hindrance():
    done = subprocess.run([sys.executable, "-c", """
import functools
import numpy as np
def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper
np.gradient = traced(np.gradient)
import cgrad
print(*cgrad.gradient(np.array([1, 2, 4], object)))
"""], capture_output=True, text=True, cwd="/", check=False)
    assert done.stdout == "1.0 1.5 2.0\n", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks")
def test_a_child_that_was_forked_while_the_lock_was_held_can_patch():
    assert run("""
import os
from cgrad import _patch
with _patch._lock:
    child = os.fork()
    if child == 0:
        cgrad.patch_numpy()
        os._exit(7)
    import time
    for _ in range(100):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.1)
    else:
        os.kill(child, 9)
print(done and os.waitstatus_to_exitcode(status))
""") == ["7"]


def test_importing_cgrad_patches_nothing():
    patched, file = run(
        "print(cgrad.is_patched(), np.gradient._implementation.__code__.co_filename)")
    assert patched == "False"
    assert "numpy" in file


def test_threads_may_patch_and_call_at_once():
    f = np.arange(10.0) ** 2
    expected = np.gradient(f)
    wrong = []

    def work():
        for _ in range(200):
            with cgrad.patched_numpy():
                if not np.array_equal(np.gradient(f), expected):
                    wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not cgrad.is_patched()


def test_masked_arrays_and_subclasses_are_numpys():
    class Labelled(np.ndarray):
        pass

    masked = np.ma.masked_array([1.0, 2.0, 4.0, 7.0], [0, 0, 1, 0])
    for f in (masked, np.arange(5.0).view(Labelled)):
        oracle.assert_same(patched_gradient, (f,), {})


def test_xarray_becomes_compiled():
    xarray = pytest.importorskip("xarray")
    track = xarray.DataArray([1.0, 2.0, 4.0], coords={"t": [0.0, 1.0, 3.0]}, dims="t")
    expected = track.differentiate("t")
    with cgrad.patched_numpy():
        got = track.differentiate("t")
        assert times_numpy_computes(track.differentiate, "t") == 0
    assert times_numpy_computes(track.differentiate, "t") == 1
    xarray.testing.assert_identical(got, expected)


@pytest.mark.filterwarnings("ignore")   # of Dask's own
def test_dasks_gradient_becomes_compiled():
    da = pytest.importorskip("dask.array")
    f = np.random.default_rng(0).random((20, 30))

    def compute():
        return [part.compute(scheduler="synchronous") for part in da.gradient(da.from_array(f, 10))]

    with cgrad.patched_numpy():
        got = compute()
        assert times_numpy_computes(compute) == 0
    assert times_numpy_computes(compute) > 0
    assert all(map(np.array_equal, got, np.gradient(f)))


def test_pint_keeps_its_units():
    pint = pytest.importorskip("pint")
    length = pint.UnitRegistry().Quantity(np.array([1.0, 2.0, 4.0]), "metre")
    expected = np.gradient(length)
    with cgrad.patched_numpy():
        got = np.gradient(length)
    assert got.units == expected.units
    assert np.array_equal(got.magnitude, expected.magnitude)


@pytest.mark.parametrize("when", ["before", "under"])
def test_astropy_keeps_its_units_whenever_it_is_imported(when):
    pytest.importorskip("astropy")
    load = "from astropy import units"
    assert run(f"""
{load if when == "before" else ""}
with cgrad.patched_numpy():
    {load}
    under = np.gradient(np.array([1.0, 2.0, 4.0]) * units.m, 2 * units.s)
after = np.gradient(np.array([1.0, 2.0, 4.0]) * units.m, 2 * units.s)
print(under.unit, after.unit, *(under == after))
""") == ["m", "/", "s", "m", "/", "s", "True", "True", "True"]
