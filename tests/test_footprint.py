"""What a call and an import cost beside time: memory, modules, the GIL."""

import mmap
import subprocess
import sys
import sysconfig
import threading
import tracemalloc

import numpy as np
import pytest

import cgrad
from cgrad._simd import level


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    return done.stdout.split()


def coordinates(n):
    return np.cumsum(np.random.default_rng(0).random(n) + 0.01)


CALLS = {
    "one axis": (np.zeros(300_000),),
    "three axes": (np.zeros((70, 70, 70)),),
    "float32 and float64 coordinates": (np.zeros(300_000, "f4"), coordinates(300_000)),
    "coordinates on every axis": (np.zeros((512, 600)), coordinates(512), coordinates(600)),
    "coordinates of a long axis": (np.zeros((3, 100_000)), 1.0, coordinates(100_000)),
    "integer data and coordinates": (np.zeros(300_000, "i2"), np.arange(300_000) ** 2),
    "Fortran order": (np.zeros((600, 600), order="F"),),
    "strided": (np.zeros((1200, 600))[::2],),
    "float16": (np.zeros((1000, 600), "f2"),),
    "float16 and float64 coordinates": (np.zeros(1_000_000, "f2"), coordinates(1_000_000)),
    "complex": (np.zeros((600, 600), "c16"),),
    "long double": (np.zeros((600, 600), "longdouble"),),
    "byte-swapped": (np.zeros((600, 600), ">f8"),),
    "short rows of integers": (np.zeros((400_000, 3), "i2"),),
    "short rows of swapped numbers": (np.zeros((8, 100_000, 3), ">f8"),),
    "many short axes": (np.zeros((3,) * 12, "i1"),),
    "repeated": (np.broadcast_to(np.zeros((1000, 1)), (1000, 1000)),),
    "unaligned": (np.zeros(600 * 600 * 8 + 1, "u1")[1:].view("f8").reshape(600, 600),),
}


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("name", CALLS)
def test_the_peak_is_the_results_and_next_to_nothing(name, edge_order):
    args = CALLS[name]
    tracemalloc.start()
    try:
        result = cgrad.gradient(*args, edge_order=edge_order)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    results = result if type(result) is tuple else (result,)
    assert peak <= 1.02 * sum(array.nbytes for array in results)


UNFIT = {
    "too few": np.ones(2),
    "two dimensions": np.ones((3, 1)),
    "too few in another byte order": np.ones(2, ">f8"),
    "two dimensions in another byte order": np.ones((3, 1), ">f8"),
    "too few in a list": [1.0, 2.0],
    "two dimensions in a list": [[1.0], [2.0], [3.0]],
    "two dimensions in a list of arrays": [np.ones(2)] * 3,
    "of another kind": range(2),
    "a subclass": np.ma.ones(2),
}


@pytest.mark.parametrize("convert", [list, lambda x: x.astype(">f8")])
@pytest.mark.parametrize("name", UNFIT)
def test_nothing_is_converted_after_coordinates_that_do_not_fit(name, convert):
    f, x = np.zeros((3, 100_000)), convert(coordinates(100_000))
    tracemalloc.start()
    try:
        with pytest.raises((ValueError, TypeError)):
            cgrad.gradient(f, UNFIT[name], x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000


def test_coordinates_for_all_axes_are_not_converted():
    f, x = np.zeros((100_000, 3)), coordinates(100_000).astype(">f8")
    tracemalloc.start()
    try:
        with pytest.raises(TypeError, match="invalid number of arguments"):
            cgrad.gradient(f, x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100_000


def test_importing_loads_nothing_but_ourselves():
    new = run(
        "import numpy, sys; before = set(sys.modules); import cgrad;"
        "print(*(name for name in set(sys.modules) - before"
        "        if hasattr(sys.modules[name], '__file__')))")   # Cython's own have no file
    assert set(new) == {
        "cgrad", "cgrad._errstate", "cgrad._gradient", "cgrad._kernels", "cgrad._layout",
        "cgrad._memory", "cgrad._out", "cgrad._patch", "cgrad._simd", "cgrad._workers",
        *({f"cgrad._loops_{level}"} if level != "baseline" else ())}


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python always has a GIL")
def test_an_import_does_not_turn_the_gil_on():
    assert run("import cgrad, sys; print(sys._is_gil_enabled())") == ["False"]


def others_run_meanwhile(function, times):
    """Call a function at most so often, and tell whether another thread got the GIL meanwhile.

    It has to be awake while the GIL is free, for which it may need many calls.
    """
    inside = threading.Event()
    outside = threading.Event()
    done = threading.Event()

    def work():
        inside.set()
        for _ in range(times):
            if outside.is_set():
                return
            function()
        done.set()

    interval = sys.getswitchinterval()
    # Unless it is let go of, the worker now keeps the GIL until it is done.
    sys.setswitchinterval(60)
    worker = threading.Thread(target=work)
    try:
        worker.start()
        inside.wait()
        outside.set()
        return not done.is_set()
    finally:
        sys.setswitchinterval(interval)
        worker.join()


def test_the_gil_is_free_while_kernels_run():
    f = np.zeros((600, 600, 20))
    assert others_run_meanwhile(lambda: cgrad.gradient(f), 20)


@pytest.mark.parametrize("mapped", ["data", "results", "coordinates"])
def test_the_gil_is_free_while_a_file_may_be_waited_for(mapped):
    n = 2048
    memory = np.frombuffer(mmap.mmap(-1, 4 * n), np.float32)
    f, out, x = np.ones((3, n), np.float32)
    x[...] = np.arange(n)             # even, so that all of them are looked at
    memory[...] = x
    if mapped == "data":
        assert others_run_meanwhile(lambda: cgrad.gradient(memory, out=out), 1_000_000)
    elif mapped == "results":
        assert others_run_meanwhile(lambda: cgrad.gradient(f, out=memory), 1_000_000)
    else:
        assert others_run_meanwhile(lambda: cgrad.gradient(f, memory, out=out), 1_000_000)


@pytest.mark.skipif(
    sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has no GIL to give up")
def test_the_gil_is_kept_for_what_takes_less_than_to_give_it_up():
    f, out, x = np.ones((3, 2048), np.float32)
    x[...] = np.arange(2048)
    for args in (f,), (f, x):
        assert not others_run_meanwhile(
            lambda args=args: cgrad.gradient(*args, out=out), 20_000)


def test_a_missing_compiled_module_says_how_to_build_it():
    with pytest.raises(subprocess.CalledProcessError) as error:
        run("import sys; sys.modules['cgrad._kernels'] = None; import cgrad")
    assert "ImportError: cgrad was imported from" in error.value.stderr
    assert "pip install -e ." in error.value.stderr
