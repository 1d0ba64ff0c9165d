"""Differentiate a field on disk that is larger than memory with Dask, from Zarr to Zarr.

    pip install '.[dask]'
    python examples/dask_from_zarr.py --gib 4

Rolling hills are written as a Zarr dataset if there is none yet, their slopes are computed
chunk by chunk under Dask's progress bar and written to another dataset, and some rows are
compared with NumPy's. A second run finds the hills where the first left them.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import zarr
from dask.diagnostics import ProgressBar

import cgrad

CHUNK = 1024
COLUMNS = 8 * CHUNK
SPACING = 30.0                      # metres


def hills(block_info=None):
    """Make one chunk of rolling hills, in metres."""
    (top, bottom), (left, right) = block_info[None]["array-location"]
    y, x = np.ogrid[top:bottom, left:right]
    return (100 * np.sin(x / 30 + y / 700) * np.cos(y / 300)).astype(np.float32)


def write_field(path, gib):
    """Write the hills."""
    rows = max(2, round(gib * 2**30 / (4 * COLUMNS * CHUNK))) * CHUNK
    field = da.map_blocks(
        hills, chunks=((CHUNK,) * (rows // CHUNK), (CHUNK,) * (COLUMNS // CHUNK)),
        dtype=np.float32, meta=np.empty((0, 0), np.float32))
    unfinished = path.with_suffix(".unfinished")
    with ProgressBar():
        field.to_zarr(unfinished, overwrite=True)
    unfinished.rename(path)


def differentiate(source, folder):
    """Write the slopes in both directions, and return the datasets."""
    field = da.from_zarr(source)
    slopes = cgrad.gradient(field, SPACING)
    targets = [
        zarr.create_array(folder / name, shape=field.shape, chunks=field.chunksize,
                          dtype=field.dtype, overwrite=True)
        for name in ("down", "across")]
    writes = da.store(slopes, targets, lock=False, compute=False)
    with ProgressBar():
        # Both in one computation, so that each chunk of the field is read once. Not
        # dask.compute, which gathers an answer and so keeps more chunks in memory.
        dask.persist(*writes)
    return targets


def check(source, targets):
    """Compare some rows at the border of two chunks with NumPy's."""
    field = zarr.open_array(source, mode="r")
    expected = np.gradient(field[CHUNK - 3 : CHUNK + 3], SPACING)
    return all(
        np.array_equal(target[CHUNK - 2 : CHUNK + 2], slope[1:-1])
        for target, slope in zip(targets, expected, strict=True))


def main(argv=None):
    """Write a field if there is none, differentiate it, and say what was done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=0.25, help="size of the field (0.25)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "cgrad-hills"),
                        help="where the datasets are (a folder for temporary files)")
    options = parser.parse_args(argv)
    source = options.folder / f"hills-{options.gib:g}-gib"
    if not source.exists():
        print(f"write {source}")
        write_field(source, options.gib)
    print(f"differentiate into {options.folder}")
    start = time.perf_counter()
    targets = differentiate(source, options.folder)
    seconds = time.perf_counter() - start
    equal = check(source, targets)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows, columns = targets[0].shape
    print(f"{rows} x {columns} float32, {rows * columns / 2**18:.0f} MiB, in {targets[0].nchunks} "
          f"chunks: two slopes in {seconds:.1f} s; largest resident size {peak:.0f} MiB; bits "
          f"equal to NumPy's: {'yes' if equal else 'NO'}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
