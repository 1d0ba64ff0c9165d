"""Memory of freed results is kept for the next ones, within a bound, and nobody need notice."""

import gc
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from numpy._core.multiarray import get_handler_name

import cgrad
from cgrad import _memory
from cgrad._simd import kernels

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kept on Linux alone")

LARGE = (300, 300)                  # results of 720 kB


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", "import numpy as np, cgrad\n" + code], capture_output=True,
        text=True, check=True, cwd="/", env=dict(os.environ, **environment))
    return done.stdout.split()


def address(array):
    return array.__array_interface__["data"][0] & ~4095


def test_the_next_result_gets_the_memory_of_the_last():
    cgrad.free_kept_memory()
    first = cgrad.gradient(np.zeros(LARGE), axis=0)
    where = address(first)
    del first
    assert abs(address(cgrad.gradient(np.zeros(LARGE), axis=0)) - where) <= 4096


def test_results_in_use_never_share_memory():
    random = np.random.default_rng(0)
    held = []
    for _ in range(60):
        f = random.random((random.integers(200, 400), random.integers(200, 400)))
        held.append((f, cgrad.gradient(f)))
        if len(held) > 8:
            held.pop(random.integers(len(held)))
    for f, results in held:
        for got, expected in zip(results, np.gradient(f), strict=True):
            assert np.array_equal(got, expected)


def test_results_are_ordinary_arrays_that_own_their_data():
    result = cgrad.gradient(np.ones(LARGE), axis=0)
    assert get_handler_name(result) == "cgrad_kept"
    assert result.flags.owndata
    places = {}
    for length in (10, 500_000, 400_000, 40_000_000, 3):
        result.resize(length, refcheck=False)
        assert result.shape == (length,)
        assert not result.any()
        places[length] = result.ctypes.data
    # About the same size stays where it is.
    assert places[500_000] == places[400_000]


def test_small_results_come_from_numpys_allocator():
    assert get_handler_name(cgrad.gradient(np.ones(1000))) == "default_allocator"


def test_numpys_own_arrays_keep_numpys_allocator():
    cgrad.gradient(np.ones(LARGE))
    assert get_handler_name(np.empty(LARGE)) == "default_allocator"


def test_what_is_kept_stays_within_the_bound():
    before = _memory.bound
    try:
        kernels.keep_at_most(5_000_000)
        for size in range(40_000, 400_000, 3000):
            cgrad.gradient(np.zeros(size))
        assert kernels.keep_at_most(0) <= 5_000_000
    finally:
        kernels.keep_at_most(before)


def test_a_result_larger_than_the_bound_is_given_back_at_once():
    before = _memory.bound
    try:
        kernels.keep_at_most(100_000)
        cgrad.gradient(np.zeros(LARGE))
        assert kernels.keep_at_most(0) == 0
    finally:
        kernels.keep_at_most(before)


def test_the_environment_variable_turns_it_off():
    name = run(
        "from numpy._core.multiarray import get_handler_name\n"
        "print(get_handler_name(cgrad.gradient(np.zeros(100_000))))", CGRAD_KEEP_BYTES="0")
    assert name == ["default_allocator"]


def test_a_bad_environment_variable_is_named():
    with pytest.raises(subprocess.CalledProcessError) as error:
        run("", CGRAD_KEEP_BYTES="much")
    assert "CGRAD_KEEP_BYTES: expected a number of bytes, not 'much'" in error.value.stderr


def test_free_kept_memory_gives_back_what_is_kept_and_only_that():
    held = cgrad.gradient(np.ones(LARGE))
    cgrad.gradient(np.zeros(LARGE))
    assert cgrad.free_kept_memory() >= 2 * 720_000
    assert cgrad.free_kept_memory() == 0
    assert not held[0].any()


def test_the_system_may_take_back_all_but_the_last_that_was_freed():
    # Four results of 24 MB: the one freed last is warm, the others can be had.
    lazily, = map(int, run(
        """
f = np.zeros(3_000_000)
results = [cgrad.gradient(f) for _ in range(4)]
while results:
    results.pop()
text = open("/proc/self/smaps").read()
print(sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("LazyFree")))
"""))
    assert 3 * 20_000 < lazily < 3 * 25_000


def test_resident_size_stays_bounded_over_many_calls_of_mixed_sizes():
    before, after = map(int, run(
        """
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
sizes = np.random.default_rng(0).integers(10, 300_000, 10_000)
f = np.zeros(300_000)
before = resident()
for size in sizes:
    cgrad.gradient(f[:size])
print(before, resident())
""", CGRAD_KEEP_BYTES=str(20_000_000)))
    assert after - before < 20_000_000 + 5_000_000


def test_a_hundred_thousand_calls_leak_nothing():
    blocks, size = map(int, run(
        """
import gc, sys
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
f, x = np.random.default_rng(0).random((20, 20)), np.cumsum(np.ones(20)) ** 1.5
halves, out = f.astype("f2"), np.empty((2, 20, 20))
big, long = np.zeros((300, 300)), np.arange(300.0) ** 1.5
bad = np.array([np.inf, np.inf, 1.0])
def calls(n):
    for _ in range(n):
        cgrad.gradient(f)
        cgrad.gradient(f, x, 0.3, edge_order=2)
        cgrad.gradient(f, x, list(x), out=out)
        cgrad.gradient(halves, axis=1)
        cgrad.gradient(f[:, :10].T.astype(">c8"), np.float16(0.3))
        for wrong in ((f, x[:4]), (f, 1, 2, 3), (["a"],), (f[:1],)):
            try: cgrad.gradient(*wrong)
            except Exception: pass
        try: cgrad.gradient(f, out=f[0])
        except ValueError: pass
        with np.errstate(invalid="ignore"): cgrad.gradient(bad)
    for _ in range(n // 10):
        cgrad.gradient(big, workers=2)
        cgrad.gradient(big, long, 0.3, workers=2)
calls(1000)
gc.collect()
blocks, size = sys.getallocatedblocks(), resident()
calls(10_000)
gc.collect()
print(sys.getallocatedblocks() - blocks, resident() - size)
"""))
    assert blocks < 100
    assert size < 2_000_000


def test_a_child_of_a_fork_can_go_on_with_it():
    assert run(
        """
import os, threading
f = np.ones((300, 300))
stop = threading.Event()
def work():
    while not stop.is_set():
        cgrad.gradient(f)
worker = threading.Thread(target=work)
worker.start()
import warnings
warnings.simplefilter("ignore")
for _ in range(20):
    child = os.fork()
    if child == 0:
        cgrad.gradient(f)
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
stop.set()
worker.join()
print("done")
""") == ["done"]


def test_threads_may_make_and_free_results_at_once():
    f = np.arange(90_000.0).reshape(300, 300)
    expected = np.gradient(f)
    wrong = []

    def work():
        for _ in range(200):
            if not all(map(np.array_equal, cgrad.gradient(f), expected)):
                wrong.append(1)
            if threading.get_ident() % 2:
                cgrad.free_kept_memory()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    gc.collect()
    assert not wrong
