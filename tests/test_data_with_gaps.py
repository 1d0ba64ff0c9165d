"""Large data that is not one run of memory, whose rows are asked for ahead of their use."""

import numpy as np
import oracle
import pytest

import cgrad
from cgrad._simd import kernels

# Of which all are beyond the size from which on rows are asked for (FETCH_FROM, 4 MiB).
SHAPE = (80, 120, 130)

VIEWS = {
    "all in steps": lambda f: f[1::2, ::2, ::2],
    "last in steps": lambda f: f[:80, :120, ::2],
    "last backward": lambda f: f[:80, :120, ::-2],
    "rows left out": lambda f: f[:80, ::2, :130],
    "part of a larger array": lambda f: f[3:83, 3:123, 3:133],
    "axes moved": lambda f: np.moveaxis(f[:, ::2, ::2], 0, -1),
    "repeated rows": lambda f: np.broadcast_to(f[:80, :1, ::2], SHAPE),
    "one number repeated": lambda f: np.broadcast_to(f[0, 0, 0], SHAPE),
}


@pytest.fixture(params=["streamed", "not streamed"])
def _streams(request):
    before = kernels.stream_from(0 if request.param == "streamed" else 2**62)
    yield
    kernels.stream_from(before)


@pytest.mark.usefixtures("_streams")
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("dtype", ["f8", ">f8", "i8", "c16"])
def test_results_are_numpys(view, dtype):
    random = np.random.default_rng(0)
    whole = (random.random((83, 240, 260)) * 1e6).astype(dtype)
    if dtype == "c16":
        whole.imag = random.random(whole.shape)
    f = view(whole)
    assert f.size * f.itemsize > 1 << 22
    for spacing in ((0.5,), (0.3,), [np.cumsum(random.random(n) + 0.1) for n in f.shape]):
        if dtype != "c16" or 0 not in f.strides:              # these are left to NumPy
            assert kernels.differentiate(f, tuple(spacing), None, 1) is not None
        expected = oracle.describe(np.gradient(f, *spacing))
        for workers in 1, 2:
            assert oracle.describe(cgrad.gradient(f, *spacing, workers=workers)) == expected
