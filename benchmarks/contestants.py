"""Who is measured, and how each is called.

A contestant turns a case into a `Call`: a statement as a user would type it and
the values of its names. What can be done beforehand (moving the data into the
rival's own arrays, compiling) is done before the clock starts.

Nothing heavy is imported here: a contestant loads its module in a process of its own.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import numpy as np


@dataclass(frozen=True)
class Call:
    """A statement to time, with the values of its names.

    Parameters
    ----------
    statement : str
        A Python expression.
    names : dict
        Value of each name that stands in it.
    """

    statement: str
    names: dict = field(repr=False)

    def run(self):
        """Evaluate the statement once.

        Returns
        -------
        list of ndarray
            The results, whatever they came in.
        """
        results = eval(self.statement, dict(self.names))
        if not isinstance(results, tuple | list):
            results = (results,)
        return [np.asarray(result) for result in results]


class Contestant:
    """One who is measured.

    Attributes
    ----------
    name : str
        What the command line and the tables call it.
    role : {"ours", "baseline", "rival", "yardstick"}
        A rival can win a row. A yardstick does less than a gradient, so it cannot.
    exact : bool
        Whether its bits have to be NumPy's.
    module_name : str
        What it imports.
    packages : tuple of str
        Distributions that it needs, whose versions are worth knowing.
    in_all : bool
        Whether ``--all`` means it too.

    Parameters
    ----------
    threads : int
        How many threads it may use, if it can use several.
    """

    name = ""
    role = "rival"
    exact = False
    module_name = "numpy"
    packages = ()
    in_all = True

    def __init__(self, threads=1):
        self.threads = threads

    def load(self):
        """Import its module; once in a process."""
        self.module = import_module(self.module_name)

    def is_installed(self):
        """Whether the packages that it needs are there."""
        return all(installed_version(package) for package in self.packages)

    def supports(self, case):
        """Whether it can do a case at all."""
        raise NotImplementedError

    def call(self, case):
        """Turn a case that it supports into a call, after `load`.

        Parameters
        ----------
        case : Case

        Returns
        -------
        Call
        """
        raise NotImplementedError


def installed_version(package):
    """Version of an installed distribution, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


class NumPy(Contestant):
    """``numpy.gradient``: what all are measured against."""

    name = "numpy"
    role = "baseline"
    packages = ("numpy",)

    def supports(self, case):
        """All of them."""
        return True

    def call(self, case):
        """As a user would call it."""
        names = {"gradient": np.gradient, **case.build()}
        return Call(f"gradient({case.arguments_text})", names)


class Cgrad(Contestant):
    """``cgrad.gradient``, fresh: its results are new arrays at each call."""

    name = "cgrad"
    role = "ours"
    exact = True
    module_name = "cgrad"

    def supports(self, case):
        """All of them."""
        return True

    def call(self, case):
        """As a user would call it."""
        names = {"gradient": self.module.gradient, **case.build()}
        return Call(f"gradient({case.arguments_text})", names)


class Mapped(Contestant):
    """cgrad through its compiled door, into results whose memory already exists."""

    name = "mapped"
    role = "ours"
    exact = True
    # Where the wrapper has its door: there are several, of which an import chooses one.
    module_name = "cgrad._gradient"

    def supports(self, case):
        """All but those that NumPy has to answer."""
        return case.group != "fallback"

    def call(self, case):
        """Give the door a result for each axis."""
        f = case.build_data()
        results = tuple(np.full_like(f, 0, dtype=case.result_dtype) for _ in case.axes)
        names = {
            "differentiate": self.module.differentiate,
            "f": f,
            "spacings": case.build_spacings(),
            "results": results,
        }
        arguments = f"f, spacings, {case.axis}, {case.edge_order}, None, results"
        return Call(f"differentiate({arguments})", names)


class Out(Contestant):
    """``cgrad.gradient`` with ``out=``: results into arrays that the caller keeps."""

    name = "out"
    role = "ours"
    exact = True
    module_name = "cgrad"
    in_all = False
    workers = 1

    def supports(self, case):
        """All but those that NumPy has to answer."""
        return case.group != "fallback"

    def call(self, case):
        """Give it a result for each axis."""
        f = case.build_data()
        out = tuple(np.full_like(f, 0, dtype=case.result_dtype) for _ in case.axes)
        names = {"gradient": self.module.gradient, "out": out, **case.build()}
        return Call(f"gradient({case.arguments_text}, out=out, workers={self.workers})", names)


class Shared(Out):
    """The same with two workers."""

    name = "shared"
    workers = 2


class Torch(Contestant):
    """``torch.gradient`` on tensors that share NumPy's memory."""

    name = "torch"
    packages = ("torch",)
    module_name = "torch"

    def load(self):
        """Import it, and set its threads."""
        super().load()
        self.module.set_num_threads(self.threads)
        self.module.set_grad_enabled(False)

    def supports(self, case):
        """Arrays without negative strides."""
        return case.is_common and case.layout != "reversed"

    def call(self, case):
        """As a user would call it; integers as float64, which NumPy makes of them too."""
        names = {name: self.converted(value) for name, value in case.build().items()}
        text = "f.double()" if np.dtype(case.dtype).kind in "iu" else "f"
        if case.has_scalar:
            text += ", spacing=h"
        elif case.has_coordinates:
            text += f", spacing=({', '.join(case.spacing_names)},)"
        if case.axis is not None:
            text += f", dim={case.axis}"
        if case.edge_order != 1:
            text += f", edge_order={case.edge_order}"
        return Call(f"gradient({text})", {"gradient": self.module.gradient, **names})

    def converted(self, value):
        """An array as a tensor, a scalar as a float."""
        return self.module.from_numpy(value) if np.ndim(value) else float(value)


class Jax(Contestant):
    """``jax.numpy.gradient`` under jit, with 64-bit numbers."""

    name = "jax"
    packages = ("jax", "jaxlib")
    module_name = "jax"

    def load(self):
        """Import it so that it uses no more threads than it may."""
        # Its flags do not keep it to one thread, but a process may not use a core that
        # it is not given. Where a system cannot say so, jax has all cores to itself.
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: self.threads])
        super().load()
        config = self.module.config
        config.update("jax_platforms", "cpu")
        config.update("jax_enable_x64", True)
        # To hand work to another thread and wait for it takes longer than to do it.
        config.update("jax_cpu_enable_async_dispatch", False)

    def supports(self, case):
        """C-ordered arrays, for it knows no other; it has no ``edge_order`` either."""
        return case.is_common and case.layout == "C" and case.edge_order == 1

    def call(self, case):
        """Compile for the case; wait for the results."""
        jax = self.module
        arrays = {name: jax.numpy.asarray(value) for name, value in case.build().items()}
        # A scalar is a constant to the compiler, which is to its advantage.
        scalars = [float(arrays.pop("h"))] if case.has_scalar else []

        def gradient(f, *coordinates):
            return jax.numpy.gradient(f, *scalars, *coordinates, axis=case.axis)

        names = {
            "gradient": jax.jit(gradient),
            "block_until_ready": jax.block_until_ready,
            **arrays,
        }
        return Call(f"block_until_ready(gradient({', '.join(arrays)}))", names)


class FinDiff(Contestant):
    """findiff's operators, made beforehand; its edges are always of second order."""

    name = "findiff"
    packages = ("findiff",)
    module_name = "findiff"

    def supports(self, case):
        """Arrays of floats."""
        return case.is_common and np.dtype(case.dtype).kind == "f"

    def call(self, case):
        """One operator for each axis."""
        spacings = case.build_spacings() or (1.0,)
        spacings *= len(case.axes) // len(spacings)
        pairs = zip(case.axes, spacings, strict=True)
        operators = [self.module.Diff(axis, h, acc=2) for axis, h in pairs]
        names = {"operators": operators, "f": case.build_data()}
        return Call("[operator(f) for operator in operators]", names)


class Numba(Contestant):
    """The best kernels that one would write by hand, on one thread; see numba_kernels.py."""

    name = "numba"
    packages = ("numba",)
    module_name = "numba_kernels"

    def supports(self, case):
        """What there are kernels for."""
        if not case.is_common or case.dtype in ("f2", "c8", "c16") or case.edge_order != 1:
            return False
        if case.has_coordinates:
            is_float = np.dtype(case.dtype).kind == "f"
            return is_float and case.ndim <= 3 and case.axis is None and case.layout == "C"
        fused = case.axis is None and case.ndim <= 3
        return fused or case.layout not in ("strided", "reversed")

    def call(self, case):
        """See the data in the order of its memory, and pick the kernel."""
        f = case.build_data()
        # As a writer who knows the layout would: the fastest axis last.
        order = sorted(range(f.ndim), key=lambda axis: -abs(f.strides[axis]))
        names = {
            "f": f.transpose(order),
            "gradient": self.kernel(case, order),
            **dict(zip(case.spacing_names, case.build_spacings(), strict=True)),
        }
        if case.has_scalar:
            names["h"] = float(names["h"])
        spacings = ", ".join(case.spacing_names) or "1.0"
        return OrderedCall(f"gradient(f, {spacings})", names, tuple(order))

    def kernel(self, case, order):
        """Pick the fastest kernel for a case whose axes are taken in an order."""
        kernels, dtype = self.module, case.result_dtype
        allocating = kernels.allocating
        is_small = case.dtype == dtype.str[1:] and case.bytes_written < kernels.LARGE
        if case.has_coordinates:
            if case.ndim == 1 and is_small:
                return kernels.gradient_1d_coordinates
            return allocating(kernels.FILLS_COORDINATES[case.ndim], case.ndim, dtype)
        if case.axis is not None and case.ndim > 1:
            return kernels.along(order.index(case.axis), dtype)
        is_narrow = case.shape[order[-1]] < kernels.NARROW and case.size > kernels.NARROW**3
        if case.ndim > 3 or is_narrow:
            return kernels.each_axis(case.ndim, dtype)
        if is_small:
            return kernels.SMALL[case.ndim]
        return allocating(kernels.FILLS[case.ndim], case.ndim, dtype)


@dataclass(frozen=True)
class OrderedCall(Call):
    """A call that sees its axes in another order."""

    order: tuple[int, ...] = ()

    def run(self):
        """Evaluate once, and put axes and results back in the data's order."""
        results = super().run()
        if len(results) == len(self.order):
            results = [results[self.order.index(axis)] for axis in range(len(self.order))]
        return [result.transpose(np.argsort(self.order)) for result in results]


class TrafficLimit(Contestant):
    """Read the data once, write the results once, compute nothing; see traffic.c."""

    role = "yardstick"
    module_name = "traffic"
    native = False
    streaming = False

    def supports(self, case):
        """Cases whose time is traffic, not the call."""
        return case.bytes_moved >= 256 * 1024

    def call(self, case):
        """Sweep over as many bytes as the case has."""
        sweep, arguments = self.module.prepare(
            *case.runs, case.bytes_written, len(case.axes), self.streaming, self.native
        )
        # The arguments are bound, for unpacking them would take longer.
        return Call("sweep()", {"sweep": partial(sweep, *arguments)})


class PlainLimit(TrafficLimit):
    """The traffic limit with plain stores, of the vectors that any such machine has."""

    name = "limit"


class NativeLimit(TrafficLimit):
    """The traffic limit with plain stores, of the widest vectors of this machine."""

    name = "limit-native"
    native = True


class StreamingLimit(TrafficLimit):
    """The traffic limit with non-temporal stores."""

    name = "limit-streaming"
    streaming = True


class LimitOfTwo(TrafficLimit):
    """The traffic limit of two threads: each sweeps over half of the bytes."""

    name = "limit-two"
    in_all = False

    def supports(self, case):
        """Data without gaps, beside whose time that of handing work to a thread is small."""
        return case.bytes_moved >= 16 * 2**20 and len(case.runs[0]) == 1

    def call(self, case):
        """Two sweeps, one of them in another thread."""
        sweeps = []
        starts, run = case.runs
        for _ in range(2):
            sweep, arguments = self.module.prepare(
                starts, run // 2, case.bytes_written // 2, len(case.axes))
            sweeps.append(partial(sweep, *arguments))
        names = {"pool": ThreadPoolExecutor(1), "here": sweeps[0], "there": sweeps[1]}
        return Call("(pool.submit(there), here())[0].result()", names)


class Divisions(Contestant):
    """Three divisions a point, as NumPy's formula for coordinates has; see divisions.c."""

    name = "divisions"
    role = "yardstick"
    module_name = "divisions"

    def supports(self, case):
        """Cases in which no two points share coefficients, and whose time is not the call."""
        return case.ndim == 1 and case.spacing == "coordinates" and case.size >= 10_000

    def call(self, case):
        """Divide as often as the case has to."""
        divide, arguments = self.module.prepare(case.size)
        return Call("divide()", {"divide": partial(divide, *arguments)})


class Subtract(Contestant):
    """One ``np.subtract(f, f)``: what any call of a ufunc costs."""

    name = "subtract"
    role = "yardstick"

    def supports(self, case):
        """Arrays so small that the call is the cost."""
        return case.group in ("tiny", "small")

    def call(self, case):
        """As a user would call it."""
        return Call("subtract(f, f)", {"subtract": np.subtract, "f": case.build_data()})


CONTESTANTS = {
    kind.name: kind
    for kind in (
        NumPy,
        Cgrad,
        Mapped,
        Out,
        Shared,
        Torch,
        Jax,
        FinDiff,
        Numba,
        PlainLimit,
        NativeLimit,
        StreamingLimit,
        LimitOfTwo,
        Divisions,
        Subtract,
    )
}
