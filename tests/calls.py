"""Random calls of gradient, good and bad, from any source of choices.

A source has ``choice(options)`` and ``integer(low, high)``, both ends included:
hypothesis drives one in the test suite, a plain generator in ``fuzz.py``.
"""

import dataclasses

import numpy as np

FLOATS = ["f2", "f4", "f8", "longdouble"]
COMPLEX = ["c8", "c16", "clongdouble"]
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "longlong", "ulonglong"]
NUMBERS = [*FLOATS, *COMPLEX, *INTEGERS]
OTHERS = ["?", "M8[D]", "m8[s]", "O", "U3"]
PLAIN_LAYOUTS = [
    "C", "C", "F", "sliced", "reversed", "transposed", "broadcast", "readonly", "offset",
    "unaligned", "swapped", "woven", "woven",
]
LAYOUTS = [*PLAIN_LAYOUTS, "masked", "list"]
SPECIALS = [
    np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1e-310, 1e-40, 1.7e308, -1.7e308, 3e38, 1e-38,
]
STATES = ["warn", "warn", "ignore", "raise"]


@dataclasses.dataclass
class Call:
    """The arguments of a call, and the `numpy.errstate` that it is made in."""

    args: tuple
    kwargs: dict
    state: dict


def shape(source, plain):
    """Mostly lengths around 0 to 3; sometimes longer than a loaded row or a block."""
    kind = source.integer(0, 19)
    if kind == 0:
        return (source.choice([511, 513, 1027, 4097, 9001]),)
    if kind == 1:
        return source.choice([(70, 71), (3, 1500), (1500, 3), (18, 17, 19), (5, 6, 7, 8), (2,) * 9,
                              (150, 91), (60, 24, 35), (6, 33), (33, 6), (5, 700)])
    shortest, longest = (2 + plain, 3) if kind < 10 else (2 * plain, 9)
    ndim = source.choice([1, 1, 1, 2, 2, 3, 4] if plain else [0, 1, 1, 2, 3])
    return tuple(source.integer(min(shortest, longest), longest) for _ in range(ndim))


def values(source, size, dtype):
    """Draw ordinary numbers of some magnitude, often with specials among them."""
    random = np.random.default_rng(source.integer(0, 2**32 - 1))
    dtype = np.dtype(dtype)
    with np.errstate(all="ignore"):
        if dtype.kind in "iu" and source.integer(0, 2) == 0:
            low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
            return random.integers(low, high, size, dtype=dtype, endpoint=True)
        scale = source.choice([1.0, 1.0, 100.0, 1e-3, 1e5, 1e30, 1e-30, 1e-308, 1e300])
        numbers = random.standard_normal(size) * scale
        if source.integer(0, 3) == 0:
            numbers = np.round(random.standard_normal(size) * 3)
        if size and source.integer(0, 3) == 0:
            where = random.integers(0, size, source.integer(1, 4))
            numbers[where] = random.choice(SPECIALS, len(where))
        if dtype.kind in "iuMmUO?":
            numbers = np.nan_to_num(numbers % 120)
        if dtype.kind == "M":
            return numbers.astype("i8").astype(dtype)
        if dtype.kind == "c":
            return (numbers + 1j * numbers[::-1]).astype(dtype)
        return numbers.astype(dtype)


def laid_out(source, layout, shape, dtype):
    """Return data of a shape with a layout in memory."""
    if layout == "broadcast" and shape:
        thin = tuple(source.choice([1, length]) for length in shape)
        return np.broadcast_to(values(source, int(np.prod(thin)), dtype).reshape(thin), shape)
    if layout == "woven" and shape:
        # The axes in any order in memory, each with any step.
        order = list(range(len(shape)))
        for d in range(len(order) - 1, 0, -1):
            other = source.integer(0, d)
            order[d], order[other] = order[other], order[d]
        wide = tuple(2 * shape[d] for d in order)
        array = values(source, int(np.prod(wide)), dtype).reshape(wide)
        steps = [source.choice([slice(None, None, 2), slice(None, None, -2), slice(0, shape[d])])
                 for d in order]
        return array[tuple(steps)].transpose(np.argsort(order))
    if layout == "sliced":
        wide = tuple(2 * length + 1 for length in shape)
        array = values(source, int(np.prod(wide)), dtype).reshape(wide)
        return array[tuple(slice(1, None, 2) for _ in shape)]
    array = values(source, int(np.prod(shape)), dtype).reshape(shape)
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "reversed":
        return array[tuple(slice(None, None, source.choice([1, -1])) for _ in shape)]
    if layout == "transposed":
        return array.reshape(shape[::-1]).T
    if layout == "unaligned":
        memory = np.zeros(array.nbytes + 1, "u1")[1:].view(array.dtype)
        memory[:] = array.reshape(-1)
        return memory.reshape(shape)
    if layout == "swapped":
        return array.astype(array.dtype.newbyteorder())
    if layout == "readonly":
        array.flags.writeable = False
    if layout == "offset":
        memory = np.empty(array.size + 3, array.dtype)
        memory[3:] = array.reshape(-1)
        return memory[3:].reshape(shape)
    if layout == "masked":
        return np.ma.masked_array(array, mask=(np.arange(array.size) % 3 == 1).reshape(shape))
    if layout == "list":
        return array.tolist()
    return array


def data(source, plain):
    """Draw f: plain data is of a kind that is compiled."""
    dtype = source.choice([*FLOATS, "f4", "f8", *COMPLEX, source.choice(INTEGERS)] if plain
                          else [*NUMBERS, *OTHERS, "?", "?"])
    layout = "C" if dtype == "O" else source.choice(PLAIN_LAYOUTS if plain else LAYOUTS)
    return laid_out(source, layout, shape(source, plain), dtype)


def scalar(source):
    """Draw one spacing for all points of an axis, now and then a bad one."""
    number = source.choice([
        1.0, 2.0, 0.5, 0.1, 0.74, -3.3, 1e-3, 1e5, 4.0, 2.0**-100, 2.0**100, 1e-40, 3e38, 1e39,
        2.0**-1030, 2.0**1022, 1e308, 5e-324, 0.0, -0.0, np.inf, -np.inf, np.nan,
    ])
    kind = source.integer(0, 9)
    if kind <= 3:
        return number
    with np.errstate(all="ignore"):
        if kind <= 5:
            return source.choice([*FLOATS, "f8", "?"]), number
        if kind == 6:
            return np.asarray(number).astype(source.choice(
                ["f8", "f4", ">f8", "O", *FLOATS, *COMPLEX, "?", source.choice(INTEGERS)]))
    if kind == 7:
        return source.choice([1, 2, 3, -7, 0, 2**53, 2**53 + 1, 2**70, 10**400, True, False])
    if kind == 8:
        return source.choice(INTEGERS), source.choice([1, 2, 3, 7, 100, 0])
    return source.choice([1j, 2 + 1j, "a", None, np.timedelta64(2, "s"), np.bool_(True), 1.5, 2.5])


def as_scalar(drawn):
    """Make a NumPy scalar of a drawn (type, number); anything else stays as it is."""
    if isinstance(drawn, tuple):
        with np.errstate(all="ignore"):
            return np.dtype(drawn[0]).type(drawn[1])
    return drawn


def coordinates(source, n):
    """Draw n coordinates: mostly uneven and increasing, else one of the awkward kinds."""
    random = np.random.default_rng(source.integer(0, 2**32 - 1))
    kind = source.integer(0, 16)
    steps = random.random(n) + 0.01
    if kind <= 5:
        x = np.cumsum(steps)
    elif kind == 6:
        x = np.arange(n) * source.choice([1.0, 0.5, 0.1, -2.0])
    elif kind == 7:
        x = np.linspace(0.0, 1.0, n)
    elif kind == 8:
        x = -np.cumsum(steps)
    elif kind == 9:
        x = np.round(np.cumsum(steps))
    elif kind == 10:
        x = np.full(n, 2.5)
    elif kind == 11:
        with np.errstate(all="ignore"):
            x = np.cumsum(steps) * source.choice([1e-30, 1e30, 1e-200, 1e200, 1e-308, 1e307])
    elif kind == 12:
        x = np.cumsum(steps)
        if n:
            x[random.integers(0, n)] = random.choice(SPECIALS)
    elif kind == 13:
        x = np.arange(n) % 2
    else:
        x = random.permutation(n) * 1.5
    dtype = source.choice([*["f8"] * 6, *FLOATS * 2, source.choice(INTEGERS), "?", "c16"])
    with np.errstate(all="ignore"):
        if np.dtype(dtype).kind in "iu?":
            x = np.nan_to_num(x * 10 % 100)
        x = x.astype(dtype)
        layout = source.integer(0, 11)
        if layout == 0:
            return np.repeat(x, 2)[::2]
        if layout == 1:
            return x[::-1]
        if layout == 2:
            return x.astype(x.dtype.newbyteorder())
        if layout == 3:
            return x.tolist()
        if layout == 4:
            return laid_out(source, "unaligned", (n,), "f8")
    return x


def spacings(source, lengths, plain):
    """Draw the positional arguments after f for axes of these lengths."""
    kind = source.integer(0, 9)
    if kind <= 1:
        return ()
    if kind <= 3:
        return (as_scalar(scalar(source)),)
    if kind == 4 and not plain:
        n = source.choice([*lengths, 3])
        too_many = (1.0,) * (len(lengths) + 1)
        return source.choice([(np.ones((2, 2)),), too_many, (np.arange(n + 1.0),), (np.arange(n),)])
    return tuple(
        as_scalar(scalar(source)) if source.integer(0, 2) == 0 else coordinates(source, n)
        for n in lengths)


def axes(source, lengths, plain):
    """Draw an axis argument and the axes that it means, as far as it means any."""
    ndim = len(lengths)
    everything = list(range(ndim))
    kind = source.integer(0, 8 if plain else 11)
    if plain and 1 in lengths:
        # Such an axis has no derivative; leave it out.
        everything = [d for d in everything if lengths[d] > 1]
        kind = max(kind, 7)
    if kind <= 4 or not everything:
        return None, everything
    one = source.choice(everything)
    if kind <= 6:
        return source.choice([one, one - ndim, np.int64(one), np.uint8(one)]), [one]
    if kind <= 9:
        some = [source.choice(everything) for _ in range(source.integer(1, len(everything)))]
        some = some if kind == 9 else list(dict.fromkeys(some))
        return source.choice([tuple(some), list(some), *([] if plain else [np.array(some)])]), some
    return source.choice([(), ndim, -ndim - 1, 1.0, "x", True, (0, 2**70), (0, "a"), [None],
                          np.timedelta64(0, "s"), (np.bool_(True),)]), [one]


def call(source):
    """Draw a whole call, three of four times of a kind that is compiled."""
    plain = source.integer(0, 3) > 0
    f = data(source, plain)
    lengths = np.shape(f)
    axis, chosen = axes(source, lengths, plain)
    kwargs = {} if axis is None else {"axis": axis}
    order = source.choice([1, 2] if plain else [
        1, 1, 2, 2, 0, 3, -1, 1.0, 2.0, True, np.int64(2), None, "1"])
    if order != 1 or source.integer(0, 3) == 0:
        kwargs["edge_order"] = order
    spacing = spacings(source, [lengths[i] for i in chosen if i < len(lengths)], plain)
    state = {name: source.choice(STATES) for name in ("divide", "over", "under", "invalid")}
    if source.integer(0, 1) == 0:
        state = {}
    return Call((f, *spacing), kwargs, state)
