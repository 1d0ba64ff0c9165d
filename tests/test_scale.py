"""What the manual says of scale is so: its formulas count what is in the graphs."""

import importlib.util
import math
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

import cgrad

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

SCRIPT = Path(__file__).parents[1] / "docs/plots/scale.py"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the manual is not beside these tests")

grids = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


@pytest.fixture(scope="module")
def scale():
    specification = importlib.util.spec_from_file_location("scale", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@st.composite
def chunked(draw):
    """Draw a grid, and the shape of its chunks."""
    grid = draw(grids)
    return grid, tuple(draw(st.integers(2, 5)) for _ in grid)


def graph_of(grid, chunk):
    """Return the graph of all axes' derivatives, and the keys that cgrad has added."""
    shape = tuple(count * rows for count, rows in zip(grid, chunk, strict=True))
    f = da.zeros(shape, chunks=chunk, dtype=np.float32)
    slopes = cgrad.gradient(f)
    slopes = slopes if isinstance(slopes, tuple) else (slopes,)
    graph = {key: task for slope in slopes for key, task in dict(slope.dask).items()}
    return graph, set(graph) - set(f.dask), slopes


def copies_and_uses(grid, chunk):
    """Return the bytes that each task for edges copies, and how many tasks need them."""
    graph, _, _ = graph_of(grid, chunk)
    edges = [key for key in graph if key[0].startswith("edges-")]
    results = dask.get(graph, edges)
    copied = {
        key: sum(rows.nbytes for rows in result.values())
        for key, result in zip(edges, results, strict=True)}
    uses = dict.fromkeys(edges, 0)
    dependencies, _ = dask.core.get_deps(graph)
    for key, needed in dependencies.items():
        for edge in needed & uses.keys():
            # What one task needs of another is sent to it once.
            uses[edge] += key[0].startswith("gradient-")
    return copied, uses


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(case=chunked())
def test_the_number_of_tasks_is_that_of_the_graph(scale, case):
    grid, chunk = case
    _, added, slopes = graph_of(grid, chunk)
    assert scale.tasks(grid) == len(added)
    stored = [slope.map_blocks(np.copy) for slope in slopes]
    whole = {key for array in stored for key in dict(array.dask)}
    assert scale.tasks_in_all(grid) == len(whole)


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(case=chunked())
def test_halo_bytes_and_messages_are_those_of_the_graph(scale, case):
    grid, chunk = case
    copied, uses = copies_and_uses(grid, chunk)
    assert scale.halo(grid, chunk) == sum(copied.values())
    assert scale.messages(grid) == sum(uses.values())
    assert scale.sent(grid, chunk) == sum(copied[key] * uses[key] for key in copied)


@st.composite
def in_blocks(draw):
    """Draw a grid of whole blocks, and how many chunks a block has along each axis."""
    blocks = draw(grids)
    block = tuple(draw(st.integers(1, 3)) for _ in blocks)
    return tuple(n * rows for n, rows in zip(blocks, block, strict=True)), block


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(case=in_blocks())
def test_messages_between_blocks_are_those_that_leave_one(scale, case):
    grid, block = case
    hypothesis.assume(math.prod(grid) < 200)
    graph, _, _ = graph_of(grid, (2,) * len(grid))
    dependencies, _ = dask.core.get_deps(graph)

    def worker(key):
        return tuple(i // rows for i, rows in zip(key[1:], block, strict=True))

    leaving = {
        (edge, worker(key))
        for key, needed in dependencies.items() if key[0].startswith("gradient-")
        for edge in needed if edge[0].startswith("edges-") and worker(edge) != worker(key)}
    assert scale.messages_between_blocks(grid, block) == len(leaving)


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(
    length=st.integers(3, 40), rows=st.integers(2, 20), edge_order=st.sampled_from([1, 2]))
def test_batches_give_the_bits_of_the_whole(scale, length, rows, edge_order):
    hypothesis.assume(length % rows != 1)
    field = np.random.default_rng(0).random((length, 3), np.float32)
    kept = [
        cgrad.gradient(field[read], 0.3, axis=0, edge_order=edge_order)[keep]
        for read, keep in scale.batches(length, rows)]
    expected = np.gradient(field, 0.3, axis=0, edge_order=edge_order)
    assert np.array_equal(np.concatenate(kept).view(np.int32), expected.view(np.int32))


def test_writes_in_batches_fill_the_targets_with_the_bits_of_the_whole(scale):
    field = np.random.default_rng(0).random((22, 12), np.float32)
    targets = [np.full_like(field, np.nan) for _ in range(field.ndim)]
    lazy = da.from_array(field, chunks=4)
    for writes in scale.writes_in_batches(lazy, 0.3, targets, rows=8):
        dask.persist(*writes, scheduler="synchronous")
    for got, expected in zip(targets, np.gradient(field, 0.3), strict=True):
        assert np.array_equal(got.view(np.int32), expected.view(np.int32))


def test_tables_are_for_the_sizes_they_name(scale):
    for size, shape in zip((scale.TIB, scale.PIB), scale.ARRAYS.values(), strict=True):
        assert math.prod(shape) * scale.ITEMSIZE == size
    for chunks in (scale.CUBES, scale.FLAT):
        sizes = [math.prod(chunk) * scale.ITEMSIZE // scale.MIB for chunk in chunks]
        assert sizes == [64, 256, 1024]
