"""Say of changes of the compiled room whether the tests find them (see mutate.py).

Reads their numbers, one a line, and writes "found" or "survived" for each. All is loaded once; each
change is switched on in a fork of its own, so that most are found in a moment.
"""

import argparse
import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess
import sys

import fuzz
import pytest

from cgrad import _kernels

HERE = pathlib.Path(__file__).parent
# The quickest first, and those that find most of what random calls do not.
QUICK = [
    "test_contract.py", "test_taken_for_a_function.py", "test_floating_point_events.py",
    "test_compiled.py", "test_short_rows.py", "test_two_axes_at_once.py", "test_out.py",
    "test_streaming.py", "test_footprint.py", "test_hostile.py", "test_fences.py",
]
SLOW = [
    "test_long_rows.py", "test_converted_rows.py", "test_data_with_gaps.py", "test_kept_memory.py",
    "test_matches_numpy.py", "test_workers.py",
]
CALLS = 5000
SECONDS = 180                     # after which a test file hangs, or random calls sooner


def is_found(tests):
    """Whether random calls differ from NumPy's, or some test fails."""
    # Who hangs is killed by the alarm, even within compiled code.
    signal.alarm(SECONDS // 3)
    for first in range(0, CALLS, 50):
        if fuzz.compare(range(first, first + 50))[1]:
            return True
    # What was set up before the switch was thrown comes about again in a new process.
    command = [sys.executable, str(HERE / "fuzz.py"), "--calls", "200"]
    if subprocess.run(command, capture_output=True, check=False, timeout=SECONDS).returncode:
        return True
    for test in tests:
        signal.alarm(SECONDS)
        if pytest.main(["-q", "-x", "-p", "no:cacheprovider", str(HERE / test)]):
            return True
    return False


def judge(number, tests):
    """Return whether a change is found, switched on in a fork; a crash finds it too."""
    child = os.fork()
    if not child:
        try:
            os.setsid()
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            os.environ["CGRAD_MUTANT"] = str(number)
            if number >= 0:
                ctypes.c_int.in_dll(ctypes.CDLL(_kernels.__file__), "cgrad_mutant").value = number
                _kernels.use_loops(None)
            os._exit(is_found(tests))
        finally:
            os._exit(1)
    found = os.waitpid(child, 0)[1] != 0
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)          # what it started and did not end
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="without the tests that take longer")
    tests = QUICK if parser.parse_args().quick else QUICK + SLOW
    for line in sys.stdin:
        print("found" if judge(int(line), tests) else "survived", flush=True)


if __name__ == "__main__":
    main()
