"""The accessor ``.cgrad`` gives what xarray's ``differentiate`` gives, to the bit."""

import doctest
import warnings

import hypothesis
import hypothesis.strategies as st
import numpy as np
import oracle
import pytest

xr = pytest.importorskip("xarray")

import cgrad  # noqa: E402
from cgrad import xarray as ours  # noqa: E402

CALENDAR = "noleap"
KINDS = ["uneven", "even", "integer", "decreasing", "float32", "M8[ns]", "M8[s]", "m8[us]", "none"]
DTYPES = ["f8", "f4", "f2", "c16", "i4", "u1", ">f8", "?"]


def along(kind, n, random):
    """Return n coordinates of a kind; None where a dimension shall have none."""
    steps = np.cumsum(random.random(n) + 0.01)
    if kind == "even":
        return np.arange(n) * 0.25
    if kind == "integer":
        return np.cumsum(random.integers(1, 5, n))
    if kind == "decreasing":
        return -steps
    if kind == "float32":
        return steps.astype("f4")
    if kind.startswith("M8"):
        return np.datetime64("2026-03-01", "ns").astype(kind) + (steps * 1e6).astype(kind.lower())
    if kind.startswith("m8"):
        return (steps * 1e6).astype(kind)
    return None if kind == "none" else steps


def values(shape, dtype, random):
    drawn = random.standard_normal(shape) * 40
    if dtype == "u1":
        drawn = abs(drawn)
    return (drawn + 1j * drawn[::-1] if dtype == "c16" else drawn).astype(dtype)


@st.composite
def arrays(draw):
    """Draw a DataArray with coordinates of all kinds, also beside those of its dimensions."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dims = ["t", "y", "x"][:draw(st.integers(1, 3))]
    shape = tuple(draw(st.integers(1, 7)) for _ in dims)
    coords = {}
    for dim, n in zip(dims, shape, strict=True):
        coordinates = along(draw(st.sampled_from(KINDS)), n, random)
        if coordinates is not None:
            coords[dim] = (dim, coordinates, {"long_name": dim})
    coords["beside"] = (dims[-1], along("uneven", shape[-1], random))
    coords["above"] = 7.5
    data = values(shape, draw(st.sampled_from(DTYPES)), random)
    array = xr.DataArray(data, coords, dims, "field", {"units": "K"})
    return array.transpose(*draw(st.permutations(dims)))


def describe(result):
    """Return all bits of an xarray object's data."""
    if isinstance(result, xr.Dataset):
        return {name: oracle.describe(array.data) for name, array in result.data_vars.items()}
    return oracle.describe(result.data)


def outcome(function):
    """Return what a function gave, or what it raised, and the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function()
            seen = describe(result)
        except Exception as error:
            result, seen = None, (type(error), str(error))
    return result, seen, [(warning.category, str(warning.message)) for warning in caught]


def assert_same(obj, coord, **options):
    expected, *seen = outcome(lambda: obj.differentiate(coord, **options))
    got, *seen_here = outcome(lambda: obj.cgrad.differentiate(coord, **options))
    assert seen_here == seen
    assert type(got) is type(expected)
    if expected is not None:
        xr.testing.assert_identical(got, expected)
        assert got.encoding == expected.encoding
        assert list(got.coords) == list(expected.coords)


def dataset():
    random = np.random.default_rng(5)
    return xr.Dataset(
        {
            "wind": (("t", "y", "x"), random.random((6, 5, 4)), {"units": "m/s"}),
            "names": ("band", list("abc")),
            "relief": (("x", "y"), random.random((4, 5)).astype("f4")),
            "since": ("t", along("M8[ns]", 6, random)),
            "pressure": ("t", along("decreasing", 6, random), {"units": "hPa"}),
            "number": ((), 3.5),
        },
        {
            "t": along("M8[s]", 6, random), "y": along("uneven", 5, random),
            "x": ("x", np.arange(4) * 0.5, {"units": "m"}),
            "area": (("y", "x"), random.random((5, 4))), "station": ("y", list("vwxyz")),
        },
        {"source": "drawn by lot"})


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(array=arrays(), edge_order=st.sampled_from([1, 2]),
                  unit=st.sampled_from([None, None, "D", "ms"]), data=st.data())
def test_any_array_along_any_coordinate(array, edge_order, unit, data):
    coord = data.draw(st.sampled_from([*array.dims, "beside"]))
    assert_same(array, coord, edge_order=edge_order, datetime_unit=unit)


@pytest.mark.parametrize("unit", [None, "h"])
@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("coord", ["t", "y", "x", "pressure", "since"])
def test_datasets(coord, edge_order, unit):
    assert_same(dataset(), coord, edge_order=edge_order, datetime_unit=unit)


@pytest.mark.parametrize("dtype", ["M8[ns]", "m8[s]", "O", "U3"])
def test_data_that_are_no_numbers(dtype):
    data = np.array([4, 1, 1, 8, 3]).astype(dtype)
    assert_same(xr.DataArray(data, {"x": np.arange(5.0) ** 2}, "x"), "x")


def test_extension_arrays():
    pandas = pytest.importorskip("pandas")
    data = pandas.array([4, 1, 1, 8, 3], dtype="Int64")
    assert_same(xr.Dataset({"count": ("x", data)}, {"x": np.arange(5.0) ** 2}), "x")


@pytest.mark.parametrize("coord", ["t", "y", "x"])
def test_a_coordinate_along_itself(coord):
    assert_same(dataset()[coord], coord)


@pytest.mark.parametrize(("coord", "options"), [
    ("nowhere", {}), ("area", {}), ("above", {}), ("station", {}), ("x", {"edge_order": 3}),
    ("short", {}), ("t", {"datetime_unit": "Y"}), ("t", {"datetime_unit": "parsec"}),
    (("x", "y"), {}),
], ids=str)
@pytest.mark.parametrize("kind", ["array", "dataset"])
def test_errors_are_those_of_xarray(kind, coord, options):
    obj = dataset().assign_coords(above=7.5, short=("one", [1.0])).drop_vars(["names"])
    obj["wind"] = obj.wind.expand_dims("one")
    obj = obj.wind if kind == "array" else obj
    _, (kind_of_error, *_), _ = outcome(lambda: obj.differentiate(coord, **options))
    assert issubclass(kind_of_error, Exception)
    assert_same(obj, coord, **options)


@hypothesis.settings(max_examples=100, deadline=None)
@hypothesis.given(array=arrays(), edge_order=st.sampled_from([1, 2]))
def test_several_coordinates_give_what_each_gives(array, edge_order):
    hypothesis.assume(min(array.shape) > edge_order and array.dtype != bool)
    coords = [*array.dims[::-1], "beside"]
    with np.errstate(all="ignore"):
        results = array.cgrad.gradient(coords, edge_order)
        assert list(results) == coords
        for coord, got in results.items():
            expected = array.differentiate(coord, edge_order)
            xr.testing.assert_identical(got, expected)
            assert describe(got) == describe(expected)


@pytest.mark.parametrize("coords", [["t", "y", "x"], ["x", "pressure"], ["y", "since"]], ids=str)
def test_several_coordinates_of_a_dataset(coords):
    results = dataset().cgrad.gradient(coords, datetime_unit="h")
    assert list(results) == coords
    for coord, got in results.items():
        expected = dataset().differentiate(coord, datetime_unit="h")
        xr.testing.assert_identical(got, expected)
        assert describe(got) == describe(expected)


@pytest.fixture
def axes_of_calls(monkeypatch):
    """Keep the axes of each call that computes."""
    axes = []

    def note(f, *args, **kwargs):
        axes.append(kwargs["axis"])
        return cgrad.gradient(f, *args, **kwargs)

    monkeypatch.setattr(ours, "gradient_of_array", note)
    return axes


def test_several_coordinates_take_one_pass(axes_of_calls):
    dataset().drop_vars("y").cgrad.gradient(["x", "t", "y", "x"])
    assert sorted(axes_of_calls, key=str) == [(0, 1), (2, 0, 1), 0]     # relief, wind, pressure


def test_it_works_while_numpys_gradient_is_replaced(monkeypatch):
    expected = dataset().differentiate("y")
    monkeypatch.setattr(np, "gradient", cgrad.gradient)
    xr.testing.assert_identical(dataset().cgrad.differentiate("y"), expected)


def test_stand_ins_do_nothing_else():
    with pytest.raises(TypeError, match="no implementation found"):
        np.sum(ours._StandIn((3,), np.dtype("f8")))


def test_by_default_all_dimensions_that_have_a_coordinate():
    wind = dataset().wind.drop_vars("y")
    assert list(wind.cgrad.gradient()) == ["t", "x"]
    assert list(wind.to_dataset().cgrad.gradient()) == ["t", "x"]
    assert wind.isel(t=0, y=0, x=0).cgrad.gradient() == {}


def test_one_name_may_stand_alone():
    xr.testing.assert_identical(
        dataset().wind.cgrad.gradient("x")["x"], dataset().wind.differentiate("x"))


@pytest.mark.parametrize("option", [True, False])
def test_attributes_are_kept_on_request(option):
    before = dataset()
    for coord, got in dataset().cgrad.gradient(["t", "y"], keep_attrs=True).items():
        assert got.attrs == before.attrs
        for name in before.variables:
            assert got[name].attrs == before[name].attrs
        with xr.set_options(keep_attrs=option):
            xr.testing.assert_identical(
                dataset().cgrad.differentiate(coord), before.differentiate(coord))
    assert dataset().wind.cgrad.differentiate("x", keep_attrs=True).attrs == {"units": "m/s"}
    xr.testing.assert_identical(before, dataset())


def test_the_original_is_left_alone():
    obj = dataset()
    data = obj.wind.data
    obj.cgrad.gradient(keep_attrs=True)["x"]["wind"].attrs["units"] = "1/s"
    xr.testing.assert_identical(obj, dataset())
    assert obj.wind.data is data


@pytest.mark.parametrize("unit", [None, "D", "h", "us"])
def test_times_of_other_calendars(unit):
    cftime = pytest.importorskip("cftime")
    days = [1, 3, 4, 9, 20, 28]
    times = [cftime.datetime(2001, 2, day, calendar=CALENDAR) for day in days]
    obj = dataset().assign_coords(t=times)
    obj["since"] = ("t", times[::-1])
    assert_same(obj, "t", datetime_unit=unit)
    assert_same(obj.wind, "t", datetime_unit=unit)
    for coord, got in obj.cgrad.gradient(datetime_unit=unit).items():
        xr.testing.assert_identical(got, obj.differentiate(coord, datetime_unit=unit))


def test_data_that_are_not_loaded_yet_are_loaded_once_and_only_if_asked_for():
    class OnDisk(xr.backends.BackendArray):
        def __init__(self, array):
            self.array, self.shape, self.dtype, self.reads = array, array.shape, array.dtype, 0

        def __getitem__(self, key):
            self.reads += 1
            return self.array[key.tuple]

    from xarray.core.indexing import LazilyIndexedArray
    files = [OnDisk(dataset().wind.values), OnDisk(dataset().relief.values)]
    lazy = dataset().assign(
        wind=(("t", "y", "x"), LazilyIndexedArray(files[0])),
        relief=(("x", "y"), LazilyIndexedArray(files[1])))
    results = lazy[["wind", "relief"]].cgrad.gradient(["t"])
    assert [file.reads for file in files] == [1, 0]
    lazy.cgrad.gradient(["t", "y", "x"])
    assert [file.reads for file in files] == [2, 1]
    xr.testing.assert_equal(results["t"], dataset()[["wind", "relief"]].differentiate("t"))


def no_scheduler(*args, **kwargs):
    raise AssertionError("computed")


@pytest.mark.parametrize("chunks", [{}, {"x": 2}, {"t": 2, "y": (1, 4)}, 1], ids=str)
@pytest.mark.parametrize("edge_order", [1, 2])
def test_dask_arrays_stay_lazy_and_give_the_same_bits(chunks, edge_order, axes_of_calls):
    dask = pytest.importorskip("dask")
    dask_array = pytest.importorskip("dask.array")
    obj = dataset().assign_coords(beside=("x", [0.0, 0.1, 0.3, 0.6])).chunk(chunks)
    coords = ["t", "y", "beside"]
    with dask.config.set(scheduler=no_scheduler):
        results = obj.wind.cgrad.gradient(coords, edge_order)
    assert axes_of_calls == [(0, 1, 2)]
    for coord, got in results.items():
        assert isinstance(got.data, dask_array.Array)
        expected = dataset().wind.assign_coords(beside=obj.beside.compute())
        expected = expected.differentiate(coord, edge_order)
        xr.testing.assert_identical(got.compute(), expected)
        assert oracle.bits(got.data.compute()) == oracle.bits(expected.data)


@pytest.mark.parametrize("coords", [["t", "y", "x"], ["x"]], ids=str)
def test_units_go_as_far_as_in_xarray(coords):
    pytest.importorskip("pint_xarray")
    quantities = dataset().drop_vars(["names", "since"]).pint.quantify(
        {"wind": "m/s", "relief": "km", "number": "s", "pressure": "hPa"})
    for coord, got in quantities.cgrad.gradient(coords).items():
        expected = quantities.differentiate(coord)
        xr.testing.assert_identical(got, expected)
        for name in ["wind", "relief"]:
            assert type(got[name].data) is type(expected[name].data)
            assert got[name].pint.units == expected[name].pint.units
            assert oracle.bits(got[name].pint.magnitude) == oracle.bits(
                expected[name].pint.magnitude)


class OfAnotherDevice:
    """An array with a namespace of its own, which is all that xarray asks for."""

    def __init__(self, values):
        self.values, self.shape, self.ndim, self.dtype = (
            values, values.shape, values.ndim, values.dtype)

    def __array_namespace__(self):
        return OfAnotherDevice

    @staticmethod
    def gradient(f, along, axis, edge_order):
        return OfAnotherDevice(np.gradient(f.values, along, axis=axis, edge_order=edge_order))


def test_arrays_with_a_namespace_of_their_own_are_answered_by_it():
    array = dataset().wind.copy(data=OfAnotherDevice(dataset().wind.values))
    for coord, got in array.cgrad.gradient(["y", "x"], 2).items():
        assert type(got.data) is OfAnotherDevice
        assert bytes(got.data.values) == bytes(dataset().wind.differentiate(coord, 2).values)


def test_dtypes_that_are_not_of_numpy_get_the_error_of_xarray():
    data = OfAnotherDevice(dataset().wind.values)
    data.dtype = object()
    assert_same(dataset().wind.copy(data=data), "x")


def test_arrays_of_jax_are_refused_by_it_as_in_xarray():
    jax = pytest.importorskip("jax.numpy")
    array = dataset().wind.copy(data=jax.asarray(dataset().wind.values))
    for function in (array.differentiate, array.cgrad.differentiate):
        with pytest.raises(NotImplementedError, match="edge_order"):
            function("x")


def test_the_examples():
    failed, attempted = doctest.testmod(ours)
    assert attempted > 3
    assert failed == 0
