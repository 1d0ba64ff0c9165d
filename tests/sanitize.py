"""Run the tests and the fuzz under sanitizers: ``python tests/sanitize.py --seconds 600``.

Builds a copy of the tree with gcc's AddressSanitizer and UndefinedBehaviorSanitizer (with
``--thread`` ThreadSanitizer, and then runs the tests of threads alone), preloads their libraries
into this Python, and fails on the first report.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import builds

LEAVE_OUT = [
    "test_no_fused_operations.py", "test_footprint.py", "test_manual.py", "test_types.py",
    "test_beyond_32_bits.py",
]
THREAD_TESTS = ["test_workers.py", "test_kept_memory.py"]


def library(name):
    """Return the path of one of gcc's run-time libraries."""
    found = subprocess.run(
        ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return found.stdout.strip()


def variables(libraries):
    """Return the environment variables with which this Python runs with the sanitizers."""
    return {
        # After the C++ library: else the sanitizer does not find its exceptions.
        "LD_PRELOAD": " ".join(library(name) for name in (*libraries, "libstdc++.so")),
        "PYTHONMALLOC": "malloc",
        # Some tests ask for more memory than there is.
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        # A child that was forked from several threads may start its own.
        "TSAN_OPTIONS": "halt_on_error=1:report_signal_unsafe=0:die_after_fork=0",
    }


def must_pass(done):
    """Return the last line that a process printed; end with all it said if it failed."""
    if done.returncode:
        sys.exit(done.stdout[-5000:] + done.stderr[-10_000:] + f"\nstatus {done.returncode}")
    return done.stdout.strip().rpartition("\n")[2]


def main():
    """Do as the command line says; the exit status is that of what failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="of fuzz (600)")
    parser.add_argument("--thread", action="store_true", help="ThreadSanitizer in their place")
    parser.add_argument("--tests", nargs="*", help="run these files alone")
    options = parser.parse_args()
    sanitizers = "thread" if options.thread else "address,undefined"
    libraries = ["libtsan.so"] if options.thread else ["libasan.so", "libubsan.so"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "cgrad"
        builds.copy_tree(folder)
        flags = f"-fsanitize={sanitizers} -fno-omit-frame-pointer -g -O1"
        must_pass(builds.build(
            folder, CC="gcc", CFLAGS=flags, LDFLAGS=f"-fsanitize={sanitizers}"))
        # Without those that read machine code, and that limit or measure memory.
        leave_out = [f"--ignore={folder / 'tests' / file}" for file in LEAVE_OUT]
        wanted = ["-k", "not leak and not resident and not interrupt"]
        tests = THREAD_TESTS if options.thread else options.tests or ()
        print(must_pass(builds.run_tests(
            folder, tests, [*leave_out, *wanted], **variables(libraries))))
        start, seed = time.monotonic(), int(time.time())
        while not options.thread and time.monotonic() - start < options.seconds:
            print(must_pass(builds.run_fuzz(folder, 10_000, seed, **variables(libraries))))
            seed += 10_000
    print("no report")


if __name__ == "__main__":
    main()
