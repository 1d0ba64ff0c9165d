"""Which calls are compiled, so that a slow answer cannot pass for a fast one."""

import calls
import numpy as np
import pytest

import cgrad
from cgrad import _gradient
from cgrad._simd import kernels as _kernels

X = np.array([0.0, 1.0, 3.0, 4.0, 7.0])


@pytest.fixture
def numpy_forbidden(monkeypatch):
    def gradient(*args, **kwargs):
        raise AssertionError("this call went to NumPy")

    monkeypatch.setattr(_gradient, "_answer_of_numpy", gradient)


@pytest.mark.usefixtures("numpy_forbidden")
@pytest.mark.parametrize("dtype", [*calls.NUMBERS])
@pytest.mark.parametrize("spacing", [
    (), (2,), (0.3,), (0.3, X), (X, 0.3), (X, X.astype("f4")), (X.astype("i2"), X.astype("u8")),
    (np.float32(0.3),), (np.int8(2),), (np.uint64(2),), (np.array(0.3),), (X[::-1], X),
    (np.float16(0.3),), (np.longdouble(0.3),), (np.bool_(True),), (True,), (list(X), tuple(X)),
    (X.astype("f2"), X.astype("longdouble")), (X.astype(">f8"), np.arange(5) % 2 == 0),
], ids=str)
@pytest.mark.parametrize("axis", [None, (1, 0), [-1, 0]], ids=str)
def test_numbers_and_spacings_that_are_compiled(dtype, spacing, axis):
    extended = any(getattr(h, "dtype", None) == np.longdouble for h in spacing)
    if dtype == "f2" and extended and np.finfo(np.longdouble).nmant != 63:
        pytest.skip("how NumPy rounds this long double to half precision depends on the machine")
    f = np.arange(25).astype(dtype).reshape(5, 5)
    cgrad.gradient(f, *spacing, axis=axis, edge_order=2)


@pytest.mark.usefixtures("numpy_forbidden")
@pytest.mark.parametrize("view", [
    lambda f: f.T, lambda f: f[::2, ::3], lambda f: f[::-1, ::-1], lambda f: f[3:, 2:],
    lambda f: np.broadcast_to(f[0], f.shape), lambda f: f[None, :, None], np.asfortranarray,
    lambda f: f.astype(">f8"), lambda f: f.astype(">i4"), lambda f: f.astype(">c8"),
    lambda f: np.zeros(f.nbytes + 1, "u1")[1:].view("f8").reshape(f.shape),
])
def test_layouts_that_are_compiled(view):
    f = view(np.arange(400.0).reshape(20, 20))
    cgrad.gradient(f, axis=[d for d in range(f.ndim) if f.shape[d] > 1])


@pytest.mark.usefixtures("numpy_forbidden")
@pytest.mark.parametrize("f", [[1.0, 2.0, 4.0], ([1, 2], [3, 4]), [1j, 2], [[True, 3]] * 2])
def test_sequences_that_are_compiled(f):
    cgrad.gradient(f)


@pytest.mark.usefixtures("numpy_forbidden")
def test_products_of_booleans_are_compiled():
    cgrad.gradient(np.array([True, False, True, True, False]), X, edge_order=2)


@pytest.mark.parametrize("f", [
    [[1.0], [2.0, 3.0]], ["a", "b"], [1.0, None], np.ma.array([1.0, 2.0]),
    np.array([True, False]), np.array([1, 2], "M8[s]"), np.zeros((2, 0)), np.array(1.0), None,
], ids=repr)
def test_data_that_is_left_to_numpy(f):
    assert _kernels.differentiate(f, (), None, 1) is None


@pytest.mark.parametrize("call", [
    ((1.0, 1.0), None, 1), (("a",), None, 1), ((1j,), None, 1), ((X[:4],), None, 1),
    ((X.reshape(1, 5),), None, 1), ((None,), None, 1), ((0.0,), None, 2), ((2**60,), None, 1),
    ((X.astype("c16"),), None, 1), ((X.astype("O"),), None, 1), ((["a"] * 5,), None, 1),
    ((np.ones(5, bool),), None, 1), ((), 1, 1), ((), -2, 1), ((), (0, 0), 1), ((), "x", 1),
    ((), (), 1), ((), None, 0), ((), None, 3), ((), None, True), ((), None, 1.0),
], ids=repr)
def test_arguments_that_are_left_to_numpy(call):
    assert _kernels.differentiate(X, *call) is None


def test_the_fallback_is_the_gradient_that_was_there_at_import(monkeypatch):
    monkeypatch.setattr(np, "gradient", cgrad.gradient)
    assert cgrad.gradient(np.array([1.0, 3.0], "O")).tolist() == [2.0, 2.0]


def test_types_that_are_not_asked_have_no_answer_of_their_own():
    own = {kind for kind in _gradient._common_types if hasattr(kind, "__array_function__")}
    assert own == {np.ndarray}


@pytest.mark.parametrize("dtype", ["c8", "c16", "G"])
@pytest.mark.parametrize("n", [2, 3])
def test_complex_numbers_that_stand_for_several_are_left_to_numpy(n, dtype):
    # There, NumPy 2.4 warns of overflows that others do not have.
    f = np.ones(3, dtype)
    one_row, rows, columns = (np.broadcast_to(part, shape) for part, shape in (
        (f, (1, 3)), (f, (n, 3)), (f[:, None], (3, n))))
    assert _kernels.differentiate(one_row, (), 1, 1) is not None
    assert _kernels.differentiate(rows, (), 1, 1) is None
    assert _kernels.differentiate(columns, (), 0, 1) is None
