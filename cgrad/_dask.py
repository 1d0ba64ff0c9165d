"""Dask arrays: the gradient chunk by chunk, lazily, with the bits of the whole array's.

Three kinds of tasks: of each chunk, *edges* copies the rows that other chunks need;
*gradient* makes one call for all axes of a chunk, and mends its first and last rows with
those of its neighbours; and where there are several axes, *getitem* takes one result.
"""

import dataclasses
import functools
import itertools
import operator

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from cgrad._gradient import _numpy_gradient, gradient
from cgrad._out import plain

# Shorter chunks are joined with the rows around them: of these, too little would be left to
# compute at once, or not even the rows that a one-sided difference takes.
_SHORTEST = 4

# Coordinates that NumPy takes to be uneven, and even ones, as far as a stand-in goes.
_UNEVEN = np.array([0, 1, 3, 4, 6])
_EVEN = np.array([0, 1, 2, 3, 4])


@dataclasses.dataclass(frozen=True)
class Part:
    """Along one axis, a chunk, and the rows of others that its derivative needs.

    `rows` are the numbers of all these rows. `lower` and `upper` say where those before and
    after the chunk are: a chunk's number, and from which to which of its rows. The spacing is
    a scalar, or the coordinates of the rows, or, if Dask has to compute it, None.
    """

    axis: int
    rows: slice
    lower: tuple
    upper: tuple
    spacing: object


@dataclasses.dataclass(frozen=True)
class ChunkTask:
    """What a chunk's task does: its parts, one for each axis, and what else a call takes."""

    parts: tuple
    edge_order: int
    workers: int
    dtype: np.dtype


@dataclasses.dataclass(frozen=True)
class Neighbourhood:
    """A part with what it stands for: rows before and after, and a spacing.

    The spacing is a scalar, or the coordinates of all the rows.
    """

    axis: int
    lower: list
    upper: list
    spacing: object

    @property
    def is_uneven(self):
        """Whether the spacing consists of coordinates."""
        return np.ndim(self.spacing) == 1

    @property
    def is_alone(self):
        """Whether the chunk is all there is along the axis."""
        return not (self.lower or self.upper)


def gradient_of_dask(f, varargs, axis, edge_order, workers):
    """Return the gradient of a Dask array, or with Dask coordinates, as Dask arrays.

    Nothing is computed. What is wrong with a call is raised at once, in NumPy's words.
    """
    if hasattr(da.Array, "expr"):
        raise NotImplementedError(
            "f: expected Dask arrays made without query planning, for which neither Dask nor cgrad "
            "has a gradient; leave Dask's setting array.query-planning off")
    if not isinstance(f, da.Array):
        f = da.from_array(plain(np.asanyarray(f)), chunks=-1)
    if type(f._meta) is not np.ndarray:
        # Masked, sparse, on another device: as Dask itself has it.
        return _numpy_gradient(f, *varargs, axis=axis, edge_order=edge_order)
    check_chunks((f, *varargs))
    axes = normalized(axis, f.ndim)
    spacings, lengths = paired(varargs, [f.shape[i] for i in axes])
    spacings = [reduced(x, length) for x, length in zip(spacings, lengths, strict=True)]
    dtype = judged(f, spacings, lengths, axes, edge_order)
    if not axes:
        return ()
    # What NumPy does with other numbers than 1.
    order = 1 if edge_order == 1 else 2
    whole = {i: -1 for i, x in zip(axes, spacings, strict=True) if not can_be_cut(x)}
    results = lazy_gradient(f.rechunk(whole) if whole else f, spacings, axes, order, workers, dtype)
    if whole:
        results = [result.rechunk(f.chunks) for result in results]
    return results[0] if len(results) == 1 else tuple(results)


def normalized(axis, ndim):
    """Return which axes are meant, as NumPy reads it."""
    if axis is None:
        return tuple(range(ndim))
    return np.lib.array_utils.normalize_axis_tuple(axis, ndim)


def check_chunks(arguments):
    """Raise if the sizes of chunks are not known."""
    for argument in arguments:
        if isinstance(argument, da.Array) and np.isnan(sum(argument.shape)):
            raise ValueError(
                "f: expected Dask arrays with chunks of known sizes, not of unknown ones; "
                "compute_chunk_sizes() finds them out")


def paired(varargs, lengths):
    """Return the spacings and how long their axes are, if there is one for each axis."""
    if not varargs:
        return [1.0] * len(lengths), lengths
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        return list(varargs) * len(lengths), lengths
    return list(varargs), lengths if len(varargs) == len(lengths) else [None] * len(varargs)


def reduced(x, length):
    """Return even coordinates as the scalar that NumPy makes of them; others as an array.

    Scalars, Dask arrays and what NumPy will refuse remain as they are.
    """
    if isinstance(x, da.Array) or np.ndim(x) == 0:
        return x
    x = np.array(x, subok=True)       # chunks read it later
    return step_or_coordinates(x) if x.shape == (length,) and length > 1 else x


def step_or_coordinates(x):
    """Return the step of even coordinates, or else the coordinates."""
    if np.issubdtype(x.dtype, np.integer):
        x = x.astype(np.float64)
    with np.errstate(all="ignore"):
        steps = np.diff(x)
        return steps[0] if (steps == steps[0]).all() else x


def can_be_cut(x):
    """Tell whether coordinates can be given to chunks in slices."""
    if isinstance(x, da.Array):
        return x.dtype != object and type(x._meta) is np.ndarray
    return np.ndim(x) == 0 or (x.dtype != object and type(x) is np.ndarray)


def judged(f, spacings, lengths, axes, edge_order):
    """Let NumPy judge a call by a small one, and return the dtype of its results.

    Raises
    ------
    Exception
        What `numpy.gradient` raises for the call.
    """
    small = np.ones([min(length, len(_EVEN)) for length in f.shape], f.dtype)
    # Whether Dask's coordinates are even is not known, and may decide about booleans.
    patterns = [_UNEVEN, _EVEN] if any(isinstance(x, da.Array) for x in spacings) else [_UNEVEN]
    errors = []
    for pattern in patterns:
        stand_ins = [
            stand_in(x, length, pattern) for x, length in zip(spacings, lengths, strict=True)]
        try:
            with np.errstate(all="ignore"):
                results = _numpy_gradient(small, *stand_ins, axis=axes, edge_order=edge_order)
        except Exception as error:
            errors.append(error)
        else:
            results = results if isinstance(results, tuple) else (results,)
            return results[0].dtype if results else None
    raise errors[0]


def stand_in(x, length, pattern):
    """Return a small spacing of which NumPy thinks as it does of this one."""
    if np.ndim(x) == 0:
        return np.ones((), x.dtype) if isinstance(x, da.Array) else x
    if x.ndim > 1 or length is None:
        return np.zeros((1,) * x.ndim)
    small = min(length, len(pattern))
    if len(x) == length == small and not isinstance(x, da.Array):
        return x
    return pattern[:small].astype(x.dtype) if len(x) == length else np.zeros(small + 1)


def lazy_gradient(f, spacings, axes, edge_order, workers, dtype):
    """Return one Dask array for each axis, of f's chunks."""
    token = tokenize(f, spacings, axes, edge_order, workers)
    computed = {
        i: (f"coordinates-{token}", i)
        for i, x in zip(axes, spacings, strict=True) if isinstance(x, da.Array)}
    layer = {
        computed[i]: (gathered, x.ndim, *x.__dask_keys__())
        for i, x in zip(axes, spacings, strict=True) if i in computed}
    parts = {
        i: parts_along(f, i, None if i in computed else x, edge_order)
        for i, x in zip(axes, spacings, strict=True)}
    needed = {i: rows_needed(parts[i]) for i in axes}
    name, edges = f"gradient-{token}", f"edges-{token}"
    for index in itertools.product(*map(range, f.numblocks)):
        block = (f.name, *index)
        rows = tuple((i, *bounds) for i in axes for bounds in needed[i][index[i]])
        if rows:
            layer[edges, *index] = (functools.partial(copy_rows, rows), block)
        task = ChunkTask(tuple(parts[i][index[i]] for i in axes), edge_order, workers, dtype)
        layer[name, *index] = (
            functools.partial(differentiate_chunk, task), block, *computed.values(),
            *((edges, *neighbour) for part in task.parts for neighbour in neighbours(part, index)))
    sources = [f, *(x for x in spacings if isinstance(x, da.Array))]
    graph = HighLevelGraph.from_collections(name, layer, dependencies=sources)
    if len(axes) == 1:
        return [lazy_array(graph, name, f, dtype)]
    return [lazy_item(graph, name, position, f, dtype) for position in range(len(axes))]


def lazy_item(graph, source, position, f, dtype):
    """Return the array of the chunks' results at a position."""
    name = f"gradient-{tokenize(source, position)}"
    layer = {
        (name, *index): (operator.getitem, (source, *index), position)
        for index in itertools.product(*map(range, f.numblocks))}
    graph = HighLevelGraph(
        {**graph.layers, name: layer}, {**graph.dependencies, name: {source}})
    return lazy_array(graph, name, f, dtype)


def lazy_array(graph, name, f, dtype):
    """Return a Dask array of f's chunks."""
    return da.Array(graph, name, f.chunks, meta=np.empty((0,) * f.ndim, dtype))


def parts_along(f, axis, spacing, edge_order):
    """Return the part of each chunk along an axis."""
    chunks = f.chunks[axis]
    bounds = [0, *itertools.accumulate(chunks)]
    parts = []
    for first, last in itertools.pairwise(bounds):
        rows = rows_around(first, last, bounds[-1], edge_order)
        is_uneven = spacing is not None and np.ndim(spacing) == 1
        parts.append(Part(
            axis, rows, rows_in_chunks(rows.start, first, bounds),
            rows_in_chunks(last, rows.stop, bounds), spacing[rows] if is_uneven else spacing))
    return parts


def rows_around(first, last, length, edge_order):
    """Return which rows the derivative of rows `first` to `last` needs, of so many."""
    if first == last:
        return slice(first, last)
    start, stop = max(first - 1, 0), min(last + 1, length)
    # At the edges there may be more to a one-sided difference than the chunk has.
    if first == 0:
        stop = max(stop, edge_order + 1)
    if last == length:
        start = min(start, length - edge_order - 1)
    return slice(start, stop)


def rows_in_chunks(start, stop, bounds):
    """Return where rows are: a chunk's number, and from which to which of its rows."""
    return tuple(
        (number, max(start, first) - first, min(stop, last) - first)
        for number, (first, last) in enumerate(itertools.pairwise(bounds))
        if max(start, first) < min(stop, last))


def rows_needed(parts):
    """Return, for each chunk along an axis, from which to which row others need it."""
    needed = [{} for _ in parts]
    for part in parts:
        for number, *bounds in (*part.lower, *part.upper):
            needed[number][tuple(bounds)] = None
    return needed


def neighbours(part, index):
    """Return the indices of the chunks that have a part's other rows."""
    return [
        (*index[:part.axis], number, *index[part.axis + 1:])
        for number, _, _ in (*part.lower, *part.upper)]


def gathered(ndim, *blocks):
    """Compute a spacing from the blocks of a Dask array: a scalar, or uneven coordinates."""
    return step_or_coordinates(np.concatenate(blocks)) if ndim else blocks[0]


def across(axis, *bounds):
    """Return the index of rows of an axis."""
    return (slice(None),) * axis + (slice(*bounds),)


def copy_rows(needed, block):
    """Copy rows that other chunks need, so that nobody keeps the whole chunk for them."""
    return {rows: np.array(block[across(*rows)]) for rows in needed}


def differentiate_chunk(task, block, *others):
    """Compute one chunk's derivatives: an array for one axis, else a tuple.

    `others` are the spacings that Dask has computed, then for each part what was copied from
    the chunks before and after.
    """
    block = np.asarray(block)
    if not block.size:
        results = [np.empty_like(block, dtype=task.dtype) for _ in task.parts]
    else:
        # In the whole array no one-sided differences are taken between chunks, so events
        # would be reported that do not occur there.
        with np.errstate(all="ignore"):
            results = derivatives(block, neighbourhoods(task.parts, list(others)), task)
    return results[0] if len(results) == 1 else tuple(results)


def neighbourhoods(parts, others):
    """Put together the parts of a task and what other tasks have computed."""
    spacings = {}
    for part in parts:
        spacing = part.spacing
        if spacing is None:
            spacing = others.pop(0)
            spacing = spacing[part.rows] if np.ndim(spacing) else spacing
        spacings[part.axis] = spacing
    copies = iter(others)
    return [
        Neighbourhood(
            part.axis, *([next(copies)[part.axis, *bounds] for _, *bounds in side]
                         for side in (part.lower, part.upper)), spacings[part.axis])
        for part in parts]


def derivatives(block, arounds, task):
    """Return a chunk's derivative along each axis."""
    results = {}
    at_once = [
        around for around in arounds
        if block.shape[around.axis] >= _SHORTEST or around.is_alone]
    if at_once:
        axes = tuple(around.axis for around in at_once)
        arrays = gradient(
            block, *(own_spacing(around) for around in at_once), axis=axes,
            edge_order=task.edge_order, workers=task.workers)
        results.update(zip(axes, arrays if len(axes) > 1 else (arrays,), strict=True))
    for around in arounds:
        if around.axis in results:
            mend(results[around.axis], block, around, task.edge_order)
        else:
            results[around.axis] = derivative_of_joined(block, around, task)
    return [results[around.axis] for around in arounds]


def own_spacing(around):
    """Return a chunk's own spacing, which NumPy takes to be even only if the whole is."""
    if not around.is_uneven or around.is_alone:
        return around.spacing
    x = around.spacing[len(around.lower): -len(around.upper) or None].copy()
    # Coordinates may be even within a chunk, for which NumPy has another formula. This
    # spoils two rows, which are mended anyway or for this.
    x[0 if around.lower else -1] = not_a_number(x)
    return x


def not_a_number(x):
    """Return what differs from itself, in the type of the coordinates."""
    return "NaT" if x.dtype.kind in "mM" else np.nan


def mend(result, block, around, edge_order):
    """Put right the first and last rows of a derivative where there are neighbours."""
    axis, x = around.axis, around.spacing
    if around.lower:
        count = 2 if around.is_uneven else 1
        parts = [*around.lower, block[across(axis, count + 1)]]
        result[across(axis, count)] = middle(
            parts, x[:count + 2] if around.is_uneven else x, axis, edge_order)
    if around.upper:
        count = 2 if around.is_uneven and not around.lower else 1
        parts = [block[across(axis, -count - 1, None)], *around.upper]
        result[across(axis, -count, None)] = middle(
            parts, x[-count - 2:] if around.is_uneven else x, axis, edge_order)


def middle(parts, spacing, axis, edge_order):
    """Return the derivative of all joined rows but the first and the last."""
    if np.ndim(spacing):
        parts, spacing = [*parts, parts[-1]], extended(spacing)
        parts[-1] = parts[-1][across(axis, -1, None)]
    slopes = gradient(joined(parts, axis), spacing, axis=0, edge_order=edge_order, workers=1)
    return np.moveaxis(slopes[1: -2 if np.ndim(spacing) else -1], 0, axis)


def derivative_of_joined(block, around, task):
    """Return the derivative of a short chunk, computed with the rows before and after."""
    axis, spacing = around.axis, around.spacing
    parts = [*around.lower, block, *around.upper]
    skipped = sum(part.shape[axis] for part in around.lower)
    if around.is_uneven:
        # One row more, where no row of the chunk needs it, as these may be even.
        if around.upper:
            parts.append(around.upper[-1][across(axis, -1, None)])
            spacing = extended(spacing)
        else:
            parts.insert(0, around.lower[0][across(axis, 1)])
            spacing = extended(spacing[::-1])[::-1]
            skipped += 1
    slopes = gradient(
        joined(parts, axis), spacing, axis=0, edge_order=task.edge_order, workers=task.workers)
    return np.moveaxis(slopes[skipped: skipped + block.shape[axis]], 0, axis).copy()


def extended(x):
    """Append a coordinate that makes all of them uneven."""
    return np.concatenate([x, np.full_like(x[:1], not_a_number(x))])


def joined(parts, axis):
    """Join rows to one array, in which they are rows of the first axis."""
    parts = [np.moveaxis(part, axis, 0) for part in parts]
    shape = (sum(map(len, parts)), *parts[0].shape[1:])
    # Without it, rows would lie as in the chunk, where those of a last axis are no rows at all.
    return np.concatenate(parts, out=np.empty(shape, parts[0].dtype))
