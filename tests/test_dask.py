"""Dask arrays: lazy, chunk by chunk, and to the bit what the whole array gives in memory."""

import decimal
import fractions
import os
import pickle
import subprocess
import sys
import textwrap
import warnings

import calls
import drawn
import fuzz
import hypothesis
import numpy as np
import oracle
import pytest
from hypothesis import strategies as st

import cgrad

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")


def chunks_of(source, length):
    """Draw chunks of an axis: mostly short and irregular, now and then one without rows."""
    chunks = []
    while sum(chunks) < length:
        left = length - sum(chunks)
        chunks.append(min(left, source.choice([1, 1, 2, 3, 4, 5, left, (left + 1) // 2])))
    if not chunks or source.integer(0, 9) == 0:
        chunks.insert(source.integer(0, len(chunks)), 0)
    return tuple(chunks)


def in_chunks(source, array):
    """Make a Dask array of an array."""
    return da.from_array(array, chunks=tuple(chunks_of(source, n) for n in array.shape))


def as_coordinates(source, spacing):
    """Make a Dask array of one spacing in two, where its values decide about no error."""
    if not isinstance(spacing, np.ndarray | np.generic) or spacing.dtype.kind not in "iufc":
        return spacing
    return in_chunks(source, np.asarray(spacing)) if source.integer(0, 1) else spacing


def outcome(function, args, kwargs):
    """Return the results of a call as a tuple, or the type and text of the error."""
    try:
        # Events and what complex spacings lose are told of elsewhere, if at all.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            result = function(*args, **kwargs)
    except Exception as error:
        return type(error), str(error)
    return result


def compute(arrays, scheduler="synchronous"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        return dask.compute(*arrays, scheduler=scheduler)


def is_drawn_for_dask(f):
    """Tell whether Dask can have such data in chunks, and not in too many."""
    return (f.size < 700 and max(f.shape, default=0) < 100 and f.dtype.kind not in "OMU"
            and not isinstance(f, np.ma.MaskedArray))


def compare(source, note=lambda drawn: None):
    """Compare a drawn call with the one in memory; tell whether there was anything to compare."""
    call = calls.call(source)
    f, spacings = np.asanyarray(call.args[0]), call.args[1:]
    if not is_drawn_for_dask(f):
        return False
    lazy_f = in_chunks(source, f)
    lazy = spacings if f.dtype.kind == "b" else tuple(as_coordinates(source, x) for x in spacings)
    note((f, lazy_f.chunks, spacings, lazy, call.kwargs))
    expected = outcome(np.gradient, (f, *spacings), call.kwargs)
    got = outcome(cgrad.gradient, (lazy_f, *lazy), call.kwargs)
    if isinstance(expected, tuple) and expected and isinstance(expected[0], type):
        assert got == expected
        return True
    assert type(got) is (tuple if isinstance(expected, tuple) else da.Array)
    if not isinstance(expected, tuple):
        expected, got = (expected,), (got,)
    for want, lazily, array in zip(expected, got, compute(got), strict=True):
        assert type(array) is type(lazily._meta) is np.ndarray
        assert lazily.chunks == lazy_f.chunks
        assert array.dtype == lazily.dtype == lazily._meta.dtype == want.dtype
        assert oracle.bits(array) == oracle.bits(want)
    return True


@hypothesis.settings(max_examples=100, deadline=None, print_blob=True,
                     suppress_health_check=[hypothesis.HealthCheck.filter_too_much])
@hypothesis.given(st.data())
def test_any_chunks_give_the_bits_and_errors_of_the_call_in_memory(data):
    hypothesis.assume(compare(drawn.Drawn(data), hypothesis.note))


def test_random_calls_give_the_bits_and_errors_of_the_calls_in_memory():
    assert sum(compare(fuzz.Random(seed)) for seed in range(1500)) > 1000


SHAPE, CHUNKS = (23, 18), ((1, 7, 5, 1, 9), (6, 6, 6))


def field(dtype="f8", shape=SHAPE, chunks=CHUNKS):
    """Return noise, in memory and as a Dask array."""
    f = (np.random.default_rng(0).standard_normal(shape) * 50).astype(dtype)
    return f, da.from_array(f, chunks=chunks)


def assert_same(got, expected, scheduler="synchronous"):
    for array, want in zip(dask.compute(*got, scheduler=scheduler), expected, strict=True):
        assert array.dtype == want.dtype
        assert oracle.bits(array) == oracle.bits(want)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("first", range(18))
def test_coordinates_that_are_even_within_chunks_and_uneven_in_all(first, edge_order):
    f, lazy = field()
    # Even before and after, so wherever the chunks are, some are even by themselves.
    x = np.arange(18) * 0.1
    x = np.round(x, 1) if first % 2 else np.arange(18.0)
    x[first:] += 3
    assert_same(cgrad.gradient(lazy, 0.3, x, edge_order=edge_order),
                np.gradient(f, 0.3, x, edge_order=edge_order))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i2", "M8[s]", "m8[s]"])
def test_coordinates_of_any_type(dtype):
    f, lazy = field("m8[s]" if dtype in ("M8[s]", "m8[s]") else "f4")
    for x in (np.arange(23), np.arange(23) // 9 * 5 + np.arange(23)):
        x = x.astype(dtype)
        expected = outcome(np.gradient, (f, x), {"axis": 0})
        for given in (x, da.from_array(x, chunks=5)):
            got = outcome(cgrad.gradient, (lazy, given), {"axis": 0})
            if isinstance(expected, tuple):
                # Of times that Dask has to compute, it depends on values what may be divided.
                is_late = isinstance(got, da.Array) and isinstance(given, da.Array)
                assert (outcome(got.compute, (), {}) if is_late else got) == expected
            else:
                assert_same([got], [expected])


def test_coordinates_of_python_objects_and_masked_ones():
    f, lazy = field()
    x = np.array([fractions.Fraction(i * i + 1, 3) for i in range(23)])
    masked = np.ma.masked_array(np.arange(23.0) ** 2, mask=False)
    for coordinates in (x, masked):
        got = cgrad.gradient(lazy, coordinates, axis=0)
        assert got.chunks == lazy.chunks
        assert_same([got], [np.gradient(f, coordinates, axis=0)])
    assert_same([cgrad.gradient(lazy, da.from_array(x, chunks=4), axis=0)],
                [np.gradient(f, x, axis=0)])


def test_coordinates_that_know_no_floats():
    f = np.array([decimal.Decimal(i * i) for i in range(12)])
    x = np.array([decimal.Decimal(i + i // 7) for i in range(12)])
    lazy = da.from_array(f, chunks=4)
    for coordinates in (x, da.from_array(x, chunks=5)):
        assert_same([cgrad.gradient(lazy, coordinates)], [np.gradient(f, x)])


def test_each_chunk_is_differentiated_along_all_axes_in_one_call(monkeypatch):
    from cgrad import _dask

    sizes = []

    def counted(f, *args, **kwargs):
        sizes.append((f.size, kwargs["axis"]))
        return cgrad.gradient(f, *args, **kwargs)

    monkeypatch.setattr(_dask, "gradient", counted)
    f, lazy = field("f4", (40, 40, 40), (20, 20, 20))
    x = np.cumsum(np.random.default_rng(1).random(40))
    assert_same(cgrad.gradient(lazy, 0.3, x, x), np.gradient(f, 0.3, x, x))
    assert [axis for size, axis in sizes if size >= 8000] == [(0, 1, 2)] * 8
    assert max(size for size, _ in sizes if size != 8000) <= 5 * 20 * 20


def test_two_samples_at_infinity_with_an_order_that_numpy_takes_for_2():
    x = np.array([np.inf, np.inf])
    args, kwargs = (np.ones(2), x), {"edge_order": 0}
    lazy = da.from_array(args[0], chunks=1), x
    assert outcome(cgrad.gradient, lazy, kwargs) == outcome(np.gradient, args, kwargs)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_every_scheduler_gives_the_same(scheduler):
    f, lazy = field("f4")
    x = np.cumsum(np.random.default_rng(1).random(18))
    for workers in (None, 2, -1):
        got = cgrad.gradient(
            lazy, 0.3, da.from_array(x, chunks=5), edge_order=2, workers=workers)
        assert_same(got, np.gradient(f, 0.3, x, edge_order=2), scheduler)


def test_data_in_memory_with_lazy_coordinates_is_one_chunk():
    f, _ = field()
    x = np.cumsum(np.random.default_rng(1).random(23))
    for given in (f, f.tolist()):
        got = cgrad.gradient(given, da.from_array(x, chunks=5), axis=0)
        assert got.chunks == ((23,), (18,))
        assert_same([got], [np.gradient(f, x, axis=0)])


def fail(block_id=None):
    raise AssertionError(f"block {block_id} was computed")


def untouchable(shape=(20, 20), chunks=(5, 5), dtype="f8"):
    """Return a Dask array that fails if any block is computed."""
    chunks = da.core.normalize_chunks(chunks, shape)
    return da.map_blocks(fail, chunks=chunks, dtype=dtype, meta=np.empty((0,) * len(shape), dtype))


BAD = {
    "axis": ((), {"axis": 2}),
    "axes": ((), {"axis": (0, -2)}),
    "too many spacings": ((1.0, 2.0, 3.0), {}),
    "one coordinate": ((np.arange(20.0),), {}),
    "length": ((1.0, np.arange(19.0)), {}),
    "lazy length": ((1.0, da.arange(21.0, chunks=3)), {}),
    "dimensions": ((1.0, da.ones((20, 20))), {}),
    "edge order": ((), {"edge_order": 3}),
    "type": (("a",), {}),
    "keyword": ((), {"edge_order": None}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_call_raises_numpys_error_at_once_and_computes_nothing(name):
    args, kwargs = BAD[name]
    in_memory = [np.asarray(x) if isinstance(x, da.Array) else x for x in args]
    expected = outcome(np.gradient, (np.ones((20, 20)), *in_memory), kwargs)
    assert isinstance(expected[0], type)
    assert outcome(cgrad.gradient, (untouchable(), *args), kwargs) == expected


@pytest.mark.parametrize(("shape", "dtype", "order"), [
    ((1, 20), "f8", 1), ((2, 20), "f8", 2), ((0, 20), "f8", 1), ((20, 20), "?", 1),
    ((20, 20), "U3", 1)])
def test_bad_data_raises_numpys_error_at_once_and_computes_nothing(shape, dtype, order):
    expected = outcome(np.gradient, (np.zeros(shape, dtype),), {"edge_order": order})
    lazy = untouchable(shape, 1, dtype)
    assert outcome(cgrad.gradient, (lazy,), {"edge_order": order}) == expected


def test_a_good_call_computes_nothing():
    x = untouchable((20,), 7)
    down, across = cgrad.gradient(untouchable(), 2.0, x, edge_order=2)
    assert down.shape == across.shape == (20, 20)
    with pytest.raises(AssertionError, match="was computed"):
        down.compute(scheduler="synchronous")


def test_each_chunk_is_read_once_for_all_axes():
    read = []

    def block(block_id=None):
        read.append(block_id)
        return np.ones((5, 6, 4))

    f = da.map_blocks(block, chunks=((5,) * 3, (6,) * 2, (4,) * 3), dtype="f8",
                      meta=np.empty((0, 0, 0)))
    dask.compute(*cgrad.gradient(f), scheduler="synchronous")
    assert sorted(read) == sorted(np.ndindex(3, 2, 3))


def test_rows_that_others_need_are_copied():
    from cgrad._dask import copy_rows

    block = np.arange(20.0).reshape(4, 5)
    rows = copy_rows(((0, 0, 1), (1, 4, 5)), block)
    assert [array.base for array in rows.values()] == [None, None]
    assert [array.tolist() for array in rows.values()] == [
        [[0.0, 1.0, 2.0, 3.0, 4.0]], [[4.0], [9.0], [14.0], [19.0]]]


def as_list(result):
    return [result] if isinstance(result, da.Array) else list(result)


def number_of_tasks(arrays):
    return len(set().union(*(dict(array.__dask_graph__()) for array in arrays)))


@pytest.mark.parametrize("chunks", [(64, 64, 64), (16, 64, 64), (64, 64, 16), (32, 32, 32),
                                    (16, 32, 16), (4, 64, 8)])
@pytest.mark.parametrize("axis", [None, 0, (1, 2)])
def test_there_are_no_more_tasks_than_dasks_own(chunks, axis):
    f = da.ones((64, 64, 64), chunks=chunks)
    ours = as_list(cgrad.gradient(f, 0.5, axis=axis))
    theirs = as_list(da.gradient(f, 0.5, axis=axis))
    assert number_of_tasks(ours) <= number_of_tasks(theirs)
    assert number_of_tasks(dask.optimize(*ours)) <= number_of_tasks(dask.optimize(*theirs))


def test_equal_calls_have_equal_names_and_others_have_others():
    _, f = field()
    x = np.arange(18.0) ** 2
    calls = [((f,), {}), ((f,), {"axis": 0}), ((f,), {"edge_order": 2}), ((f, 2.0), {}),
             ((f, 2.0, x), {}), ((f, 2.0, x + 1), {}), ((f, x), {"axis": 1})]
    names = [
        tuple(array.name for array in as_list(cgrad.gradient(*args, **kwargs)))
        for args, kwargs in calls * 2]
    assert names[:len(calls)] == names[len(calls):]
    assert len(set(names)) == len(calls)


def test_lazy_results_can_be_pickled():
    f, lazy = field()
    assert_same(pickle.loads(pickle.dumps(cgrad.gradient(lazy))), np.gradient(f))


def test_no_axes_give_an_empty_tuple():
    assert cgrad.gradient(untouchable(), axis=()) == ()
    assert cgrad.gradient(da.from_array(np.array(3.0))) == ()


def test_chunks_of_unknown_sizes_are_refused_with_advice():
    f = da.from_array(np.arange(10.0), chunks=5)
    unknown = f[f > 3]
    for args in ((unknown,), (np.arange(6.0), unknown)):
        with pytest.raises(ValueError, match=r"known sizes.*compute_chunk_sizes"):
            cgrad.gradient(*args)


def test_given_arrays_are_refused():
    with pytest.raises(TypeError, match="out: expected None for Dask arrays"):
        cgrad.gradient(untouchable(), out=np.empty((2, 20, 20)))
    with pytest.raises(TypeError, match="out: expected None for Dask arrays"):
        cgrad.gradient(np.ones(20), untouchable((20,), 5), out=np.empty(20))


def test_no_warnings_come_from_differences_at_the_ends_of_chunks():
    # Central differences are 0, one-sided ones overflow.
    f = np.resize([1.7e308, 0.0], 20)
    f[[0, 1, -1, -2]] = 0.0
    assert_same([cgrad.gradient(da.from_array(f, chunks=4), 0.5)], [np.gradient(f, 0.5)])


def test_other_containers_are_left_to_dask():
    f = np.ma.masked_array(np.arange(12.0) ** 2, mask=np.arange(12) == 5)
    lazy = da.from_array(f, chunks=6)
    assert cgrad.gradient(lazy, axis=0).name == da.gradient(lazy, axis=0).name


def run(code, **variables):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False,
        cwd="/", timeout=120, env={**os.environ, **variables})


def test_neither_an_import_nor_a_call_that_numpy_answers_imports_dask():
    done = run("""
        import sys, numpy as np, cgrad
        cgrad.gradient(np.ones(5))
        cgrad.gradient(np.ma.masked_array([1.0, 2.0, 4.0]))
        print([name for name in sys.modules if name.startswith(("dask", "cgrad._dask"))])
        """)
    assert done.stdout == "[]\n", done.stderr


def test_query_planning_of_arrays_is_refused_as_by_dask_itself():
    done = run("""
        import dask.array as da, cgrad
        try:
            cgrad.gradient(da.ones(5))
        except NotImplementedError as error:
            print(error)
        """, DASK_ARRAY__QUERY_PLANNING="True")
    assert "without query planning" in done.stdout, done.stderr


def test_a_duck_array_beside_a_dask_array_is_asked_as_numpy_asks_it():
    class Duck:
        def __array_function__(self, function, types, args, kwargs):
            return "the duck's answer"

    coordinates = da.arange(4)
    assert np.gradient(Duck(), coordinates) == "the duck's answer"
    assert cgrad.gradient(Duck(), coordinates) == "the duck's answer"


def test_coordinates_that_change_later_change_nothing():
    x = np.array([0.0, 1.0, 3.0, 4.0])
    slopes = cgrad.gradient(da.arange(4.0, chunks=2), x)
    expected = np.gradient(np.arange(4.0), x)
    x[:] = 0
    assert np.array_equal(slopes.compute(), expected)


def test_query_planning_is_refused_with_what_to_do(monkeypatch):
    f = da.ones(4)
    monkeypatch.setattr(da.Array, "expr", None, raising=False)
    with pytest.raises(NotImplementedError, match=r"array\.query-planning off"):
        cgrad.gradient(f)


def test_masked_blocks_get_dasks_gradient_even_where_numpys_name_is_ours(monkeypatch):
    f = da.ma.masked_greater(da.arange(8.0, chunks=4), 6)
    expected = np.gradient(f, axis=0).compute()
    monkeypatch.setattr(np, "gradient", cgrad.gradient)
    got = cgrad.gradient(f, axis=0).compute()
    assert np.ma.getmaskarray(got).tolist() == np.ma.getmaskarray(expected).tolist()
    assert np.array_equal(got.filled(0), expected.filled(0))
