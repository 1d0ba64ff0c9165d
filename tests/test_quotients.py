"""Quotients are those of a division, also where there is another operation in place of it.

`quotients.h` takes rows of float64, or of float32 over a float64, with AVX2 and AVX-512. That of a
float32 over a float64 may be one over a float32, or a product with one: `simplify_divisions`.
"""

import contextlib
import ctypes
import sys

import numpy as np
import oracle
import pytest

import cgrad
from cgrad._simd import kernels

ORDINARY = 300                    # numbers of a row, enough for a long one
LONG = 3000                       # and for one of float32 whose quotients are bounded
TINY, HUGE = np.finfo("f8").smallest_subnormal, np.finfo("f8").max
# Bits of x86's MXCSR: rounding; subnormal numbers that are read, or come out, are zero; and events.
DOWN, UP, TO_ZERO = 1 << 13, 2 << 13, 3 << 13
READS_ZERO, GIVES_ZERO = 1 << 6, 1 << 15
EVENTS = 0x3F
X86 = pytest.mark.skipif(
    sys.platform != "linux" or not kernels.simd_levels(), reason="x86 on Linux")


def environment():
    """Return the floating-point environment: x87's, and MXCSR at its end."""
    seen = (ctypes.c_uint32 * 8)()
    assert ctypes.CDLL(None).fegetenv(seen) == 0
    return seen


@contextlib.contextmanager
def mode(bits):
    """Set bits of MXCSR for a while."""
    before, changed = environment(), environment()
    changed[7] |= bits
    assert ctypes.CDLL(None).fesetenv(changed) == 0
    try:
        yield
        after = environment()
    finally:
        assert ctypes.CDLL(None).fesetenv(before) == 0
    assert after[7] & ~EVENTS == changed[7] & ~EVENTS


def data(differences, step=1):
    """Return f whose interior differences along the first axis are these, and 0 before them."""
    f = np.zeros((3, len(differences)), differences.dtype)
    f[2] = differences
    return f[:, ::step]


def arguments(differences, divisor, step=1):
    """Return those of the call that divides them; 2 h, by which it does, is the divisor."""
    return data(differences, step), np.float64(divisor) / 2


def quotients(gradient, differences, divisor, step=1):
    """Return the differences divided."""
    return quotients_of(gradient, data(differences, step), divisor)


def quotients_of(gradient, f, divisor):
    """Return those of the interior of three planes."""
    return gradient(f, np.float64(divisor) / 2, axis=0)[1]


def near_middles(random, count, bits=53):
    """Return dividends and a divisor whose quotients are as near as can be to where rounding turns.

    With m the middle of two numbers of so many bits, so odd with one more, x 2^bits = m a + d for a
    small odd d.
    """
    a = int(random.integers(2**(bits - 1), 2**bits)) | 1
    inverse = pow(a, -1, 2**(bits + 1))
    x = []
    for d in range(1, 2 * count, 2):
        for sign in (1, -1):
            m = -sign * d * inverse % 2**(bits + 1)
            dividend, rest = divmod(m * a + sign * d, 2**bits)
            # If dividend has more bits than a number has, it is no number unless they are 0.
            unit = 2 ** max(dividend.bit_length() - bits, 0)
            if m >= 2**bits and not rest and not dividend % unit:
                x.append(float(dividend))
    return np.array(x), float(a)


@pytest.mark.parametrize("step", [1, -1])
def test_quotients_next_to_where_rounding_turns(step):
    random = np.random.default_rng(1)
    turned = 0
    for _ in range(200):
        x, a = near_middles(random, 400)
        assert len(x) > ORDINARY
        x *= np.exp2(random.integers(-60, 60, len(x))) * random.choice([1.0, -1.0], len(x))
        a *= 2.0 ** random.integers(-101, -4)
        expected = quotients(np.gradient, x, a, step)
        assert quotients(cgrad.gradient, x, a, step).tobytes() == expected.tobytes()
        turned += (x[::step] * (1 / a) != expected).sum()
        # And where some corrections are too small.
        x = np.ldexp(x, random.integers(-1014, -950))
        expected = quotients(np.gradient, x, a, step)
        assert quotients(cgrad.gradient, x, a, step).tobytes() == expected.tobytes()
    # And a multiplication alone is often off.
    assert turned > 10_000


def planes(x, count=LONG):
    """Return f with these differences along its first axis, and so many others at random."""
    random = np.random.default_rng(len(x))
    f = np.zeros((3, count), "f4")
    f[2] = random.random(count) - 0.5
    f[2, random.permutation(count)[:len(x)]] = x
    return f


def test_floats_over_a_double_next_to_where_rounding_turns():
    random = np.random.default_rng(9)
    turned = 0
    for _ in range(200):
        middles = random.integers(2**24, 2**25, 40) | 1
        x = random.integers(2**23, 2**24, 40).astype("f8")
        # Their quotients by these are middles but for rounding, or a unit in the last place away.
        divisors = x / middles
        divisors += np.spacing(divisors) * random.integers(-1, 2, 40)
        for k in range(40):
            f = planes(x[k:k + 1] * random.choice([1, -1]) * 2.0**-24)
            scaled = divisors[k] * 2.0 ** random.integers(-30, 30)
            expected = quotients_of(np.gradient, f, scaled)
            got = quotients_of(cgrad.gradient, f, scaled)
            assert got.tobytes() == expected.tobytes()
            turned += (f[2] * np.float32(1 / scaled) != expected).sum()
    # And a multiplication alone is often off.
    assert turned > 100_000


@pytest.mark.parametrize("edge_order", [1, 2])
def test_floats_over_floats_next_to_where_rounding_turns(edge_order):
    random = np.random.default_rng(7)
    for _ in range(300):
        x, a = near_middles(random, 2000, bits=24)
        assert len(x) > 1000
        x *= np.exp2(random.integers(-60, 60, len(x))) * random.choice([1.0, -1.0], len(x))
        # So that some quotients are subnormal, and others too large.
        a *= 2.0 ** random.integers(-90, 60)
        f, h = arguments(x.astype("f4"), a)
        assert (f[2] == x).all()
        with np.errstate(all="ignore"):
            oracle.assert_same(cgrad.gradient, (f, h), {"edge_order": edge_order})
            oracle.assert_same(cgrad.gradient, (f[2], h), {"edge_order": edge_order})


@pytest.mark.parametrize("edge_order", [1, 2])
def test_floats_over_what_is_next_to_the_reciprocal_of_a_float(edge_order):
    random = np.random.default_rng(8)
    turned = 0
    for z in (3, 5, 7, 11, 25, 49, 125, 625, 1001, *random.integers(2**23, 2**24, 5)):
        a = 1 / float(z)
        for divisor in (a, *(a + k * np.spacing(a) for k in (-2, -1, 1, 2)), -a):
            # Products that are in the middle of two floats, as far as there are any.
            x = (random.integers(2**23, 2**24, 3000) * 2 + 1) // z * np.float64(2.0)**-20
            x = np.concatenate([x, random.integers(2**23, 2**24, 3000)]).astype("f4")
            f, h = arguments(x, divisor)
            oracle.assert_same(cgrad.gradient, (f, h), {"axis": 0, "edge_order": edge_order})
            oracle.assert_same(cgrad.gradient, (f, h), {"axis": 1, "edge_order": edge_order})
            oracle.assert_same(cgrad.gradient, (x, h), {"edge_order": edge_order})
            turned += (np.gradient(f, h, axis=0)[1] != x * np.float32(1 / divisor)).sum()
    assert turned > 1000


@pytest.mark.parametrize("events", ["ignore", "raise"])
@pytest.mark.parametrize(("dtype", "step"), [("f8", 1), ("f8", -1), ("f4", 1)])
def test_numbers_of_every_size(dtype, step, events):
    random = np.random.default_rng(2)
    for exponent in range(*{"f8": (-1074, 1024), "f4": (-149, 128)}[dtype]):
        for a in (random.random() + 1, 0.6 * 2.0 ** random.integers(-52, 52),
                  0.6 * 2.0 ** random.integers(-1000, 1000),
                  0.75 * 2.0 ** random.integers(-130, 130),
                  0.2 * 2.0 ** random.integers(-130, 130)):
            x = random.random(ORDINARY).astype(dtype) - 0.5
            at = random.integers(ORDINARY, size=random.integers(1, 3))
            x[at] = np.ldexp(random.random(len(at)) + 1, exponent) * random.choice([1, -1])
            oracle.assert_same(
                cgrad.gradient, arguments(x, a, step), {"axis": 0}, all=events)
            if dtype == "f4":
                oracle.assert_same(
                    cgrad.gradient, (planes(x), np.float64(a) / 2), {"axis": 0}, all=events)


@pytest.mark.parametrize("special", [
    0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, TINY, -TINY, 2.0**-1022, 2.0**-1022 - TINY,
    HUGE, -HUGE, HUGE / 3, 2.0**-970, 2.0**-1022 * 3,
    # And of float32.
    2.0**-149, 2.0**-126, 2.0**-126 - 2.0**-149, 2.0**128 - 2.0**104,
])
@pytest.mark.parametrize("divisor", [
    0.6, -0.6, 3.0, 1 / 3, 0.2, 1e-15, 1e15, 2.0**1023, 1e-300, 1e300,
    2.0**-126 + 2.0**-149, TINY, HUGE, np.inf, np.nan,
    0.0, -0.0,
])
def test_one_special_number_among_ordinary_ones_anywhere(special, divisor):
    for place in range(0, ORDINARY, 7):
        for dtype, step in (("f8", 1), ("f8", -1), ("f4", 1)):
            x = np.random.default_rng(place).random(ORDINARY).astype(dtype) - 0.5
            with np.errstate(all="ignore"):
                x[place] = special
            for events in ("ignore", "raise"):
                oracle.assert_same(
                    cgrad.gradient, arguments(x, divisor, step), {"axis": 0}, all=events)
        for events in ("ignore", "raise"):
            oracle.assert_same(
                cgrad.gradient, (planes(x), np.float64(divisor) / 2), {"axis": 0}, all=events)


@pytest.mark.parametrize(("dtype", "special"), [
    *((dtype, x) for dtype in ("f8", "f4") for x in (np.inf, -np.inf, np.nan, -0.0)),
    ("f8", 3 * TINY), ("f8", 2.0**-1000), ("f4", 3 * 2.0**-149), ("f4", 2.0**-110),
])
def test_what_a_division_does_not_note_is_not_noted(dtype, special):
    x = np.random.default_rng(3).random(ORDINARY).astype(dtype)
    x[100] = special
    # Three of the smallest numbers over 0.75 are four; over 0.74 they would be rounded.
    smallest = np.finfo(dtype).smallest_subnormal
    for divisor in (0.75, 0.75 if special == 3 * smallest else 0.74):
        for f in (data(x), planes(x)) if dtype == "f4" else (data(x),):
            expected = quotients_of(np.gradient, f, divisor)
            with np.errstate(all="raise"):
                got = kernels.differentiate(f, (np.float64(divisor) / 2,), 0, 1)
            assert got is not None
            assert got[1].tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_the_payload_of_nan_is_kept(dtype):
    x = np.random.default_rng(4).random(ORDINARY).astype(dtype)
    payloads, size = np.arange(10) + 0x123, x.itemsize * 8
    quiet = {"f8": 0x7FF8 << 48, "f4": 0x7FC0 << 16}[dtype]
    x.view(f"u{x.itemsize}")[50:60] = quiet + payloads
    x.view(f"u{x.itemsize}")[70:80] = (quiet + payloads).astype("u8") | 1 << size - 1
    for divisor in (0.75, 0.74, 0.6):
        for f in (data(x), planes(x)) if dtype == "f4" else (data(x),):
            expected = quotients_of(np.gradient, f, divisor)
            assert quotients_of(cgrad.gradient, f, divisor).tobytes() == expected.tobytes()


@pytest.mark.parametrize(("x", "a"), [
    ("-0x1.0000000000006p-1022", "0x1.9c7a3a6f35b44p-132"),
    ("-0x1.0000000004000p-1022", "0x1.2fb83b5e79529p-248"),
    ("0x1.0000001000000p-1022", "0x1.49c3b4e9c44f1p-105"),
    ("-0x1.477f74057b2c6p-1022", "0x1.6e23fb14a1354p-586"),
])
@pytest.mark.parametrize("step", [1, -1])
def test_rows_whose_corrections_are_too_small_for_any_number(x, a, step):
    x, a = np.full(ORDINARY, float.fromhex(x)), float.fromhex(a)
    expected = quotients(np.gradient, x, a, step)
    assert quotients(cgrad.gradient, x, a, step).tobytes() == expected.tobytes()


@X86
@pytest.mark.parametrize("bits", [
    DOWN, UP, TO_ZERO, READS_ZERO, GIVES_ZERO, READS_ZERO | GIVES_ZERO, 0,
])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_modes_of_the_caller_are_kept(dtype, bits):
    random = np.random.default_rng(5)
    # Quotients that are not rounded, or subnormal, and numbers that are, or whose correction is.
    smallest = {"f8": -1030, "f4": -140}[dtype]
    rows = [
        np.where(np.arange(ORDINARY) % 3, random.random(ORDINARY) - 0.5, 2.25),
        np.where(np.arange(ORDINARY) % 3, random.random(ORDINARY) - 0.5, -2.25),
        np.full(ORDINARY, 1.5 * np.finfo(dtype).smallest_normal),
        *(np.ldexp(random.random(ORDINARY) + 1, exponent)
          for exponent in range(smallest, smallest + 80)),
    ]
    for a in (0.75, 0.6 * 2.0**-20, 1.9, 3.0, 0.2):
        with mode(bits), np.errstate(all="ignore"):
            for x in rows:
                row = x.astype(dtype)
                for f in (data(row), planes(row)) if dtype == "f4" else (data(row),):
                    expected = quotients_of(np.gradient, f, a)
                    assert quotients_of(cgrad.gradient, f, a).tobytes() == expected.tobytes()


@X86
def test_the_mode_that_is_set_here_rounds_otherwise():
    x = np.random.default_rng(6).random(ORDINARY)
    to_nearest = quotients(np.gradient, x, 0.75)
    with mode(UP):
        upward = quotients(np.gradient, x, 0.75)
    assert (upward >= to_nearest).all()
    assert (upward != to_nearest).any()
