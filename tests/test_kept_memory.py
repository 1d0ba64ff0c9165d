"""Memory of freed results is kept for the next ones, within a bound, and nobody need notice."""

import gc
import os
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from numpy._core.multiarray import get_handler_name
from numpy.lib.array_utils import byte_bounds

import cgrad
from cgrad import _memory
from cgrad._simd import kernels

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kept on Linux alone")

LARGE = (300, 300)                  # results of 720 kB
SMALL = (30, 30)                    # of 7 kB, kept in another way
either = pytest.mark.parametrize("shape", [SMALL, LARGE])


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", "import numpy as np, cgrad\n" + code], capture_output=True,
        text=True, check=True, cwd="/", env=dict(os.environ, **environment))
    return done.stdout.split()


def overlap(one, other):
    return one[0] < other[1] and other[0] < one[1]


@either
def test_the_next_result_gets_the_memory_of_the_last(shape):
    f = np.zeros(shape)
    cgrad.free_kept_memory()
    first = cgrad.gradient(f, axis=0)
    where = byte_bounds(first)
    del first
    # An allocator that does not keep it gives it to these.
    others = [np.empty(shape), np.empty(shape)]
    again = cgrad.gradient(f, axis=0)
    assert get_handler_name(again) == "cgrad_kept"
    assert abs(byte_bounds(again)[0] - where[0]) <= 4096
    assert not any(overlap(byte_bounds(other), where) for other in others)


@either
def test_results_in_use_never_share_memory(shape):
    random = np.random.default_rng(0)
    held = []
    for _ in range(60):
        f = random.random(random.integers(shape[0] * 2 // 3, shape[0] * 4 // 3, 2))
        held.append((f, cgrad.gradient(f)))
        if len(held) > 8:
            held.pop(random.integers(len(held)))
    for f, results in held:
        for got, expected in zip(results, np.gradient(f), strict=True):
            assert np.array_equal(got, expected)


@either
def test_results_are_ordinary_arrays_that_own_their_data(shape):
    result = cgrad.gradient(np.ones(shape), axis=0)
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


@either
def test_what_resizing_leaves_is_what_was_there(shape):
    random = np.random.default_rng(0)
    result = cgrad.gradient(random.random(shape), axis=0)
    expected = result.copy()
    for length in np.exp(random.uniform(0, 12, 300)).astype(int):
        result.resize(length, refcheck=False)
        expected.resize(length, refcheck=False)
        assert np.array_equal(result, expected)
        fill = random.random()
        result[expected == 0] = expected[expected == 0] = fill


@pytest.mark.parametrize("layout", [
    lambda f: f, lambda f: f.T, lambda f: f[1:], lambda f: f[:, ::2], lambda f: f[::-1],
    lambda f: f.transpose(1, 0, 2), lambda f: f[:1, :, :].repeat(2, 0), lambda f: f[..., 0],
    lambda f: f.astype("i2"), lambda f: f.astype("i2").T, lambda f: f.astype(">f4").T,
    lambda f: f[:, None], lambda f: f[..., None].T, lambda f: f[:, :, :1],
])
@pytest.mark.parametrize("length", [3, 6, 7, 40])
def test_results_have_the_flags_of_numpys(layout, length):
    f = layout(np.random.default_rng(0).random((length, length, length)))
    axes = [d for d in range(f.ndim) if f.shape[d] > 1]
    both = zip(cgrad.gradient(f, axis=axes), np.gradient(f, axis=axes), strict=True)
    for got, expected in both:
        assert str(got.flags) == str(expected.flags)
        assert got.base is expected.base is None
        assert (got.dtype, got.strides) == (expected.dtype, expected.strides)


@either
def test_memory_of_results_is_traced_as_numpys_is(shape):
    def traced():
        there = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
        statistics = tracemalloc.take_snapshot().filter_traces([there]).statistics("filename")
        return sum(statistic.size for statistic in statistics)

    f = np.ones(shape)
    tracemalloc.start()
    try:
        before = traced()
        result = cgrad.gradient(f, axis=0)
        assert traced() - before == result.nbytes
        del result
        assert traced() == before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [600, 5000, 100_000])
def test_results_do_not_begin_soon_after_the_data_in_their_pages(size):
    room = np.zeros(size + 1024)
    for start in range(0, 1024, 16):
        f = room[start:start + size]
        result = cgrad.gradient(f)
        assert (result.ctypes.data - f.ctypes.data - 1) % 4096 >= 639


@pytest.mark.parametrize("dtype", ["f4", "f8", "c16", "i4", "i8"])
@pytest.mark.parametrize("size", [640, 64_000])
@pytest.mark.parametrize("length", [128, 129])
def test_a_result_begins_in_its_cache_line_where_data_does_if_rows_do_alike(length, size, dtype):
    room = np.zeros(16 * size + 64, "u1")
    for start in range(0, 64, 8):
        f = room[start:start + 16 * size].view(dtype)[:size // length * length].reshape(-1, length)
        alike = dtype[0] != "i" and length == 128 and start % 16 == 0
        place = f.ctypes.data if alike else 0
        assert (cgrad.gradient(f, axis=0).ctypes.data - place) % 64 == 0
        assert all(one.ctypes.data % 64 == 0 for one in cgrad.gradient(f))


def test_results_of_which_numpy_keeps_the_memory_come_from_numpys_allocator():
    # NumPy does so below 1 KiB.
    assert get_handler_name(cgrad.gradient(np.ones(127))) == "default_allocator"
    assert get_handler_name(cgrad.gradient(np.ones(128))) == "cgrad_kept"
    assert get_handler_name(cgrad.gradient(np.ones(255, "f4"))) == "default_allocator"
    assert get_handler_name(cgrad.gradient(np.ones(256, "f4"))) == "cgrad_kept"


def test_small_results_of_data_with_gaps_come_from_numpys_allocator():
    assert get_handler_name(cgrad.gradient(np.ones(65_532)[::2])) == "default_allocator"
    assert get_handler_name(cgrad.gradient(np.ones(65_536)[::2])) == "cgrad_kept"


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


def test_small_memory_is_kept_within_the_bound_and_only_if_that_is_large():
    def kept(sizes):
        held = [cgrad.gradient(np.zeros(size)) for size in sizes for _ in range(6)]
        names = {get_handler_name(result) for result in held}
        del held
        gc.collect()
        return names, kernels.keep_at_most(0)

    small, large = range(128, 32_768, 128), [500_000] * 6
    before = _memory.bound
    try:
        for bound in (1_000_000, (128 << 20) - 1):
            kernels.keep_at_most(bound)
            assert kept(small) == ({"default_allocator"}, 0)
        kernels.keep_at_most(128 << 20)
        names, size = kept(small)
        assert names == {"cgrad_kept"}
        assert 4_000_000 < size < 16 << 20
        kernels.keep_at_most(128 << 20)
        assert 100_000_000 < kept([*small, *large])[1] <= 128 << 20
    finally:
        kernels.keep_at_most(before)


@pytest.mark.parametrize(
    ("sizes", "most"), [("range(1500, 5000, 7)", 1.12), ("[256] * 1000", 1.08)])
def test_resident_size_of_small_results_is_an_eighth_too_large_at_most(sizes, most):
    # And no larger than a power of two is, but for the header and the array itself.
    code = f"sizes = {sizes}" + """
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
f = np.zeros(20_000)
[cgrad.gradient(f[:size]) for size in sizes]
before = resident()
results = [cgrad.gradient(f[:size]) for size in sizes for _ in range(10)]
print(resident() - before, sum(result.nbytes for result in results))
"""
    resident, size = map(int, run(code))
    assert resident < most * size


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


@either
def test_free_kept_memory_gives_back_what_is_kept_and_only_that(shape):
    held = cgrad.gradient(np.ones(shape))
    cgrad.gradient(np.zeros(shape))
    assert cgrad.free_kept_memory() >= 2 * held[0].nbytes
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
class Name(str): pass
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
        cgrad.gradient(f=f, **{"".join(["ax", "is"]): 0, Name("edge_order"): 2})
        for wrong in ({}, {"h": 0, "f": f}, {"f": f, "workers": 0}, {"f": f, "workers": "a"}):
            try: cgrad.gradient(**wrong)
            except (TypeError, ValueError): pass
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


@either
def test_threads_may_make_and_free_results_at_once(shape):
    f = np.arange(float(np.prod(shape))).reshape(shape)
    expected = np.gradient(f)
    wrong = []

    def work(number):
        for _ in range(200):
            if not all(map(np.array_equal, cgrad.gradient(f), expected)):
                wrong.append(1)
            if number % 2:
                cgrad.free_kept_memory()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    gc.collect()
    assert not wrong
