"""What the gradient of a Dask array costs: tasks, bytes, messages, and the scheduler's time.

The page "Scale" shows the tables; ``tests/test_scale.py`` holds the formulas against graphs.
``python docs/plots/scale.py`` measures the scheduler, which the build of the manual does not.

A *grid* is the number of chunks along each axis, a *chunk* its shape. All axes are
differentiated, and all chunks are alike, of at least two rows along each axis.
"""

import math
import time

# Measured by `measure`: seconds of the scheduler's process, and bytes of its memory, per task.
SECONDS_PER_TASK = 0.7e-3
BYTES_PER_TASK = 6.8 * 2**10

ITEMSIZE = 4                     # float32
MIB, TIB, PIB = 2**20, 2**40, 2**50
ARRAYS = {"1 TiB": (8192, 8192, 4096), "1 PiB": (65536, 65536, 65536)}
CUBES = ((256, 256, 256), (512, 512, 256), (1024, 512, 512))
FLAT = ((16, 1024, 1024), (16, 2048, 2048), (16, 4096, 4096))
WORKERS = 10, 100, 1000, 10_000


def grid_of(shape, chunk):
    """Return how many chunks there are along each axis."""
    return tuple(-(-length // rows) for length, rows in zip(shape, chunk, strict=True))


def tasks(grid):
    """Return how many tasks cgrad makes: edges, gradients, and one result for each axis."""
    chunks, axes = math.prod(grid), len(grid)
    return chunks * ((chunks > 1) + 1 + (axes if axes > 1 else 0))


def tasks_in_all(grid):
    """Return the number with one task to read each chunk, and one to store each result."""
    return tasks(grid) + math.prod(grid) * (1 + len(grid))


def faces(chunk, itemsize=ITEMSIZE):
    """Return the bytes of one row of a chunk, for each axis."""
    return [math.prod(chunk) // rows * itemsize for rows in chunk]


def halo(grid, chunk, itemsize=ITEMSIZE):
    """Return the bytes of all rows that are copied: two for each border between chunks."""
    chunks = math.prod(grid)
    return sum(
        2 * (count - 1) * (chunks // count) * face
        for count, face in zip(grid, faces(chunk, itemsize), strict=True))


def messages(grid):
    """Return how often a chunk's rows go to another chunk: the most that can be sent."""
    chunks = math.prod(grid)
    return sum(2 * (count - 1) * (chunks // count) for count in grid)


def sent(grid, chunk, itemsize=ITEMSIZE):
    """Return the bytes of all messages, if no two neighbours are on one worker.

    All rows that are copied from a chunk are the result of one task, and Dask sends a result
    whole: each neighbour gets the rows of all sides.
    """
    chunks, total = math.prod(grid), 0
    for axis, count in enumerate(grid):
        # Summed over the chunks along an axis: their neighbours there, and the squares.
        neighbours, squares = 2 * (count - 1), 4 * count - 6 if count > 1 else 0
        for other, face in enumerate(faces(chunk, itemsize)):
            if other == axis:
                total += squares * (chunks // count) * face
            else:
                total += neighbours * 2 * (grid[other] - 1) * (
                    chunks // count // grid[other]) * face
    return total


def messages_between_blocks(grid, block):
    """Return how many messages there are if each worker has blocks of neighbouring chunks.

    The grid is one of whole blocks, and no two blocks that touch are on one worker. A chunk
    whose neighbours on two sides are on other workers sends a message to each.
    """
    chunks = math.prod(grid)
    return sum(
        2 * (count // rows - 1) * (chunks // count)
        for count, rows in zip(grid, block, strict=True))


def batches(length, rows):
    """Cut an axis into batches: which rows to read for each, and which of the results to keep.

    A batch is read with one row of each neighbour. Its results at these rows are not kept.
    Each batch needs two rows at least, the last as well.
    """
    for first in range(0, length, rows):
        start, stop = max(first - 1, 0), min(first + rows + 1, length)
        yield slice(start, stop), slice(first - start, min(first + rows, length) - start)


def writes_in_batches(field, spacing, targets, rows):
    """Yield, for each batch, what writes the slopes along all axes to one target for each.

    `rows` is a multiple of the chunks' rows, of the field and of the targets, so that no two
    tasks write to one chunk.
    """
    import dask.array as da

    import cgrad

    for read, keep in batches(len(field), rows):
        slopes = [slope[keep] for slope in cgrad.gradient(field[read], spacing)]
        first = read.start + keep.start
        region = (slice(first, first + len(slopes[0])),)
        yield da.store(slopes, targets, regions=[region] * len(slopes), lock=False, compute=False)


def shapes(array="1 PiB"):
    """Work out the table of what each chunk copies and sends; blocks are of 4 by 4 by 4."""
    header = ("chunk", "shape", "copied", "messages a chunk, at most", "sent, at most",
              "messages a chunk, in blocks")
    rows = []
    for kind, chunks in (("cube", CUBES), ("flat", FLAT)):
        for chunk in chunks:
            grid, size = grid_of(ARRAYS[array], chunk), math.prod(ARRAYS[array]) * ITEMSIZE
            count = math.prod(grid)
            block = [min(4, rows) for rows in grid]
            rows.append((
                f"{kind}, {amount(math.prod(chunk) * ITEMSIZE)}",
                " by ".join(map(str, chunk)), f"{halo(grid, chunk) / size:.1%}",
                f"{messages(grid) / count:.1f}", f"{sent(grid, chunk) / size:.0%}",
                f"{messages_between_blocks(grid, block) / count:.1f}"))
    return header, rows


def sizes():
    """Work out the table of tasks, for each size of data and of chunks."""
    header = ("data", "chunks of", "chunks", "tasks", "scheduler's time",
              "its memory", "data a second", *(f"tasks each of {n:,}" for n in WORKERS))
    rows = []
    for name, shape in ARRAYS.items():
        for chunk in CUBES:
            grid = grid_of(shape, chunk)
            count = tasks_in_all(grid)
            seconds, size = count * SECONDS_PER_TASK, math.prod(chunk) * ITEMSIZE
            rows.append((
                name, amount(size), f"{math.prod(grid):,}", f"{count:,}", duration(seconds),
                amount(count * BYTES_PER_TASK), amount(math.prod(grid) * size / seconds),
                *(f"{count / workers:,.0f}" for workers in WORKERS)))
    return header, rows


def amount(size):
    """Write a number of bytes."""
    return f"{size / 2**30:,.0f} GiB" if size >= 2**30 else f"{size / MIB:,.0f} MiB"


def duration(seconds):
    """Write a duration in words."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def measure(count=12):
    """Measure a scheduler with tasks that do next to nothing, of `count` chunks along each axis.

    The scheduler shares a process with the client; workers have another. What is counted is
    the processor time of the first, so that other work on the machine matters little.

    Returns
    -------
    tasks : int
        How many the scheduler had.
    seconds : float
        Per task.
    memory : float
        By how many bytes the process grew, per task.
    """
    import dask.array as da
    import distributed
    import numpy as np

    import cgrad

    slopes = cgrad.gradient(da.zeros((4 * count,) * 3, chunks=4, dtype="f4"))
    # In place of a store: one more task for each result, which leaves nothing to keep.
    stored = [
        slope.map_blocks(lambda block: np.zeros((1, 1, 1), bool), chunks=(1, 1, 1), dtype=bool)
        for slope in slopes]
    with distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None,
            ) as cluster, distributed.Client(cluster) as client:
        memory, start = resident(), time.process_time()
        running = client.persist(stored)
        distributed.wait(running)
        seconds = time.process_time() - start
        number = len(cluster.scheduler.tasks)
        return number, seconds / number, (resident() - memory) / number


def resident():
    """Return how much memory the process has, on Linux."""
    import resource
    from pathlib import Path

    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    number, seconds, memory = measure()
    print(f"{number} tasks: {seconds * 1e3:.2f} ms and {memory / 1024:.1f} KiB per task")
