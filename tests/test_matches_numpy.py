"""Every call answers what NumPy answers, to the bit, warnings and errors included."""

import itertools

import calls
import drawn
import fuzz
import hypothesis
import numpy as np
import oracle
import pytest
from hypothesis import strategies as st

import cgrad
from cgrad._simd import kernels as _kernels


@hypothesis.settings(max_examples=1500, deadline=None, print_blob=True)
@hypothesis.given(st.data())
def test_any_call_does_what_numpy_does(data):
    call = calls.call(drawn.Drawn(data))
    hypothesis.note(call)
    oracle.assert_same(cgrad.gradient, call.args, call.kwargs, **call.state)


def test_random_calls_differ_in_nothing_and_many_are_compiled():
    kinds, different = fuzz.compare(range(8000))
    assert different == []
    assert kinds["compiled"] > 2500


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("dtype", [*calls.NUMBERS])
@pytest.mark.parametrize("spacing", ["none", "float", "float64", "float32", "coordinates"])
def test_sizes_on_either_side_of_every_limit_of_the_kernels(dtype, spacing, edge_order):
    random = np.random.default_rng(1)
    for n in [2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 511, 512, 513, 514, 1025, 4095, 4097, 8195]:
        if n < edge_order + 1:
            continue
        with np.errstate(invalid="ignore"):       # an event on some machines: negative to unsigned
            f = (random.standard_normal(n) * 50).astype(dtype)
        h = {
            "none": (),
            "float": (0.74,),
            "float64": (np.float64(0.74),),
            "float32": (np.float32(0.74),),
            "coordinates": (np.cumsum(random.random(n) + 0.01),),
        }[spacing]
        assert _kernels.differentiate(f, h, None, edge_order) is not None
        oracle.assert_same(cgrad.gradient, (f, *h), {"edge_order": edge_order})


# NumPy makes results like a copy that it has converted, where it converts: integers, not bools.
@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
@pytest.mark.parametrize("dtype", ["f8", "i4", "?"])
def test_axes_of_one_point_lie_in_results_where_they_lie_in_numpys(dtype, order):
    shape = np.array([1, 3, 3, 2])
    f = np.ones(shape[list(order)], dtype).transpose(np.argsort(order))[..., :1]
    oracle.assert_same(cgrad.gradient, (f, [0, 1, 3]), {"axis": 1, "edge_order": 2})


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "longdouble"])
@pytest.mark.parametrize("x", [[0, np.nan], [0, 1, 3], [0, np.inf, np.inf], [0, 1, 3, 3]])
def test_coordinates_of_the_fewest_points(dtype, x):
    f = np.random.default_rng(0).random(len(x)).astype(dtype)
    for edge_order in 1, 2:
        oracle.assert_same(
            cgrad.gradient, (f, np.array(x, dtype)), {"edge_order": edge_order})


# Coordinates are looked at 512 steps at a time; the last may be one alone.
@pytest.mark.parametrize(("step", "n"), [
    *((step, 1500) for step in (0, 1, 510, 511, 512, 513, 1023, 1024, 1498)), (512, 514),
    (1024, 1026)])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "longdouble", "i2", "i8"])
def test_coordinates_of_which_one_step_differs_are_uneven(dtype, step, n):
    x = np.arange(n)
    x[step + 1:] += 1
    f = np.random.default_rng(0).random(n)
    oracle.assert_same(cgrad.gradient, (f, x.astype(dtype)), {})
    if np.dtype(dtype).kind == "f":
        # As little as can be.
        x = np.arange(n).astype(dtype)
        x[step + 1] = np.nextafter(x[step + 1], x.dtype.type(np.inf))
        oracle.assert_same(cgrad.gradient, (f, x), {})


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "longdouble"])
def test_steps_that_round_to_the_same_are_even(dtype):
    x = np.arange(0, 60, 3).astype(dtype)
    x[0] = -np.finfo(dtype).eps / 4
    assert x[0] < 0
    f = np.random.default_rng(0).random(20)
    for data in f, f.astype(dtype):
        for coordinates in x, -x[::-1]:
            oracle.assert_same(cgrad.gradient, (data, coordinates), {})


# Coefficients are worked out for 512 points at a time, and kept for all n points of an axis if
# n <= size // 512.
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "longdouble", "c8", "i4"])
def test_coefficients_of_more_points_than_are_worked_out_at_a_time(dtype):
    random = np.random.default_rng(0)
    f = (random.random((513, 1100)) * 100).astype(dtype)
    x = [np.cumsum(random.random(n) + 0.1) for n in f.shape]
    oracle.assert_same(cgrad.gradient, (f, *x), {})
    oracle.assert_same(cgrad.gradient, (f.T, *x[::-1]), {})


def test_coefficients_of_an_axis_whose_points_lie_far_apart():
    random = np.random.default_rng(0)
    f = np.zeros((1100, 40_000))[:, ::10_000]             # of which little is touched
    f[...] = random.random(f.shape)
    x = np.cumsum(random.random(1100) + 0.1)
    oracle.assert_same(cgrad.gradient, (f, x), {"axis": 0})
    oracle.assert_same(cgrad.gradient, (f[::-1], x), {"axis": 0})


# Below 2048 points in all, they are kept for all n points as well.
@pytest.mark.parametrize("dtype", ["f2", "f8", "longdouble", "c8", "i4"])
@pytest.mark.parametrize("shape", [(600,), (2047,), (2048,), (2049,), (2, 1023), (1024, 2),
                                   (2, 1025), (2, 600, 1)])
def test_coefficients_of_small_data(shape, dtype):
    random = np.random.default_rng(0)
    f = (random.random(shape) * 100).astype(dtype)
    axes = tuple(d for d in range(f.ndim) if f.shape[d] > 1)
    x = [np.cumsum(random.random(f.shape[d]) + 0.1) for d in axes]
    oracle.assert_same(cgrad.gradient, (f, *x), {"axis": axes})
    oracle.assert_same(cgrad.gradient, (f[::-1], *x), {"axis": axes, "edge_order": 2})


# In one dimension 1536 of those that kernels cannot read where they lie are brought together.
@pytest.mark.parametrize("n", [3, 4, 5, 600, 1537, 1538, 2047, 2048, 3074, 3075, 70_000])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
@pytest.mark.parametrize("place", [
    lambda x: np.stack([x, x, x], 1)[:, 1], lambda x: np.stack([x, x], 1)[::-1, 0],
    lambda x: x[::-1], lambda x: (10 * x).astype("i8"), lambda x: (10 * x).astype("u4"),
    lambda x: np.stack([x, x], 1).astype("f4")[:, 0],
], ids=["column", "column backward", "backward", "i8", "u4", "float32 column"])
def test_coordinates_in_one_dimension_are_read_wherever_they_lie(place, dtype, n):
    random = np.random.default_rng(n)
    x = place(np.cumsum(random.random(n) + 0.1))
    f = (random.random((n, 2)) * 100).astype(dtype)
    for data, edge_order in itertools.product((f[:, 0].copy(), f[:, 1], f[::-1, 1]), (1, 2)):
        if n > edge_order:
            assert _kernels.differentiate(data, (x,), None, edge_order) is not None
            oracle.assert_same(cgrad.gradient, (data, x), {"edge_order": edge_order})
            # So many that they share what was brought together, too.
            for workers in 2, 40:
                with cgrad.set_workers(workers):
                    oracle.assert_same(cgrad.gradient, (data, x), {"edge_order": edge_order})


@pytest.mark.parametrize("shape", [(9000, 3), (3, 9000), (2, 5000, 2), (90, 91), (20, 30, 25),
                                   (1, 70, 1, 80), (13, 12, 11, 10), (2,) * 12,
                                   # Of several blocks for each step along the slower axes.
                                   (3, 40_000), (3, 190, 180), (2, 2, 180, 190), (2, 3, 40_000)])
@pytest.mark.parametrize("order", ["C", "F", "reversed", "rolled"])
@pytest.mark.parametrize("even", [True, False])
def test_shapes_that_are_walked_in_blocks(shape, order, even):
    random = np.random.default_rng(2)
    f = random.standard_normal(shape)
    if order == "F":
        f = np.asfortranarray(f)
    elif order == "reversed":
        f = f[tuple(slice(None, None, -1) for _ in shape)]
    elif order == "rolled":
        f = f.transpose(*range(1, f.ndim), 0)
    axes = tuple(d for d in range(f.ndim) if f.shape[d] > 1)
    h = [0.3 if even else np.cumsum(random.random(f.shape[d]) + 0.01) for d in axes]
    oracle.assert_same(cgrad.gradient, (f, *h), {"axis": axes})
    for axis, spacing in zip(axes, h, strict=True):
        oracle.assert_same(cgrad.gradient, (f, spacing), {"axis": axis})


@pytest.mark.parametrize("spacing", [1, 1.0, 0.5, 0.74, np.float64(0.74), np.float32(0.74),
                                     np.int8(3), np.uint16(3), np.int32(3), np.uint64(3)])
@pytest.mark.parametrize("edge_order", [1, 2])
def test_float32_is_computed_in_the_precision_that_nep_50_gives(spacing, edge_order):
    f = np.random.default_rng(3).standard_normal((40, 40)).astype("f4")
    assert _kernels.differentiate(f, (spacing,), None, edge_order) is not None
    oracle.assert_same(cgrad.gradient, (f, spacing), {"edge_order": edge_order})


def test_integers_above_2_to_the_53_round_before_they_are_subtracted():
    f = np.array([2**62, 2**62 + 1, 2**62 + 513, 2**53 + 1, 2**53 + 3, -(2**63)], "i8")
    oracle.assert_same(cgrad.gradient, (f,), {})


@pytest.mark.parametrize("spacing", [
    np.int64(2**53 + 1), np.uint64(2**63 + 1), np.longlong(-(2**62) + 1), 2**53 + 1])
@pytest.mark.parametrize("dtype", ["f4", "f8", "g"])
def test_integer_spacings_that_double_does_not_hold(dtype, spacing):
    f = np.random.default_rng(5).standard_normal(9).astype(dtype)
    for edge_order in 1, 2:
        oracle.assert_same(cgrad.gradient, (f, spacing), {"edge_order": edge_order})


@pytest.mark.parametrize("n", [3, 600])
def test_powers_of_two_are_multiplied_and_round_as_a_division_does(n):
    random = np.random.default_rng(4)
    for exponent in range(-1074, 1024):
        f = np.ldexp(random.standard_normal(n), random.integers(-1070, 1000, n))
        single = np.ldexp(random.standard_normal(n), random.integers(-148, 126, n)).astype("f4")
        oracle.assert_same(cgrad.gradient, (f, 2.0**exponent), {}, all="ignore")
        oracle.assert_same(cgrad.gradient, (single, 2.0**exponent), {}, all="ignore")


@pytest.mark.parametrize("state", [{}, {"all": "ignore"}], ids=["default", "ignore"])
def test_spacings_that_halves_round_to_a_power_of_two_divide_edges_too(state):
    # Between the smallest halves, 2 h and h are not rounded to two and one of something.
    f = (np.arange(8) * 2.0**-20).astype("f2")
    for exponent in range(-28, 18):
        for mantissa in 1.0, 1.1, 1.25, 1.49, 1.5, 1.75, 1.99:
            for sign in 1, -1:
                h = sign * mantissa * 2.0**exponent
                oracle.assert_same(cgrad.gradient, (f, h), {}, **state)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("code", [*np.typecodes["All"].replace("V", "").replace("c", "")])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "c8", "i4"])
def test_arrays_without_dimensions_are_spacings_of_any_type(dtype, code, order):
    spacing = np.array(2).astype(code)
    spacing = spacing.astype(spacing.dtype.newbyteorder(order))
    oracle.assert_same(cgrad.gradient, (np.arange(12.0).astype(dtype), spacing), {})
    oracle.assert_same(cgrad.gradient, (np.ones((3, 4), dtype), 0.5, spacing), {})


@pytest.mark.parametrize("args", [
    ([np.array([1, 2, 4], object), np.array([3, 5, 9], object)],),
    ([np.array(["2001", "2002"], "M8[Y]"), np.array(["2004", "2009"], "M8[Y]")],),
    (np.arange(3.0), np.array([1, 2, 4], object)),
    (np.arange(3.0), np.array([1, 2, 4], ">m8[s]")),
], ids=["objects in a list", "times in a list", "objects", "swapped durations"])
def test_other_types_within_lists_and_coordinates_are_left_to_numpy(args):
    assert _kernels.differentiate(args[0], args[1:], None, 1) is None
    oracle.assert_same(cgrad.gradient, args, {})


def test_an_array_with_dtype_metadata_keeps_it():
    f = np.arange(5.0).astype(np.dtype("f8", metadata={"unit": "m"}))
    oracle.assert_same(cgrad.gradient, (f,), {})


# Results of integers lie as a converted copy of them would, whose axes NumPy sorts twice.
@pytest.mark.parametrize("lengths", [(2, 3, 4), (1, 2, 3)], ids=["longer axes", "and of one point"])
@pytest.mark.parametrize("dtype", ["u1", "i4"])
def test_results_of_integers_lie_as_numpys_whatever_strides_they_have(dtype, lengths):
    random = np.random.default_rng(0)
    numbers = np.arange(4000).astype(dtype)
    for _ in range(2000):
        shape = random.choice(lengths, random.integers(2, 5))
        strides = numbers.itemsize * random.choice(
            [0, 1, 2, 3, 4, 6, 8, 12, 24, -1, -2, -3, -4, -6, -12], len(shape))
        f = np.lib.stride_tricks.as_strided(numbers[2000:], shape, strides)
        axes = tuple(axis for axis, n in enumerate(f.shape) if n > 1)
        if axes:
            assert _kernels.differentiate(f, (), axes, 1) is not None
            oracle.assert_same(cgrad.gradient, (f,), {"axis": axes})
