"""Differentiate a field that is larger than memory, slab by slab, from file to file.

    python examples/memory_map.py --gib 4

A field on disk is mapped into memory, and so are its derivatives. Each slab is read
with one row more on either side, so that its derivatives are those of the whole, and
computed into the same scratch arrays. The largest resident size is printed at the
end: it stays near that of a slab, however large the field is, for what is mapped
and done with is given back.
"""

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

import cgrad

COLUMNS = 4096
SPACING = 30.0                      # metres


def write_field(path, rows):
    """Write rolling hills, in metres, as rows of float32."""
    x = np.arange(COLUMNS, dtype=np.float32) * (SPACING / 900)
    with open(path, "wb") as file:
        for row in tqdm(range(rows), desc="write", unit="row"):
            (100 * np.sin(x + row / 700) * np.cos(row / 300)).astype(np.float32).tofile(file)


def differentiate(source, target, rows, slab):
    """Write both derivatives of a field, each as rows of float32, one file after the other."""
    shape = (rows, COLUMNS)
    scratch = np.empty((2, slab + 2, COLUMNS), np.float32)
    for start in tqdm(range(0, rows, slab), desc="differentiate", unit="slab"):
        stop = min(start + slab, rows)
        first, last = max(start - 1, 0), min(stop + 1, rows)
        # Mapped anew for each slab, so that what is done with can leave memory.
        f = np.memmap(source, np.float32, "r", shape=shape)[first:last]
        slopes = np.memmap(target, np.float32, "r+", shape=(2, *shape))
        out = cgrad.gradient(np.asarray(f), SPACING, out=scratch[:, : last - first])
        slopes[:, start:stop] = out[:, start - first : stop - first]
        slopes.flush()


def check(source, target, rows):
    """Compare some rows in the middle with NumPy's."""
    shape = (rows, COLUMNS)
    f = np.memmap(source, np.float32, "r", shape=shape)
    slopes = np.memmap(target, np.float32, "r", shape=(2, *shape))
    middle = rows // 2
    expected = np.gradient(np.asarray(f[middle - 2 : middle + 3]), SPACING)
    return all(
        np.array_equal(slopes[axis, middle - 1 : middle + 2], expected[axis][1:-1])
        for axis in (0, 1))


def main(argv=None):
    """Write a field, differentiate it, and say how much memory it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gib", type=float, default=0.25, help="size of the field on disk")
    parser.add_argument("--slab", type=int, default=512, help="rows in a slab")
    parser.add_argument("--folder", type=Path, help="where to put the files (a temporary folder)")
    options = parser.parse_args(argv)
    rows = max(8, int(options.gib * 2**30) // (4 * COLUMNS))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source, target = Path(folder, "field"), Path(folder, "slopes")
        write_field(source, rows)
        with open(target, "wb") as file:
            file.truncate(2 * source.stat().st_size)
        differentiate(source, target, rows, options.slab)
        equal = check(source, target, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows} x {COLUMNS} float32, {4 * rows * COLUMNS / 2**20:.0f} MiB; "
          f"largest resident size {peak:.0f} MiB; bits equal to NumPy's: "
          f"{'yes' if equal else 'NO'}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
