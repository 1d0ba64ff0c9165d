"""``out`` follows the rules of NumPy's ufuncs, and holds what a fresh call gives."""

import calls
import fuzz
import numpy as np
import oracle
import pytest

import cgrad
from cgrad import _out
from cgrad._simd import kernels

F = np.random.default_rng(0).standard_normal((40, 50))


def filled(shape, dtype="f8"):
    return np.full(shape, 77, dtype)


def assert_holds(out, expected):
    for array, result in zip(out, expected, strict=True):
        assert oracle.bits(array) == oracle.bits(result)


@pytest.mark.parametrize("shape", [(3,), (3, 3)])
def test_an_out_without_dimensions_is_named(shape):
    with pytest.raises(ValueError, match="out: expected"):
        cgrad.gradient(np.ones(shape), out=np.array(1.0))


def test_one_axis_goes_into_one_array_which_is_returned():
    out = filled(F.shape)
    assert cgrad.gradient(F, axis=1, out=out) is out
    assert_holds([out], [np.gradient(F, axis=1)])


@pytest.mark.parametrize("kind", [tuple, list])
def test_several_axes_go_into_one_array_each(kind):
    out = kind([filled(F.shape), filled(F.shape)])
    assert cgrad.gradient(F, 0.5, out=out) is out
    assert_holds(out, np.gradient(F, 0.5))


def test_several_axes_go_into_one_stacked_array():
    out = filled((2, *F.shape))
    assert cgrad.gradient(F, out=out) is out
    assert_holds(out, np.gradient(F))


@pytest.mark.parametrize("kind", [tuple, list])
def test_one_axis_in_a_sequence_is_returned_bare_as_ufuncs_do(kind):
    out = filled(F.shape)
    assert cgrad.gradient(F, axis=0, out=kind([out])) is out


def test_one_axis_in_a_stack_is_returned_as_it_was_given():
    out = filled((1, *F.shape))
    assert cgrad.gradient(F, axis=0, out=out) is out
    assert_holds(out, [np.gradient(F, axis=0)])


def test_a_list_goes_into_a_stacked_array():
    out = filled((2, *F.shape))
    assert cgrad.gradient(F.tolist(), out=out) is out
    assert_holds(out, np.gradient(F))


@pytest.mark.parametrize("kind", [tuple, list, np.array])
def test_arrays_that_fit_are_computed_into_without_another_look(kind, monkeypatch):
    monkeypatch.setattr(_out, "read_out", None)
    out = kind([filled(F.shape), filled(F.shape)])
    assert cgrad.gradient(F, out=out) is out
    assert_holds(out, np.gradient(F))


def test_no_axes_take_no_arrays():
    assert cgrad.gradient(F, axis=(), out=()) == ()


def test_any_call_gives_what_it_gives_without_out():
    compared = 0
    for seed in range(3000):
        call = calls.call(fuzz.Random(seed))
        try:
            with np.errstate(all="ignore"):
                expected = np.gradient(*call.args, **call.kwargs)
        except Exception:
            continue
        results = expected if isinstance(expected, tuple) else (expected,)
        if not results or any(type(result) is not np.ndarray for result in results):
            continue
        out = tuple(np.empty_like(result) for result in results)
        with np.errstate(all="ignore"):
            cgrad.gradient(*call.args, **call.kwargs, out=out)
        assert_holds(out, results)
        compared += 1
    assert compared > 1000


@pytest.mark.parametrize("f", [F, F.astype("f4"), (F * 100).astype("i2"), F.astype("f2"),
                               F.T, F[::-1], F + 1j], ids=lambda f: f"{f.dtype} {f.strides}")
@pytest.mark.parametrize("layout", ["C", "F", "strided", "reversed", "swapped", "interleaved"])
def test_any_strides_and_byte_order(f, layout):
    expected = np.gradient(f)
    dtype = expected[0].dtype
    shape = f.shape
    out = {
        "C": lambda: [filled(shape, dtype) for _ in range(2)],
        "F": lambda: [filled(shape[::-1], dtype).T for _ in range(2)],
        "strided": lambda: [filled((2 * shape[0], 3 * shape[1]), dtype)[::2, ::3]
                            for _ in range(2)],
        "reversed": lambda: [filled(shape, dtype)[::-1, ::-1] for _ in range(2)],
        "swapped": lambda: [filled(shape, dtype.newbyteorder()) for _ in range(2)],
        "interleaved": lambda: list(np.moveaxis(filled((*shape, 2), dtype), -1, 0)),
    }[layout]()
    cgrad.gradient(f, out=out)
    assert_holds([array.astype(dtype) for array in out], expected)


def test_results_between_those_of_another_axis_are_computed_in_place(monkeypatch):
    vectors = filled((*F.shape, 2))
    monkeypatch.setattr(np, "copyto", None)
    cgrad.gradient(F, out=np.moveaxis(vectors, -1, 0))
    assert_holds(np.moveaxis(vectors, -1, 0), np.gradient(F))


@pytest.mark.parametrize(("dtype", "allowed"), [
    ("f4", True), ("f2", True), ("longdouble", True), ("c16", True), ("i8", False), ("?", False),
    ("O", True), ("M8[s]", False),
])
def test_same_kind_casting(dtype, allowed):
    out = np.zeros(F.shape, dtype)
    before = out.copy()
    if allowed:
        cgrad.gradient(F, axis=0, out=out)
        assert_holds([out], [np.gradient(F, axis=0).astype(dtype)])
    else:
        with pytest.raises(TypeError, match="out: expected a dtype"):
            cgrad.gradient(F, axis=0, out=out)
        assert (out == before).all()


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("view", [lambda f: f, lambda f: f[::-1], lambda f: f.T],
                         ids=["itself", "reversed", "transposed"])
def test_an_out_that_overlaps_the_data(axis, view):
    f = np.random.default_rng(1).standard_normal((60, 60))
    expected = np.gradient(f, axis=axis)
    out = view(f)
    cgrad.gradient(f, axis=axis, out=out)
    assert_holds([out], [expected])


def test_an_out_that_overlaps_the_data_by_a_shift():
    memory = np.random.default_rng(2).standard_normal(5000)
    expected = np.gradient(memory[:-1].copy())
    cgrad.gradient(memory[:-1], out=memory[1:])
    assert_holds([memory[1:]], [expected])


def test_an_out_that_overlaps_the_coordinates():
    x = np.cumsum(np.random.default_rng(3).random(100))
    f = x**2
    expected = np.gradient(f, x)
    cgrad.gradient(f, x, out=x)
    assert_holds([x], [expected])


def calls_with_views():
    """Return memory, and a call with lists and tuples that hold all of it as arrays."""
    random = np.random.default_rng(5)
    rows, planes = random.random((4, 3)), random.random((4, 2, 3))
    # Of infinity less infinity somebody may want to hear: what was computed does not count then.
    rows[::2, 1] = planes[::2, 1, 1] = np.inf
    yield rows, (list(rows),), {"axis": 0}
    yield rows, (tuple(rows),), {"axis": 0}
    yield planes, ([tuple(plane) for plane in planes],), {"axis": 0}
    x = np.array([0.0, 1.0, 3.0, np.inf])
    yield x, (random.random(4), [x[i:i + 1].reshape(()) for i in range(4)]), {}


@pytest.mark.parametrize("events", ["ignore", "warn"])
@pytest.mark.parametrize("case", range(4), ids=["list", "tuple", "nested", "coordinates"])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_an_out_that_overlaps_what_lists_hold(case, events):
    out, args, kwargs = list(calls_with_views())[case]
    with np.errstate(all=events):
        expected = np.gradient(*args, **kwargs)
        assert cgrad.gradient(*args, **kwargs, out=out) is out
    assert_holds([out], [expected])


@pytest.mark.filterwarnings("ignore:invalid value")
def test_interleaved_results_that_overlap_what_a_list_holds():
    f = np.random.default_rng(6).random((4, 3))
    f[::2, 1] = np.inf
    out = np.moveaxis(np.repeat(f[..., None], 2, axis=-1), -1, 0)
    expected = np.gradient(f)
    cgrad.gradient(list(out[1]), out=tuple(out))
    assert_holds(out, expected)


@pytest.mark.parametrize("kind", [list, tuple])
def test_coordinates_without_end_are_numpys_to_refuse(kind):
    endless = []
    endless.append(kind([endless, 1.0]))
    args = F[0, :2], endless
    got = oracle.outcome(lambda *args: cgrad.gradient(*args, out=np.empty(2)), args, {})
    assert got == oracle.outcome(np.gradient, args, {})


BAD = {
    "not an array": (7, TypeError, "out: expected an array or a tuple of arrays, not int"),
    "not arrays": ((7, 8), TypeError, "out: expected arrays, not int"),
    "too few": ((filled(F.shape),), ValueError, "expected 2 arrays, one for each axis, not 1"),
    "too many": ([filled(F.shape)] * 3, ValueError, "expected 2 arrays, one for each axis, not 3"),
    "a wrong shape": ((filled(F.shape), filled((40, 51))), ValueError,
                      r"expected shape \(40, 50\), not \(40, 51\)"),
    "a wrong first shape": ((filled((41, 50)), filled(F.shape)), ValueError,
                            r"expected shape \(40, 50\), not \(41, 50\)"),
    "one that would broadcast": ((filled((2, 40, 50)),) * 2, ValueError, "expected shape"),
    "stacked too high": (filled((3, *F.shape)), ValueError, "expected 2 arrays"),
    "one for two axes": (filled(F.shape), ValueError, "expected 2 arrays"),
    "read-only": ((filled(F.shape), np.broadcast_to(1.0, F.shape)), ValueError, "read-only"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_out_is_named_and_left_untouched(name):
    out, error, text = BAD[name]
    with pytest.raises(error, match=text):
        cgrad.gradient(F, out=out)
    for array in out if isinstance(out, tuple | list) else [out]:
        assert not isinstance(array, np.ndarray) or (array == array.flat[0]).all()


def test_far_too_many_results_are_refused_before_any_two_are_compared(monkeypatch):
    monkeypatch.setattr(np, "may_share_memory", None)
    with pytest.raises(ValueError, match="expected 2 arrays, one for each axis, not 2500"):
        cgrad.gradient(np.ones((50, 50)), out=np.empty(2500))


def test_stacked_results_are_counted_before_they_are_taken_apart():
    with pytest.raises(ValueError, match=f"expected 1 arrays, one for each axis, not {2**40}"):
        cgrad.gradient(np.ones(3), out=np.broadcast_to(0.0, (2**40, 3)))


@pytest.mark.parametrize("second", [lambda a: a, lambda a: a[::-1]], ids=["same", "reversed"])
def test_two_results_in_one_array_are_an_error(second):
    out = filled(F.shape)
    with pytest.raises(ValueError, match="share no memory, not results 0 and 1"):
        cgrad.gradient(F, out=(out, second(out)))
    assert (out == 77).all()


@pytest.mark.parametrize(("args", "kwargs"), [
    ((F, 1.0, 1.0, 1.0), {}), ((F[:1],), {}), ((F,), {"edge_order": 3}), ((F, F, 1.0), {}),
    ((F[:, :2],), {"edge_order": 2}),
], ids=repr)
def test_a_bad_call_leaves_out_untouched(args, kwargs):
    out = [filled(args[0].shape) for _ in range(2)]
    with pytest.raises((ValueError, TypeError)):
        cgrad.gradient(*args, **kwargs, out=out)
    assert all((array == 77).all() for array in out)


@pytest.mark.parametrize("state", ["ignore", "warn"])
def test_events_are_warned_of_once(state):
    f = np.array([np.inf, 1.0, np.inf, 1.0])
    out = filled(4)
    with np.errstate(all=state):
        expected = oracle.outcome(np.gradient, (f,), {})
        got = oracle.outcome(lambda f: cgrad.gradient(f, out=out), (f,), {})
    assert got == expected


@pytest.mark.parametrize("kind", [tuple, list, np.array])
@pytest.mark.parametrize("state", ["ignore", "warn"])
def test_events_along_several_axes_are_warned_of_once(kind, state):
    f = np.array([[np.inf, 1.0], [np.inf, 1.0], [-np.inf, 1.0]])
    out = kind([filled(f.shape), filled(f.shape)])
    with np.errstate(all=state):
        expected = oracle.outcome(np.gradient, (f,), {})
        got = oracle.outcome(lambda f: tuple(map(np.copy, cgrad.gradient(f, out=out))), (f,), {})
    assert got == expected


def test_memory_maps_are_compiled_on_both_sides(tmp_path, monkeypatch):
    f = np.memmap(tmp_path / "f", "f4", "w+", shape=(300, 40))
    f[...] = np.random.default_rng(4).random(f.shape)
    out = np.memmap(tmp_path / "out", "f4", "w+", shape=(2, *f.shape))
    monkeypatch.setattr(_out.np, "copyto", None)
    assert cgrad.gradient(f, 0.25, out=out) is out
    assert_holds(out, np.gradient(np.asarray(f), 0.25))


def test_the_door_trusts_nobody_about_overlap_unless_told():
    f = np.arange(50.0)
    assert kernels.differentiate(f, (), None, 1, None, (f,)) is None


def test_the_door_takes_no_out_that_c_cannot_index_or_whose_numbers_stand_for_several():
    f = np.arange(5.0)
    unaligned = np.zeros(5, "u1,f8")["f1"]
    repeated = np.lib.stride_tricks.as_strided(np.zeros(1), (5,), (0,))
    for out in unaligned, repeated:
        assert out.flags.writeable
        assert kernels.differentiate(f, (), None, 1, None, (out,)) is None


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize("out_step", [1, -1])
@pytest.mark.parametrize("begins", [(0, 49), (49, 0), (0, 50), (50, 0)], ids=repr)
def test_one_number_in_common_is_an_overlap_and_none_is_not(begins, out_step, step):
    memory = np.arange(100.0)
    f, out = (memory[begin:begin + 50] for begin in begins)
    got = kernels.differentiate(f[::step], (), None, 1, None, (out[::out_step],))
    assert (got is None) == (49 in begins)


@pytest.mark.parametrize("step", [1, -1, 2, -2, 3])
@pytest.mark.parametrize("out_step", [1, 2, 3, -1, -2])
@pytest.mark.parametrize("dtype", ["f4", "f8", "longdouble", "c8", "c16"])
def test_any_step_into_any_other(dtype, step, out_step):
    random = np.random.default_rng(0)
    f = random.standard_normal((5, 40 * abs(step))).astype(dtype)[:, ::step]
    x = [np.cumsum(random.random(n) + 0.1) for n in f.shape]
    own = x if f.dtype.kind == "c" else [coordinates.astype(dtype) for coordinates in x]
    whole = filled((2, 5, 40 * abs(out_step)), dtype)
    out = whole[:, :, ::out_step]
    for spacing in (), (0.3,), tuple(x), tuple(own):
        out[...] = 77
        assert kernels.differentiate(f, spacing, None, 1, None, tuple(out)) is not None
        assert_holds(out, np.gradient(f, *spacing))
        out[...] = 77
        cgrad.gradient(f, *spacing, out=out)
        assert_holds(out, np.gradient(f, *spacing))
        cgrad.gradient(f[1], *spacing[-1:], out=out[0, 1])
        assert_holds(out[0, 1:2], [np.gradient(f[1], *spacing[-1:])])
    between = np.ones(whole.shape[-1], bool)
    between[::out_step] = False
    assert (whole[:, :, between] == 77).all()


def test_a_list_of_results_is_read_once():
    class Changing(list):
        def __iter__(self):
            yield from self[:]
            self[:] = [None]

    result = np.empty(5, "f4")
    assert cgrad.gradient(np.arange(5, dtype="f4"), out=Changing([result])) is result
    assert result.tolist() == [1.0] * 5
