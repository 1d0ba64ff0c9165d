"""Each build of the kernels gives the same bits; the choice among them is the user's."""

import os
import subprocess
import sys

import calls
import fuzz
import numpy as np
import oracle
import pytest

from cgrad import _kernels, _simd

BUILDS = ["baseline", *_kernels.simd_levels()]


def level_with(value):
    environment = dict(os.environ, CGRAD_SIMD=value)
    code = "import cgrad._simd as s; print(s.level)"
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True,
        check=False, cwd="/")


@pytest.fixture
def loops_restored():
    yield
    _kernels.use_loops(_simd.loops_of(_simd.level))


@pytest.mark.usefixtures("loops_restored")
@pytest.mark.parametrize("level", BUILDS)
def test_random_calls_give_the_bits_of_the_baseline(level):
    loops = _simd.loops_of(level)
    assert (loops is None) == (level == "baseline")
    compiled = 0
    for seed in range(3000):
        call = calls.call(fuzz.Random(seed))
        order = call.kwargs.get("edge_order", 1)
        args = call.args[0], tuple(call.args[1:]), call.kwargs.get("axis"), order
        with np.errstate(**call.state):
            _kernels.use_loops(None)
            expected = _kernels.differentiate(*args)
            _kernels.use_loops(loops)
            got = _kernels.differentiate(*args)
        assert oracle.describe(got) == oracle.describe(expected), seed
        compiled += expected is not None
    assert compiled > 1000


@pytest.mark.parametrize("level", BUILDS)
def test_the_environment_variable_names_the_widest(level):
    assert level_with(level).stdout.split()[0] == level


def test_an_unknown_level_is_an_error_that_names_them_all():
    done = level_with("sse9")
    assert "CGRAD_SIMD: expected one of avx512, avx2, baseline, not 'sse9'" in done.stderr
