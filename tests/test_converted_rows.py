"""Data that is converted, by rows (see `run_by_rows`) and by boxes (see copies.pxi)."""

import ctypes
import itertools
import mmap
import platform
import sys

import numpy as np
import oracle
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import cgrad
from cgrad._simd import kernels

# Rows that have room in that memory, and some that have not, for any of the types.
SHAPES = [(9, 130), (9, 1300), (3, 4200), (5, 4, 700), (4, 5, 6, 70)]


@pytest.fixture(autouse=True, params=[0, 2**62], ids=["by rows", "by boxes"])
def way(request):
    before = kernels.rows_from(request.param)
    yield
    kernels.rows_from(before)


def numbers(shape, dtype):
    """Make data, complex where it can be, in an array and as part of a larger one."""
    random = np.random.default_rng(0)
    whole = random.standard_normal([n + 4 for n in shape]) * 100
    if np.dtype(dtype).kind == "c":
        whole = whole + 1j * random.standard_normal(whole.shape)
    with np.errstate(invalid="ignore"):       # an event on some machines: negative to unsigned
        whole = whole.astype(dtype)
    part = whole[tuple(slice(2, -2) for _ in shape)]
    return part.copy(), part


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "dtype", ["i1", "i4", "u8", "f2", ">f2", ">f4", ">f8", ">c8", ">c16", ">G"])
def test_results_are_numpys(shape, dtype):
    random = np.random.default_rng(1)
    coordinates = tuple(np.cumsum(random.random(n) + 0.1) for n in shape)
    for f, order in itertools.product(numbers(shape, dtype), (1, 2)):
        for spacing, axis in (((0.3,), None), (coordinates, None), (coordinates[:1], 0)):
            assert kernels.differentiate(f, spacing, axis, order) is not None
            oracle.assert_same(
                cgrad.gradient, (f, *spacing), {"axis": axis, "edge_order": order})


@pytest.mark.parametrize("length", [64, 512, 513, 2100])
@pytest.mark.parametrize(
    "dtype", ["u1", "i8", "f2", ">f4", ">f8", ">c8", ">c16", ">G"])
def test_rows_that_are_read_once_find_their_neighbours(dtype, length):
    wide = numbers((7, 2 * length), dtype)[0]
    coordinates = np.cumsum(np.random.default_rng(1).random(7) + 0.1)
    for f in wide[:, :length].copy(), wide[:, length:], wide[:, ::2], wide[:, length::-1]:
        for spacing, order in itertools.product((1, 0.3, coordinates), (1, 2)):
            assert kernels.differentiate(f, (spacing,), 0, order) is not None
            oracle.assert_same(
                cgrad.gradient, (f, spacing), {"axis": 0, "edge_order": order})
            expected = np.gradient(f, spacing, axis=0, edge_order=order)
            out = np.empty((*f.shape, 2), expected.dtype)[..., 0]
            kernels.differentiate(f, (spacing,), 0, order, None, (out,))
            assert oracle.describe(out.copy()) == oracle.describe(expected)


@pytest.mark.parametrize("dtype", ["i2", "f2", "f4", "f8", ">f8", "g", "c8", "c16"])
@pytest.mark.parametrize("before", ["u1", "u1,u2", "u1,u4", "u1,f8"])
def test_fields_of_packed_records_lie_any_number_of_bytes_apart(before, dtype):
    records = np.zeros((30, 40), f"{before},{dtype}")
    f = records[records.dtype.names[-1]]
    f[...] = numbers(f.shape, dtype)[0]
    for view in f, f[::-1, ::3], f.T:
        assert kernels.differentiate(view, (0.3,), None, 1) is not None
        oracle.assert_same(cgrad.gradient, (view, 0.3), {})


@pytest.mark.parametrize("dtype", ["i2", "u2", "i4", "i8", "f4", "f8"])
@pytest.mark.parametrize("step", [1, 3, -1])
def test_numbers_may_share_bytes(step, dtype):
    room = np.random.default_rng(3).integers(0, 64, 4000, "u1")
    f = np.ndarray((30, 40), dtype, room, offset=2000, strides=(41, step))
    for spacing in (), (0.3,):
        with np.errstate(all="ignore"):
            assert kernels.differentiate(f, spacing, None, 1) is not None
        oracle.assert_same(cgrad.gradient, (f, *spacing), {}, invalid="ignore", over="ignore",
                           under="ignore")


@pytest.mark.parametrize("dtype", ["f8,c16", "f4,c8", "f8,(4,)c16", "f4,(4,)c8"])
def test_complex_numbers_that_are_aligned_but_not_whole_numbers_apart(dtype):
    f = np.zeros(30, dtype)["f1"]
    f[...] = numbers(f.shape, f.dtype)[0]
    assert f.flags.aligned
    assert any(stride % f.itemsize for stride in f.strides)
    assert kernels.differentiate(f, (0.3,), None, 1) is not None
    oracle.assert_same(cgrad.gradient, (f, 0.3), {})


@pytest.mark.parametrize("shape", [(3,), (5000,), (3, 4), (40, 3), (5, 70), (9, 1300), (4, 5, 70)])
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8",
                                   ">i2", ">u2", ">i4", ">i8"])
def test_integers_of_any_size_are_differentiated_over_their_whole_range(dtype, shape):
    random = np.random.default_rng(4)
    limits = np.iinfo(dtype)
    f = random.integers(limits.min, limits.max, shape, dtype=limits.dtype.newbyteorder("="),
                        endpoint=True).astype(dtype)
    # Multiplied, by one and by another power of two, and divided.
    for view, spacing, order in itertools.product((f, f.T, f[::-1]), ((), (0.25,), (3,)), (1, 2)):
        assert kernels.differentiate(view, spacing, None, order) is not None
        oracle.assert_same(cgrad.gradient, (view, *spacing), {"edge_order": order})


@pytest.mark.parametrize(
    "shape", [(3,), (7,), (5000,), (3, 4), (40, 3), (5, 70), (9, 1300), (4, 5, 70)])
@pytest.mark.parametrize("spacing", [
    (), (0.25,), (-2,), (3,), (np.float16(0.5),), (np.float32(4),), (np.float64(2),)])
def test_halves_are_differentiated_over_their_whole_range(spacing, shape):
    # Infinities, the largest, the smallest, and NaN of every kind.
    f = np.random.default_rng(5).integers(0, 2**16, shape, "u2").view("f2")
    # Half of their difference is a number again, but the difference is none.
    f.flat[:3] = -65504, 0, 65504
    for view, order in itertools.product((f, f.T, f[::-1], f[..., ::-1]), (1, 2)):
        with np.errstate(all="ignore"):
            assert kernels.differentiate(view, spacing, None, order) is not None
        oracle.assert_same(cgrad.gradient, (view, *spacing), {"edge_order": order},
                           invalid="ignore", over="ignore", under="ignore")


@pytest.fixture
def subnormal_numbers_flushed():
    """Have the processor take subnormal numbers for zero, as libraries with -ffast-math do."""
    if platform.machine() != "x86_64" or sys.platform != "linux":
        pytest.skip("the instructions are those of Linux on x86-64")
    # mov dword ptr [rsp - 8], edi; ldmxcsr dword ptr [rsp - 8]; ret
    protection = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    with mmap.mmap(-1, mmap.PAGESIZE, prot=protection) as code:
        code.write(bytes.fromhex("897c24f8 0fae5424f8 c3"))
        place = ctypes.c_char.from_buffer(code)
        set_state = ctypes.CFUNCTYPE(None, ctypes.c_uint)(ctypes.addressof(place))
        set_state(0x1F80 | 0x8040)
        yield
        set_state(0x1F80)
        del place


@pytest.mark.usefixtures("subnormal_numbers_flushed")
@pytest.mark.parametrize("n", [3, 7, 40, 5000])
def test_subnormal_halves_are_halves_where_subnormal_floats_are_zero(n):
    assert np.float32(1e-40) * np.float32(1) == 0
    f = (np.arange(n) % 32).astype("u2") ** 2
    oracle.assert_same(cgrad.gradient, (f.view("f2"),), {}, under="ignore")
    oracle.assert_same(cgrad.gradient, (f.view("f2").astype("f4"),), {}, under="ignore")


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2"])
@pytest.mark.parametrize("order", [1, 2])
def test_rows_of_any_length_are_written_to_their_ends_and_no_further(order, dtype):
    for n in range(3, 70):
        f = numbers((3, n), dtype)[1]
        expected = np.gradient(f, edge_order=order)
        around = [np.full((5, n + 2), 7, result.dtype) for result in expected]
        out = tuple(memory[1:-1, 1:-1] for memory in around)
        assert kernels.differentiate(f, (), None, order, None, out) is not None
        for memory, result, of_numpy in zip(around, out, expected, strict=True):
            assert result.tobytes() == of_numpy.tobytes()
            result[...] = 7
            assert (memory == 7).all()


@pytest.mark.parametrize("dtype", ["u2", "i8", "f2", ">f8", ">c16"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_windows_that_slide_share_their_rows(axis, dtype):
    # Two axes then have one stride, and the next row of one is the next point of the other.
    f = np.moveaxis(sliding_window_view(numbers((9, 40), dtype)[0], 4, axis=0), -1, axis)
    for spacing, order in itertools.product(((), (0.3,)), (1, 2)):
        assert kernels.differentiate(f, spacing, None, order) is not None
        oracle.assert_same(cgrad.gradient, (f, *spacing), {"edge_order": order})


@pytest.mark.parametrize("dtype", ["i8", "u8"])
def test_integers_of_64_bits_become_the_nearest_double(dtype):
    random = np.random.default_rng(2)
    kind = np.dtype(dtype)
    # Of every length in bits, and what lies beside halfway between doubles.
    numbers = [random.integers(0, 2**64, 4096, dtype="u8") >> np.uint64(k) for k in range(64)]
    halves = (random.integers(2**52, 2**53, 4096, dtype="u8") * 2 + 1) << random.integers(
        0, 11, 4096, dtype="u8")
    numbers += [halves, halves - 1, halves + 1, np.array([0, 2**63 - 1, 2**63, 2**64 - 1], "u8")]
    numbers = np.concatenate(numbers)
    numbers = np.concatenate([numbers, -numbers]).view(kind)
    # Beside 0 the differences at the edges are the numbers themselves.
    f = np.stack([np.zeros_like(numbers), numbers])
    swapped = f.astype(kind.newbyteorder())     # which are loaded from a dense row
    for layout in (f, np.repeat(f, 2, axis=1)[:, ::2], f[::-1, ::-1], swapped):
        got = kernels.differentiate(layout, (), 0, 1)
        assert oracle.describe(got) == oracle.describe(np.gradient(layout, axis=0))
