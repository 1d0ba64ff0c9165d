"""Threads change how long a call takes, and nothing else."""

import concurrent.futures
import functools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import calls
import fuzz
import numpy as np
import oracle
import pytest

import cgrad

LARGE = [(70_001,), (301, 290), (3, 40_000), (40_000, 3), (42, 41, 43), (4, 4, 4, 4, 300)]


def run(code):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False,
        cwd="/", timeout=120)


class Large(fuzz.Random):
    """Draws the shapes of `calls.py` large enough to be shared by threads."""

    def __init__(self, seed, shape):
        super().__init__(seed)
        self.shape = shape


@pytest.fixture
def large_shapes(monkeypatch):
    monkeypatch.setattr(calls, "shape", lambda source, plain: source.shape)


@pytest.mark.usefixtures("large_shapes")
@pytest.mark.parametrize("workers", [2, 3, 7])
@pytest.mark.parametrize("shape", LARGE, ids=str)
def test_random_calls_do_what_numpy_does_with_any_number_of_workers(shape, workers):
    shared = functools.partial(cgrad.gradient, workers=workers)
    for seed in range(6):
        call = calls.call(Large(1000 * workers + seed, shape))
        if np.asarray(call.args[0]).dtype != object:
            oracle.assert_same(shared, call.args, call.kwargs, **call.state)


@pytest.mark.parametrize("workers", [2, 3, 4, 5])
def test_a_last_block_of_any_size(workers):
    random = np.random.default_rng(0)
    for n in (*range(65_536, 65_552), 136_002, 204_002, 272_002, 340_002):
        f, x = random.random(n), np.cumsum(random.random(n) + 0.1)
        for order in (1, 2):
            np.testing.assert_array_equal(
                cgrad.gradient(f, x, edge_order=order, workers=workers),
                np.gradient(f, x, edge_order=order))


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("layout", ["C", "F", "strided", "reversed", "swapped", "overlapping"])
def test_results_into_any_layout_do_not_depend_on_workers(layout, workers):
    f = np.random.default_rng(0).standard_normal((300, 310))
    expected = np.gradient(f, 0.3)
    memory = np.zeros((2, 600, 620))
    out = {
        "C": memory[:, :300, :310].copy(),
        "F": np.zeros((310, 300, 2)).T,
        "strided": memory[:, ::2, ::2],
        "reversed": memory[:, 299::-1, 309::-1],
        "swapped": np.zeros((2, 300, 310), ">f8"),
        "overlapping": np.stack([f, f]),
    }[layout]
    if layout == "overlapping":
        f = out[1]
    assert cgrad.gradient(f, 0.3, out=out, workers=workers) is out
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("position", [10, 45_000, 89_990])
@pytest.mark.parametrize("state", ["warn", "raise", "ignore"])
@pytest.mark.parametrize("dtype", ["f8", "longdouble"])
def test_floating_point_events_of_every_thread_are_the_callers(dtype, position, state):
    f = np.ones((300, 300), dtype)
    f.flat[position - 1] = f.flat[position + 1] = np.inf
    oracle.assert_same(functools.partial(cgrad.gradient, workers=4), (f,), {}, invalid=state)


def test_set_workers_holds_inside_and_ends():
    from cgrad._workers import default_workers
    assert default_workers() == 1
    with cgrad.set_workers(3):
        assert default_workers() == 3
        with cgrad.set_workers(-1):
            usable = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count()))
            assert default_workers() == len(usable(0))
        assert default_workers() == 3
    assert default_workers() == 1


def test_set_workers_holds_in_its_thread_alone():
    from cgrad._workers import default_workers
    seen = []
    with cgrad.set_workers(3):
        thread = threading.Thread(target=lambda: seen.append(default_workers()))
        thread.start()
        thread.join()
    inherits = getattr(sys.flags, "thread_inherit_context", 0)
    assert seen == [3 if inherits else 1]


@pytest.mark.parametrize(("workers", "error", "text"), [
    (0, ValueError, "workers: expected a positive or a negative number, not 0"),
    (-10_000, ValueError, "workers: expected a number from -"),
    ("2", TypeError, "'str' object cannot be interpreted as an integer"),
    (1.5, TypeError, "'float' object cannot be interpreted as an integer"),
])
def test_a_bad_number_of_workers_is_an_error_before_anything_is_written(workers, error, text):
    out = np.full(5, 7.0)
    with pytest.raises(error, match=text):
        cgrad.gradient(np.zeros(5), workers=workers, out=out)
    with pytest.raises(error, match=text):
        cgrad.set_workers(workers)
    assert (out == 7.0).all()


def test_many_threads_that_all_ask_for_workers_get_right_answers():
    f = np.random.default_rng(0).standard_normal((300, 300))
    x = np.cumsum(np.random.default_rng(1).random(300) + 0.1)
    expected = np.array([np.gradient(f, x, x), np.gradient(f, 0.3, 0.3)])
    outs = [np.zeros((2, 2, 300, 300)) for _ in range(16)]

    def work(out):
        for _ in range(20):
            out[:] = 0
            cgrad.gradient(f, x, x, out=out[0], workers=3)
            cgrad.gradient(f, 0.3, out=out[1], workers=2)
            np.testing.assert_array_equal(out, expected)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(work, outs))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_workers_of_its_own():
    done = run("""
        import os, warnings
        import numpy as np, cgrad
        warnings.simplefilter("ignore", DeprecationWarning)     # fork with threads
        f = np.random.default_rng(0).random((400, 400))
        expected = np.gradient(f)
        for _ in range(20):
            cgrad.gradient(f, workers=3)
            child = os.fork()
            if child == 0:
                ok = np.array_equal(cgrad.gradient(f, workers=3), expected)
                has_helpers = not os.path.isdir("/proc/self/task") or len(
                    os.listdir("/proc/self/task")) >= 3
                os._exit(0 if ok and has_helpers else 1)
            assert os.waitpid(child, 0)[1] == 0
        print("done")
    """)
    assert done.stdout == "done\n", done.stderr


def test_an_interrupt_stops_the_loop_and_the_process_ends():
    code = """
        import signal
        import numpy as np, cgrad
        signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell may have it ignored
        f = np.zeros((1000, 1000))
        print("ready", flush=True)
        try:
            while True:
                cgrad.gradient(f, workers=4)
        except KeyboardInterrupt:
            assert (cgrad.gradient(f, workers=4)[0] == 0).all()
            print("stopped", flush=True)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, cwd="/")
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[0] == "stopped\n"
    assert process.returncode == 0


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads cannot be counted")
def test_threads_are_made_when_wanted_and_only_once():
    done = run("""
        import os
        import numpy as np, cgrad
        def count(): return len(os.listdir("/proc/self/task"))
        before = count()
        f = np.zeros((300, 300))
        for _ in range(10): cgrad.gradient(f)
        assert count() == before
        cgrad.gradient(f[:10], workers=4)                # too small to share
        assert count() == before
        for _ in range(100): cgrad.gradient(f, workers=4)
        assert count() == before + 3
    """)
    assert done.returncode == 0, done.stderr


def test_rounding_and_flushing_in_helpers_are_the_callers():
    # Numbers so small that a thread which flushes them to zero would be seen.
    f = np.linspace(0, 1, 90_000).reshape(300, 300) * 1e-310
    expected = np.gradient(f)
    for _ in range(20):
        np.testing.assert_array_equal(cgrad.gradient(f, workers=3), expected)
