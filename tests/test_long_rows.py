"""Rows whose ends are done apart.

Of long ones, the first numbers, up to where a line of memory begins. Of those that vectors.h takes,
what is left of whole vectors: one by one, or, of combinations, by a vector that overlaps the one
before.
"""

import numpy as np
import pytest
from surroundings import AROUND, LINE, surrounded

from cgrad._simd import kernels


# Both sides of the lengths of a vector, of a group of them, and of what is long.
@pytest.mark.parametrize(("dtype", "n"), [
    *((dtype, n) for dtype in ("f8", "f4") for n in (3, 5, 6, 7, 9, 10, 11, 17, 18, 19, 37, 41)),
    ("f8", 125), ("f8", 126), ("f8", 127), ("f8", 128), ("f8", 144), ("f8", 517),
    ("f4", 250), ("f4", 251), ("f4", 252), ("f4", 253), ("f4", 288), ("f4", 1033),
])
@pytest.mark.parametrize("step", [1, -1])
def test_results_are_numpys_wherever_data_and_results_begin(dtype, n, step):
    random = np.random.default_rng(n)
    wide = [np.cumsum(random.random(size) + 0.1) for size in (4, n)]
    own = [x.astype(dtype) for x in wide]
    spacings = [(), (0.3,), own]
    if dtype == "f4":
        spacings += [wide, (np.float64(0.3),), (np.float64(0.25),)]
    for offset in range(0, LINE, np.dtype(dtype).itemsize):
        f, _ = surrounded((4, n), dtype, offset)
        f[...] = random.random(f.shape)
        f = f[:, ::step]
        for spacing in spacings:
            results, memories = zip(
                *(surrounded(f.shape, dtype, at % LINE) for at in (offset * 5, offset + 24)),
                strict=True)
            expected = np.gradient(f.copy(), *spacing)
            with np.errstate(all="raise"):
                got = kernels.differentiate(f, tuple(spacing), None, 1, None, results)
            assert got is not None
            for result, memory, of_numpy in zip(results, memories, expected, strict=True):
                assert result.tobytes() == of_numpy.tobytes()
                result.view(memory.dtype)[...] = AROUND[dtype]
                assert (memory == AROUND[dtype]).all()


LAYOUTS = {
    "rows": lambda f: f[:, ::2],
    "neighbours": lambda f: f[:, :f.shape[1] // 2],
    "backward": lambda f: f[:, :f.shape[1] // 2 - 1:-1],
    "a row that stands for all": lambda f: np.broadcast_to(
        f[:, :1], (*f.shape[:1], f.shape[1] // 2, *f.shape[2:])),
    # Along either axis the next row is the same.
    "windows": lambda f: np.lib.stride_tricks.as_strided(
        f, (3, f.shape[1] // 2, f.shape[2]), (f.strides[1], *f.strides[1:])),
}


# Both sides of a third of the first cache: longer rows that follow one another are two at once.
@pytest.mark.parametrize(("dtype", "n"), [
    *(("f8", n) for n in (1360, 1365, 1366, 1368, 1370, 1376, 1383)),
    *(("f4", n) for n in (2720, 2730, 2731, 2736, 2741, 2752, 2767)),
])
@pytest.mark.parametrize("rows", [3, 4, 5, 8])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1])
def test_rows_combined_two_at_once_are_numpys(dtype, n, rows, layout, axis):
    random = np.random.default_rng(n)
    whole, _ = surrounded((3, 2 * rows, n), dtype, 8)
    f = LAYOUTS[layout](whole)
    seen = f if f.flags.writeable else whole[:, :1]
    seen[...] = random.random(seen.shape)
    x = np.cumsum(random.random(f.shape[axis]) + 0.1).astype(dtype)
    result, memory = surrounded(f.shape, dtype, 24)
    expected = np.gradient(f, x, axis=axis)
    with np.errstate(all="raise"):
        assert kernels.differentiate(f, (x,), axis, 1, None, (result,)) is not None
    assert result.tobytes() == expected.tobytes()
    result.view(memory.dtype)[...] = AROUND[dtype]
    assert (memory == AROUND[dtype]).all()


@pytest.mark.parametrize("dtype", ["f8", "f4"])
@pytest.mark.parametrize("row", range(1, 7))
@pytest.mark.parametrize("column", [0, 1500, -1])
def test_an_event_in_any_of_two_rows_is_heard(dtype, row, column):
    f = np.zeros((8, 3001), dtype)
    x = np.arange(8).astype(dtype) ** 2
    with np.errstate(all="raise"):
        assert kernels.differentiate(f, (x,), 0, 1) is not None
        # Twice infinity along the axis, of which no other difference makes anything invalid.
        f[row - 1, column], f[row + 1, column] = -np.inf, -np.inf
        assert kernels.differentiate(f, (x,), 0, 1) is None
