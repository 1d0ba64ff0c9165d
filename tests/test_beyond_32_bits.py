"""Axes longer than 2**31 points, and more points than that in all."""

import os

import numpy as np
import pytest

import cgrad

N = 2**31 + 1000


def free_memory():
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError):
        return 0


pytestmark = pytest.mark.skipif(
    free_memory() < 14 * 2**30, reason="needs 14 GiB of free memory")


@pytest.fixture(scope="module")
def long_file(tmp_path_factory):
    """Half a dozen numbers in a file that takes no room but for them."""
    path = tmp_path_factory.mktemp("long") / "f2"
    f = np.memmap(path, "f2", "w+", shape=(N,))
    places = [0, 1, 2**31 - 2, 2**31 - 1, 2**31, N - 3, N - 1]
    f[places] = np.arange(len(places)) + 1.5
    f.flush()
    return np.memmap(path, "f2", "r", shape=(N,))


def windows():
    for middle in (0, 2**30, 2**31 - 1, N - 1):
        yield max(middle - 20, 0), min(middle + 20, N)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_axis_longer_than_32_bits_count(long_file, workers):
    got = cgrad.gradient(long_file.view(np.ndarray), 2.0, edge_order=2, workers=workers)
    assert got.shape == (N,)
    for begin, end in windows():
        expected = np.gradient(long_file[begin:end], 2.0, edge_order=2)
        inner = slice(begin > 0, None if end == N else -1)
        np.testing.assert_array_equal(got[begin:end][inner], expected[inner])


def test_more_points_than_32_bits_count(long_file):
    f = long_file.view(np.ndarray)[: N // 2 * 2].reshape(2, -1)
    got = cgrad.gradient(f, axis=0)
    for begin, end in ((0, 40), (2**30 - 560, 2**30 - 480), (f.shape[1] - 40, f.shape[1])):
        np.testing.assert_array_equal(
            got[:, begin:end], np.gradient(np.asarray(f[:, begin:end]), axis=0))


def test_a_stride_of_more_than_32_bits(long_file):
    f = long_file.view(np.ndarray)[:: 2**30]
    assert f.strides == (2**31,)
    np.testing.assert_array_equal(cgrad.gradient(f), np.gradient(f))
