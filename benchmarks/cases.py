"""The one list of cases: every script in this folder measures from it.

A case is a call of ``gradient``: the data, the spacing, the axis and the edge
order. It builds its own arguments from a fixed seed, so that every contestant,
each in a process of its own, differentiates the same numbers.
"""

from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

SEED = 20240229
HUGE = 1_000_000_000  # bytes moved: above this, a case is measured only on request


# The data: what the numbers are.


def random_numbers(shape, dtype):
    """Uniform numbers: in [0, 1) for floats, over the whole range for integers."""
    rng = np.random.default_rng(SEED)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        numbers = rng.integers(
            limits.min, limits.max, shape, dtype=dtype.newbyteorder("="), endpoint=True)
        return numbers.astype(dtype, copy=False)
    if dtype.kind == "c":
        return (rng.random(shape) + 1j * rng.random(shape)).astype(dtype)
    if dtype.kind == "m":
        return rng.integers(0, 10**6, shape).astype(dtype)
    # The generator makes float32 and float64 alone.
    own = np.dtype("f4" if dtype == np.dtype("f4") else "f8")
    return rng.random(shape, dtype=own).astype(dtype, copy=False)


def numbers_with_specials(shape, dtype):
    """Random numbers with NaN and infinities that raise no floating-point warning."""
    values = random_numbers(shape, dtype)
    # On every axis an infinity stands 7 points from the next, so none meets another:
    # infinity minus infinity would be an invalid operation, of which NumPy warns.
    values[(slice(1, None, 7),) * values.ndim] = np.nan
    values[(slice(4, None, 7),) * values.ndim] = np.inf
    return values


def list_of_numbers(shape, dtype):
    """Random numbers in a Python list."""
    return random_numbers(shape, dtype).tolist()


DATA = {
    "random": random_numbers,
    "NaN and inf": numbers_with_specials,
    "list": list_of_numbers,
}


# The layouts: how the data lies in memory.


def swapped(values):
    """The first two axes swapped in memory: neither C nor F order."""
    return np.ascontiguousarray(values.swapaxes(0, 1)).swapaxes(0, 1)


# Views of larger arrays: which elements they take, every so many-th, and how many are beyond
# them at each side.
SPREAD = {"strided": (2, 0), "within": (1, 3)}


def spread(values, layout):
    """A view of a larger array, with the same step and margin on every axis."""
    step, margin = SPREAD[layout]
    whole = np.zeros([step * n + 2 * margin for n in values.shape], values.dtype)
    view = whole[tuple(slice(margin, margin + step * n, step) for n in values.shape)]
    view[...] = values
    return view


def backwards(values):
    """Every axis reversed: negative strides."""
    flip = (slice(None, None, -1),) * values.ndim
    return np.ascontiguousarray(values[flip])[flip]


LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "transposed": swapped,
    "strided": partial(spread, layout="strided"),
    "within": partial(spread, layout="within"),
    "reversed": backwards,
}


# The spacings: a value for each argument, from the length of its axis.


def random_coordinates(n):
    """Increasing coordinates whose steps differ."""
    return np.cumsum(np.random.default_rng(SEED).uniform(0.5, 1.5, n))


# 2 * 0.37 is no power of two: a multiplication cannot stand in for the division.
SCALARS = {
    "scalar": lambda: 0.37,
    "float64 scalar": lambda: np.float64(0.37),
}
COORDINATES = {
    "coordinates": random_coordinates,
    # NumPy notices that the steps are equal, and treats them as one scalar, of float64.
    "even coordinates": lambda n: np.arange(n) * 0.25,
}


@dataclass(frozen=True)
class Case:
    """One call to measure.

    Parameters
    ----------
    group : str
        Heading under which the case stands in the table.
    shape : tuple of int
        Shape of the data.
    dtype : str
        NumPy's code for the data's dtype, such as ``"f8"``.
    layout : str
        How the data lies in memory; a key of `LAYOUTS`.
    axis : int, optional
        The axis to differentiate; all of them when left out.
    spacing : str
        ``"none"``, or a key of `SCALARS` or of `COORDINATES`.
    edge_order : int
        Order of accuracy at the edges, 1 or 2.
    data : str
        What the numbers are; a key of `DATA`.
    """

    group: str
    shape: tuple[int, ...]
    dtype: str = "f8"
    layout: str = "C"
    axis: int | None = None
    spacing: str = "none"
    edge_order: int = 1
    data: str = "random"

    @property
    def name(self):
        """What the case is called; no other case of its group has the same name."""
        words = [
            f"{shape_text(self.shape)} {self.dtype}",
            self.data if self.data != "random" else "",
            self.layout if self.layout != "C" else "",
            f"axis={self.axis}" if self.axis is not None else "",
            self.spacing if self.spacing != "none" else "",
            f"edge_order={self.edge_order}" if self.edge_order != 1 else "",
        ]
        return ", ".join(filter(None, words))

    @property
    def ndim(self):
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self):
        """Number of points."""
        return prod(self.shape)

    @property
    def axes(self):
        """The axes that are differentiated; there is one result for each."""
        return tuple(range(self.ndim)) if self.axis is None else (self.axis,)

    @property
    def result_dtype(self):
        """Dtype of the results: the data's own, and float64 for integers and objects."""
        dtype = np.dtype(self.dtype)
        return dtype if dtype.kind in "fcm" else np.dtype("f8")

    @property
    def is_common(self):
        """Whether the data is of a type that other libraries have, as an array."""
        dtype = np.dtype(self.dtype)
        widest = 16 if dtype.kind == "c" else 8
        return (self.data != "list" and dtype.kind in "iufc" and dtype.isnative
                and dtype.itemsize <= widest)

    @property
    def bytes_read(self):
        """Bytes of the data, each counted once, with what shares its cache lines."""
        # Of a strided line every other element is skipped, but all of it is fetched.
        step, _ = SPREAD.get(self.layout, (1, 0))
        return self.size * np.dtype(self.dtype).itemsize * step

    @property
    def runs(self):
        """The bytes at which runs of the data begin, and how many each has, cache lines counted.

        Without gaps of more than a line, the data is one run.
        """
        step, margin = SPREAD.get(self.layout, (1, 0))
        itemsize = np.dtype(self.dtype).itemsize
        if self.ndim == 1 or (step, margin) == (1, 0):
            return np.zeros(1, int), self.bytes_read
        starts = np.zeros(1, int)
        for n in self.shape[:-1]:
            along = margin + step * np.arange(n)
            starts = (starts[:, None] * (step * n + 2 * margin) + along).ravel()
        last = self.shape[-1]
        return (starts * (step * last + 2 * margin) + margin) * itemsize, step * last * itemsize

    @property
    def bytes_written(self):
        """Bytes of all results."""
        return len(self.axes) * self.size * self.result_dtype.itemsize

    @property
    def bytes_moved(self):
        """The least traffic that a call can make: data read once, results written once."""
        return self.bytes_read + self.bytes_written

    @property
    def huge(self):
        """Whether the case is measured only on request."""
        return self.bytes_moved > HUGE

    @property
    def has_coordinates(self):
        """Whether the spacing is given as coordinates, one array for each axis."""
        return self.spacing in COORDINATES

    @property
    def has_scalar(self):
        """Whether the spacing is given as one scalar for all axes."""
        return self.spacing in SCALARS

    @property
    def spacing_names(self):
        """Names of the spacing arguments, in the order of the call."""
        if self.has_coordinates:
            return tuple(f"x{axis}" for axis in self.axes)
        return ("h",) if self.has_scalar else ()

    @property
    def arguments_text(self):
        """The arguments as a user would type them, such as ``"f, h, axis=0"``."""
        words = ["f", *self.spacing_names]
        if self.axis is not None:
            words.append(f"axis={self.axis}")
        if self.edge_order != 1:
            words.append(f"edge_order={self.edge_order}")
        return ", ".join(words)

    def build_data(self):
        """Build the data.

        Returns
        -------
        ndarray or list
        """
        values = DATA[self.data](self.shape, np.dtype(self.dtype))
        return LAYOUTS[self.layout](values) if self.data != "list" else values

    def build_spacings(self):
        """Build the spacing arguments.

        Returns
        -------
        tuple
            A value for each of `spacing_names`.
        """
        if self.has_coordinates:
            return tuple(COORDINATES[self.spacing](self.shape[axis]) for axis in self.axes)
        return (SCALARS[self.spacing](),) if self.has_scalar else ()

    def build(self):
        """Build all arguments.

        Returns
        -------
        dict
            A value for each name in `arguments_text`.
        """
        spacings = dict(zip(self.spacing_names, self.build_spacings(), strict=True))
        return {"f": self.build_data(), **spacings}


def shape_text(shape):
    """Write a shape as ``256x256``; of many equal lengths, as ``2^16``."""
    if len(shape) > 4 and len(set(shape)) == 1:
        return f"{shape[0]}^{len(shape)}"
    return "x".join(map(str, shape))


def tiny_cases():
    """Calls whose cost is the call."""
    yield Case("tiny", (10,))
    yield Case("tiny", (10,), "f4")
    yield Case("tiny", (10,), spacing="scalar")
    yield Case("tiny", (10,), axis=0)
    yield Case("tiny", (10,), edge_order=2)
    yield Case("tiny", (10,), spacing="coordinates")
    yield Case("tiny", (8, 8))
    yield Case("tiny", (4, 4, 4))


def small_cases():
    """Arrays that fit in the first-level cache, or nearly."""
    for n in (1000, 3000, 10_000):
        for dtype in ("f4", "f8"):
            yield Case("small", (n,), dtype)
    yield Case("small", (10_000,), spacing="scalar")
    # What ``x[1] - x[0]`` gives: float32 data is then divided in float64.
    yield Case("small", (1000,), "f4", spacing="float64 scalar")
    yield Case("small", (1000,), spacing="coordinates")
    yield Case("small", (100, 100))
    yield Case("small", (100, 100), edge_order=2)
    # Parts of an image.
    yield Case("small", (16, 16), layout="within")
    yield Case("small", (16, 16), "u1", layout="within")
    # A track in space, and rows that are as short.
    yield Case("small", (1000, 3))
    yield Case("small", (1000, 8))
    yield Case("small", (32, 32, 32))


def cache_cases():
    """Arrays that fit in the second- or third-level cache."""
    for shape in ((100_000,), (256, 256), (512, 512), (64, 64, 64)):
        for dtype in ("f4", "f8"):
            yield Case("cache", shape, dtype)
    yield Case("cache", (100_000,), spacing="scalar")
    yield Case("cache", (256, 256), spacing="scalar")
    yield Case("cache", (256, 256), "f4", spacing="float64 scalar")
    yield Case("cache", (256, 256), edge_order=2)
    yield Case("cache", (100_000,), spacing="even coordinates")
    yield Case("cache", (256, 256), "f4", spacing="even coordinates")
    for shape in ((100_000,), (256, 256), (64, 64, 64)):
        yield Case("cache", shape, spacing="coordinates")
        # These are float64, as they mostly are with data of float32, too.
        yield Case("cache", shape, "f4", spacing="coordinates")
    # Across long rows, as along the levels of an atmosphere.
    yield Case("cache", (50, 100, 100), axis=0, spacing="coordinates")


def large_cases():
    """Arrays that do not fit in any cache."""
    for shape in ((1024, 1024), (4096, 4096), (256, 256, 256), (48, 48, 48, 48)):
        for dtype in ("f4", "f8"):
            yield Case("large", shape, dtype)
    yield Case("large", (256, 256, 256), spacing="scalar")
    yield Case("large", (256, 256, 256), spacing="coordinates")
    yield Case("large", (64, 2048, 2048), "f4")


def layout_cases():
    """Each layout: all axes together, and each alone."""
    for layout in LAYOUTS:
        for axis in (None, 0, 1, 2):
            yield Case("layouts", (192, 192, 192), layout=layout, axis=axis)
    for layout in ("C", "strided", "reversed"):
        yield Case("layouts", (1_000_000,), layout=layout)
    for dtype in ("f4", "f8"):
        yield Case("layouts", (100_000,), dtype, layout="strided")


def integer_cases():
    """Every integer dtype; the results are float64."""
    for kind in "iu":
        for size in "1248":
            yield Case("integers", (1024, 1024), kind + size)
    yield Case("integers", (100_000,), "i4")
    yield Case("integers", (100_000,), "i4", spacing="coordinates")


def type_cases():
    """The other types of data, the other byte order among them."""
    for dtype in ("f2", "g", "c8", "c16", "G", ">f2", ">f4", ">f8", ">i4", ">c16"):
        yield Case("types", (1024, 1024), dtype)
    for dtype in ("f2", "g", "c16", ">f8"):
        yield Case("types", (1024, 1024), dtype, spacing="coordinates")
    for shape in ((10,), (1000,)):
        yield Case("types", shape, "f2")
        yield Case("types", shape, "c16")
        yield Case("types", shape, data="list")


def narrow_cases():
    """Shapes with so short an axis that a naive walker spends its time between rows."""
    for shape in ((1_000_000, 3), (3, 1_000_000), (100_000, 2, 2), (2,) * 16):
        yield Case("narrow", shape)
    # Converted, too: a small grid, a colour image, readings, files of another machine.
    yield Case("narrow", (8, 8), "i8")
    yield Case("narrow", (1000, 1000, 3), "u1")
    yield Case("narrow", (100_000, 8), "i8", spacing="scalar")
    yield Case("narrow", (100_000, 8), ">f4")
    yield Case("narrow", (20_000, 16), ">f8", axis=1, spacing="coordinates")


def special_cases():
    """Data with NaN and infinities."""
    for shape in ((100_000,), (512, 512), (64, 64, 64)):
        yield Case("specials", shape, data="NaN and inf")
    yield Case("specials", (100_000,), spacing="coordinates", data="NaN and inf")


def fallback_cases():
    """Calls that cgrad hands on to NumPy."""
    for dtype in ("m8[s]", "O"):
        for shape in ((10,), (1000,)):
            yield Case("fallback", shape, dtype)


def curve_cases():
    """Sizes in steps, for the picture of time per element against size."""
    for exponent in range(1, 9):
        yield Case("curve", (10**exponent,))
    for exponent in range(1, 8):
        yield Case("curve", (10**exponent,), spacing="coordinates")
    for exponent in range(2, 9):
        yield Case("curve", (2**exponent,) * 3)


CASES = (
    *tiny_cases(),
    *small_cases(),
    *cache_cases(),
    *large_cases(),
    *layout_cases(),
    *integer_cases(),
    *type_cases(),
    *narrow_cases(),
    *special_cases(),
    *fallback_cases(),
    *curve_cases(),
)

GROUPS = tuple(dict.fromkeys(case.group for case in CASES))

# A look in half a minute: one case for each thing that can go well or badly.
QUICK = (
    Case("tiny", (10,)),
    Case("tiny", (10,), spacing="coordinates"),
    Case("tiny", (4, 4, 4)),
    Case("small", (1000,)),
    Case("small", (100, 100)),
    Case("cache", (100_000,)),
    Case("cache", (100_000,), spacing="coordinates"),
    Case("cache", (256, 256)),
    Case("cache", (64, 64, 64)),
    Case("large", (1024, 1024), "f4"),
    Case("large", (1024, 1024)),
    Case("integers", (1024, 1024), "i4"),
    Case("types", (1024, 1024), "f2"),
    Case("types", (1024, 1024), "c16"),
    Case("narrow", (100_000, 2, 2)),
    Case("fallback", (10,), "m8[s]"),
)


def select(groups=(), text="", quick=False, huge=False):
    """Pick cases from the list.

    Parameters
    ----------
    groups : sequence of str
        Names of groups; empty for all of them.
    text : str
        Part of the case's name; empty for all of them.
    quick : bool
        Pick from the short list.
    huge : bool
        Also pick cases that move more than `HUGE` bytes.

    Returns
    -------
    list of Case
    """
    return [
        case
        for case in (QUICK if quick else CASES)
        if (not groups or case.group in groups) and text in case.name and (huge or not case.huge)
    ]
