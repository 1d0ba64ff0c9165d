"""Arrays of other libraries get what `numpy.gradient` gives them: type, bits or exception."""

import numpy as np
import oracle
import pytest

import cgrad

F = np.random.default_rng(0).standard_normal((6, 7))
X = np.cumsum(np.random.default_rng(1).random(7))


class DLPackAlone:
    """An array that speaks DLPack and nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class AnswersForItself:
    """An array with an answer of its own, as those of other devices have (NEP 18)."""

    def __array_function__(self, function, types, args, kwargs):
        return function, types, args[1:], kwargs


def calls(array):
    """Return calls in which an array, or what is made from it, takes each place."""
    along = array(X)
    return {
        "data": ((array(F),), {}),
        "float32": ((array(F.astype("f4")),), {"axis": 0, "edge_order": 2}),
        "integers": ((array((F * 9).astype("i4")), 0.5), {}),
        "booleans": ((array(F > 0),), {}),
        "complex": ((array(F.astype("c8")),), {}),
        "transposed": ((array(F).T,), {}),
        "coordinates": ((array(F), along), {"axis": 1}),
        "coordinates alone": ((F, along), {"axis": 1}),
        "spacing": ((F, array(np.array(0.5))), {}),
        "a spacing for each axis": ((array(F), along[1] - along[0], along), {}),
        "axis": ((F,), {"axis": array(np.array([0, 1]))}),
        "too small": ((array(F[:1]),), {}),
        "a list of them": (([array(X), array(X)],), {}),
    }


def assert_same(args, kwargs):
    assert oracle.outcome(cgrad.gradient, args, kwargs) == oracle.outcome(np.gradient, args, kwargs)


NAMES = list(calls(np.array))


@pytest.mark.parametrize("name", NAMES)
def test_torch(name):
    torch = pytest.importorskip("torch")
    args, kwargs = calls(torch.tensor)[name]
    assert_same(args, kwargs)


def test_torch_gives_numpys_arrays():
    torch = pytest.importorskip("torch")
    results = cgrad.gradient(torch.tensor(F), 1.0, torch.tensor(X))
    for result, expected in zip(results, np.gradient(F, 1.0, X), strict=True):
        assert type(result) is np.ndarray
        assert oracle.bits(result) == oracle.bits(expected)


@pytest.mark.parametrize("kind", [
    "that record operations", "bfloat16", "of another device", "conjugate", "sparse",
    "of another device, as coordinates"])
def test_tensors_that_numpy_refuses_get_its_error(kind):
    torch = pytest.importorskip("torch")
    f = torch.tensor(F)
    args = {
        "that record operations": lambda: (f.requires_grad_(),),
        "bfloat16": lambda: (f.bfloat16(),),
        "of another device": lambda: (f.to("meta"),),
        "conjugate": lambda: (torch.conj(f + 1j * f),),
        "sparse": lambda: (f.to_sparse(),),
        "of another device, as coordinates": lambda: (F, 1.0, torch.tensor(X).to("meta")),
    }[kind]()
    with pytest.raises((RuntimeError, TypeError, NotImplementedError)):
        np.gradient(*args)
    assert_same(args, {})


@pytest.mark.filterwarnings("ignore::DeprecationWarning:jax")
@pytest.mark.parametrize("name", NAMES)
def test_jax(name):
    jax = pytest.importorskip("jax.numpy")
    args, kwargs = calls(jax.asarray)[name]
    assert_same(args, kwargs)


def test_jax_gives_numpys_arrays():
    jax = pytest.importorskip("jax.numpy")
    result = cgrad.gradient(jax.asarray(X))
    assert type(result) is np.ndarray
    assert oracle.bits(result) == oracle.bits(np.gradient(X.astype("f4")))


class WithoutHash(type):
    def __eq__(cls, other):
        return cls is other


class WithoutAttributes(type):
    def __getattr__(cls, name):
        raise ValueError(name)


class EqualToArrays(type):
    def __eq__(cls, other):
        return True

    def __hash__(cls):
        return hash(np.ndarray)


@pytest.mark.parametrize("metaclass", [WithoutHash, WithoutAttributes])
def test_types_may_be_odd_where_they_may_to_numpy(metaclass):
    # NumPy hashes some of them with Python 3.13.
    class Sequence(list, metaclass=metaclass):
        pass

    assert_same((Sequence([1.0, 2.0, 4.0]),), {})
    assert_same(([1.0, 2.0, 4.0], Sequence([0.0, 1.0, 2.0])), {})


def test_dlpack_alone_is_no_array_to_numpy():
    assert_same((DLPackAlone(F),), {})


@pytest.mark.parametrize("place", [0, 1])
def test_an_array_with_an_answer_of_its_own_is_asked(place):
    args = [F, X]
    args[place] = AnswersForItself()
    function, types, rest, kwargs = cgrad.gradient(*args, axis=1, edge_order=2)
    assert function is np.gradient
    assert AnswersForItself in types
    assert rest == tuple(args[1:])
    assert kwargs == {"axis": 1, "edge_order": 2}


def test_an_array_of_a_type_that_is_said_to_equal_all_others_is_asked():
    class Equal(AnswersForItself, metaclass=EqualToArrays):
        pass

    assert cgrad.gradient(Equal()) == np.gradient(Equal()) == (np.gradient, (Equal,), (), {})


class WithoutClass(AnswersForItself):
    @property
    def __class__(self):
        raise RuntimeError("no class to be told")


def test_an_array_that_raises_for_its_class_is_asked_even_where_dask_is_imported():
    pytest.importorskip("dask.array")
    function, types, rest, kwargs = cgrad.gradient(WithoutClass())
    assert (function, types, rest, kwargs) == (np.gradient, (WithoutClass,), (), {})
