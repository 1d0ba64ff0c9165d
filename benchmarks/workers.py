"""Each contestant in a process of its own, measured round by round.

A process of its own, and a new one for each case, because the state of an
allocator decides who pays for page faults: with the C library of Linux, to free one
large array once makes later ones many times as fast. Round by round (A B C, A B C,
...), because a machine's speed drifts.
"""

import multiprocessing
import signal
import sys
import time
from contextlib import suppress
from math import ceil
from statistics import median
from timeit import Timer

import numpy as np
from contestants import CONTESTANTS

ROUND = 0.02  # seconds that the calls of one round last, at the least
REPEATS = 5  # parts of a round, of which the median counts
PATIENCE = 60  # seconds to wait for a second core, in each round
SEASONING = 31 * 1024 * 1024  # bytes: just less than what Linux's C library never keeps
LARGEST_COMPARED = 20_000_000  # points: a rival's results are compared up to here


class WrongResultError(Exception):
    """A contestant does not compute the gradient."""


def same_bits(a, b):
    """Whether two results are equal to the bit, with their dtype, shape and strides.

    Any NaN equals any NaN, and zeros of different sign differ.
    """
    if (a.dtype, a.shape, a.strides) != (b.dtype, b.shape, b.strides):
        return False
    if a.dtype.kind == "m":
        return bool(np.all(a.view("i8") == b.view("i8")))
    # Equal numbers have equal bits, but for zeros.
    return all(
        bool(np.all(((x == y) & (np.signbit(x) == np.signbit(y))) | (np.isnan(x) & np.isnan(y))))
        for x, y in ((a.real, b.real), (a.imag, b.imag)))


def close(a, b, axis):
    """Whether a rival's result is right within rounding, away from the edges of its axis."""
    # Not all rivals have NumPy's edges.
    interior = (slice(None),) * axis + (slice(1, -1),)
    wide = "c16" if b.dtype.kind == "c" else "f8"
    a, b = a[interior].astype(wide), b[interior].astype(wide)
    scale = np.max(np.abs(b), initial=0, where=np.isfinite(b))
    return np.allclose(a, b, rtol=1e-3, atol=1e-3 * scale, equal_nan=True)


def compare_with_numpy(contestant, case, call):
    """Compare a contestant's results with NumPy's.

    Raises
    ------
    WrongResultError
        If they differ: in a bit for an exact contestant, else by more than rounding.
    """
    results = call.run()
    expected = CONTESTANTS["numpy"]().call(case).run()
    if len(results) != len(expected):
        raise WrongResultError(f"{len(results)} results, not {len(expected)}")
    for axis, result, right in zip(case.axes, results, expected, strict=True):
        if contestant.exact and not same_bits(result, right):
            raise WrongResultError(f"bits differ from NumPy's along axis {axis}")
        if not contestant.exact and not close(result, right, axis):
            raise WrongResultError(f"not the gradient along axis {axis}")


class Stopwatch:
    """Times one call, always with the same number of calls to a round.

    Parameters
    ----------
    call : Call
    seconds : float
        How long a round is to take.
    """

    def __init__(self, call, seconds):
        self.seconds = seconds
        # The timer turns garbage collection off while it runs.
        self.timer = Timer(call.statement, globals=dict(call.names))
        self.timer.timeit(1)  # the first call may have to compile
        calls = self.calls_per_round()
        self.repeats = min(calls, REPEATS)
        self.number = ceil(calls / self.repeats)

    def calls_per_round(self):
        """Find how many calls fill a round."""
        calls = 1
        while (seconds := self.timer.timeit(calls)) < self.seconds / 4:
            calls *= 2
        return ceil(calls * self.seconds / seconds)

    def round(self):
        """Time one round.

        Returns
        -------
        float
            Seconds a call: the median of the round's parts.
        """
        # The others have had the caches since; where many calls fit in a round, one
        # more brings the data back.
        if self.repeats > 1:
            self.timer.timeit(1)
        return median(self.timer.repeat(self.repeats, self.number)) / self.number


class Bench:
    """What happens in a worker's process: one contestant, one case.

    Parameters
    ----------
    name : str
        The contestant.
    threads : int
        How many threads it may use.
    """

    def __init__(self, name, threads):
        self.contestant = CONTESTANTS[name](threads)
        self.contestant.load()

    def prepare(self, case, seasoned, seconds):
        """Build the case's arrays, and find the number of calls."""
        if seasoned:
            np.empty(SEASONING, np.uint8)  # and free it at once
        self.case = case
        self.call = self.contestant.call(case)
        self.stopwatch = Stopwatch(self.call, seconds)

    def round(self):
        """Measure one round."""
        return self.stopwatch.round()

    def check(self):
        """Compare the results with NumPy's; afterwards, for it changes the allocator's state."""
        compare_with_numpy(self.contestant, self.case, self.call)


def serve(pipe, *arguments):
    """Answer requests until there are no more: the main function of a worker's process."""
    # Ctrl-C is for the process that asks; when that has gone, the pipe's end is closed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bench = Bench(*arguments)
    with suppress(EOFError):
        while True:
            method, *arguments = pipe.recv()
            try:
                pipe.send((True, getattr(bench, method)(*arguments)))
            except Exception as error:
                pipe.send((False, f"{type(error).__name__}: {error}"))


class Worker:
    """A contestant's process, seen from outside.

    Parameters
    ----------
    name : str
        The contestant.
    threads : int
        How many threads it may use.

    Attributes
    ----------
    seconds : list of float
        Seconds a call, of each round so far.
    failure : str or None
        Why the contestant could not do as it was asked. It is asked no more then.
    """

    def __init__(self, name, threads):
        self.name = name
        self.seconds = []
        self.failure = None
        # Not forked: it would inherit this process's allocator.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, name, threads), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, method, *arguments):
        """Let the process do something, and wait for what comes of it.

        Parameters
        ----------
        method : str
            A method of `Bench`.
        *arguments
            What to call it with.

        Returns
        -------
        object
            What the method returns; None after a failure.
        """
        if self.failure:
            return None
        try:
            self.pipe.send((method, *arguments))
            done, answer = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            # For want of memory, perhaps.
            done, answer = False, f"its process ended with status {self.process.exitcode}"
        if not done:
            self.failure = answer
            return None
        return answer

    def run_round(self):
        """Measure one round."""
        self.seconds.append(self.ask("round"))

    def stop(self):
        """End the process."""
        self.pipe.close()
        self.process.join()


def must_check(name, case, bits):
    """Whether a contestant's results are to be compared with NumPy's."""
    kind = CONTESTANTS[name]
    if kind.exact:
        return bits
    return kind.role == "rival" and case.size <= LARGEST_COMPARED


def run_round(worker, second_core):
    """Measure a round, once more for as long as it begins or ends without a second core."""
    deadline = time.perf_counter() + PATIENCE
    while second_core is not None:
        second_core.wait(deadline - time.perf_counter())
        worker.run_round()
        if second_core.is_there():
            return
        if time.perf_counter() > deadline:
            print(f"  {worker.name}: no second core for {PATIENCE} s", file=sys.stderr)
            return
        worker.seconds.pop()
    worker.run_round()


def measure(case, names, rounds, threads=1, bits=True, seasoned=False, seconds=ROUND,
            second_core=None):
    """Measure a case: every contestant once in each round.

    Parameters
    ----------
    case : Case
    names : sequence of str
        The contestants.
    rounds : int
    threads : int
        How many threads a contestant may use, of those that can use several.
    bits : bool
        Compare the bits of the exact contestants with NumPy's.
    seasoned : bool
        Let each process free a large array before it begins, as any program that has
        run for a while has done.
    seconds : float
        How long a round is to take.
    second_core : SecondCore, optional
        Count only rounds in which the machine has a second core, as far as it can be had.

    Returns
    -------
    seconds : dict
        For each contestant that did the case, the seconds a call of each round.
    failures : dict
        For each that failed, why. One that does not support the case is in neither.
    """
    workers = [Worker(name, threads) for name in names if CONTESTANTS[name]().supports(case)]
    for worker in workers:
        worker.ask("prepare", case, seasoned, seconds)
    for _ in range(rounds):
        for worker in workers:
            run_round(worker, second_core)
    for worker in workers:
        if must_check(worker.name, case, bits):
            worker.ask("check")
        worker.stop()
    seconds = {worker.name: worker.seconds for worker in workers if not worker.failure}
    failures = {worker.name: worker.failure for worker in workers if worker.failure}
    return seconds, failures
