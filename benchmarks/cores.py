"""Whether the machine has a second core to give, at this moment.

What a system calls two CPUs may be the two hardware threads of one core, and on a virtual
machine from one second to the next: its host decides. Then no program gains anything from a
second thread, not even two programs that have nothing to do with each other.

    python benchmarks/cores.py

prints for half a minute what two such programs gain over one.
"""

import ctypes
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import traffic
from library import load

WORDS = 1024  # so few that they stay in the first-level cache
TURNS = 20_000  # copies of them, one sweep: some milliseconds
ENOUGH = 1.4  # two at once, over one after the other


def make_sweep():
    """Make what keeps a core busy: copy the same words within the first-level cache."""
    sweep = load(traffic.SOURCE).sweep_plain
    sweep.restype = None
    data, result = traffic.buffer(WORDS * traffic.WORD), traffic.buffer(WORDS * traffic.WORD)
    addresses = (ctypes.c_void_p * TURNS)(*[result.ctypes.data] * TURNS)
    starts = (ctypes.c_ssize_t * 1)(0)
    arguments = (
        ctypes.c_void_p(data.ctypes.data), starts, ctypes.c_ssize_t(1), ctypes.c_ssize_t(WORDS),
        addresses, ctypes.c_ssize_t(TURNS), ctypes.c_ssize_t(WORDS))
    addresses.memory = data, result
    return lambda: sweep(*arguments)


def two_cores():
    """Return two CPUs that are, as far as is known, not two hardware threads of one core."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0, 1]
    cores = {}
    for cpu in usable:
        path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        cores.setdefault(path.read_text(encoding="utf-8") if path.exists() else cpu, cpu)
    return list(cores.values())[:2]


def thread_on(cpu):
    """Start a thread that stays on one CPU, where the system can be told so."""
    pool = ThreadPoolExecutor(1)
    if hasattr(os, "sched_setaffinity"):
        pool.submit(os.sched_setaffinity, 0, {cpu}).result()
    return pool


class SecondCore:
    """A control beside measurements with two threads: two copies of a loop that share nothing."""

    def __init__(self):
        # On a CPU each, or they would sometimes begin on one.
        self.threads = [thread_on(cpu) for cpu in two_cores()]
        self.sweeps = [make_sweep() for _ in self.threads]

    def seconds(self, threads):
        """Time the loop in so many threads at once."""
        start = time.perf_counter()
        tasks = [thread.submit(sweep)
                 for thread, sweep in zip(self.threads[:threads], self.sweeps, strict=False)]
        for task in tasks:
            task.result()
        return time.perf_counter() - start

    def gain(self):
        """Time two loops at once against one after the other.

        Returns
        -------
        float
            About 2 with two cores, about 1 with one core's two hardware threads.
        """
        if len(self.threads) < 2:
            return 1.0
        both, one = zip(*[(self.seconds(2), self.seconds(1)) for _ in range(5)], strict=True)
        return 2 * median(one) / median(both)

    def is_there(self):
        """Whether two threads get a core each."""
        return self.gain() >= ENOUGH

    def wait(self, seconds):
        """Wait until two threads get a core each, but no longer than so many seconds.

        Returns
        -------
        bool
            Whether they do.
        """
        end = time.perf_counter() + seconds
        while not self.is_there():
            if time.perf_counter() > end:
                return False
            time.sleep(0.1)
        return True


def main():
    """Print the gain again and again."""
    control = SecondCore()
    end = time.perf_counter() + 30
    while time.perf_counter() < end:
        print(f"{control.gain():.1f}", end=" ", flush=True)
    print()


if __name__ == "__main__":
    main()
