"""Dask arrays on a cluster of processes, from Zarr to Zarr, larger than memory, with a death."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import cgrad

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
zarr = pytest.importorskip("zarr")
da = pytest.importorskip("dask.array")

# What distributed and Zarr leave open or have deprecated themselves, in processes and threads
# that end at any time, is not ours.
pytestmark = pytest.mark.filterwarnings("default")

LIMIT = 300 * 2**20     # bytes of memory that each worker may have
SPACING = 0.3


@pytest.fixture
def client(tmp_path):
    settings = {
        "temporary-directory": str(tmp_path / "spilled"),
        "distributed.admin.large-graph-warning-threshold": "1 GiB",
        "distributed.comm.timeouts.connect": "60s",
    }
    with dask.config.set(settings), distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, memory_limit=LIMIT,
            dashboard_address=None) as cluster, distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


def write_field(path, shape, chunks):
    """Write noise, a slab of chunks at a time."""
    field = zarr.create_array(path, shape=shape, chunks=chunks, dtype="f4", compressors=None)
    random = np.random.default_rng(0)
    for start in range(0, shape[0], chunks[0]):
        stop = min(start + chunks[0], shape[0])
        field[start:stop] = random.random((stop - start, *shape[1:]), np.float32)
    return field


def lazy_write(slopes, folder):
    """Return what writes each of some lazy arrays to Zarr, and the arrays on disk."""
    targets = [
        zarr.create_array(
            folder / f"slope{i}", shape=slope.shape, chunks=slope.chunksize, dtype=slope.dtype,
            compressors=None)
        for i, slope in enumerate(slopes)]
    return da.store(slopes, targets, lock=False, compute=False), targets


def assert_right(field, coordinates, targets):
    """Compare what is on disk with the answer in memory, slab by slab."""
    rows = field.chunks[0]
    for start in range(0, field.shape[0], rows):
        stop = min(start + rows, field.shape[0])
        # Two rows of others, so that this slab's edges of order 2 are those of the whole.
        first, last = max(start - 2, 0), min(stop + 2, field.shape[0])
        expected = np.gradient(field[first:last], SPACING, coordinates, edge_order=2)
        for target, slope in zip(targets, expected, strict=True):
            got = target[start:stop]
            assert np.array_equal(
                got.view(np.int32), slope[start - first: stop - first].view(np.int32))


def test_a_dataset_larger_than_the_memory_of_all_workers(client, tmp_path):
    shape, chunks = (12_000, 14_200), (1000, 1024)
    field = write_field(tmp_path / "field", shape, chunks)
    assert field.nbytes > 2 * LIMIT
    x = np.cumsum(np.random.default_rng(1).random(shape[1]) + 0.1)
    lazy = da.from_zarr(tmp_path / "field")
    slopes = cgrad.gradient(
        lazy, SPACING, da.from_array(x, chunks=5000), edge_order=2)
    writes, targets = lazy_write(slopes, tmp_path)
    dask.compute(*writes, scheduler=client)
    assert_right(field, x, targets)


def test_a_worker_killed_in_the_middle(client, tmp_path):
    shape, chunks = (4000, 4100), (250, 256)
    field = write_field(tmp_path / "field", shape, chunks)
    x = np.cumsum(np.random.default_rng(1).random(shape[1]) + 0.1)
    slopes = cgrad.gradient(da.from_zarr(tmp_path / "field"), SPACING, x, edge_order=2)
    writes, targets = lazy_write(slopes, tmp_path)
    victim = next(iter(client.run(os.getpid).values()))
    killed_at = []

    def kill_in_the_middle():
        while (done := targets[0].nchunks_initialized) < 20:
            time.sleep(0.005)
        os.kill(victim, signal.SIGKILL)
        killed_at.append(done)

    killer = threading.Thread(target=kill_in_the_middle, daemon=True)
    killer.start()
    dask.compute(*writes, scheduler=client)
    killer.join(timeout=10)
    assert killed_at
    assert killed_at[0] < targets[0].nchunks
    assert_right(field, x, targets)
