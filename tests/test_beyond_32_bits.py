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


def write_long_file(path, dtype):
    """Half a dozen numbers in a file that takes no room but for them."""
    f = np.memmap(path, dtype, "w+", shape=(N,))
    places = [0, 1, 2**31 - 2, 2**31 - 1, 2**31, N - 3, N - 1]
    f[places] = np.arange(len(places)) + 1.5
    f.flush()
    return np.memmap(path, dtype, "r", shape=(N,))


@pytest.fixture(scope="module")
def long_file(tmp_path_factory):
    return write_long_file(tmp_path_factory.mktemp("long") / "f2", "f2")


def windows():
    for middle in (0, 2**30, 2**31 - 1, N - 1):
        yield max(middle - 20, 0), min(middle + 20, N)


def assert_same_in_windows(got, f, *coordinates):
    assert got.shape == (N,)
    for begin, end in windows():
        spacing = [x[begin:end] for x in coordinates] or [2.0]
        expected = np.gradient(f[begin:end], *spacing, edge_order=2)
        inner = slice(begin > 0, None if end == N else -1)
        np.testing.assert_array_equal(got[begin:end][inner], expected[inner])


@pytest.mark.parametrize("workers", [1, 2])
def test_an_axis_longer_than_32_bits_count(long_file, workers):
    got = cgrad.gradient(long_file.view(np.ndarray), 2.0, edge_order=2, workers=workers)
    assert_same_in_windows(got, long_file)


def test_such_an_axis_whose_numbers_are_not_converted(tmp_path):
    f = write_long_file(tmp_path / "f4", "f4")
    assert_same_in_windows(cgrad.gradient(f.view(np.ndarray), 2.0, edge_order=2), f)


def test_such_an_axis_with_coordinates(long_file):
    x = np.tile(np.array([0, 1, 3], np.uint8), N // 3 + 1)[:N]
    got = cgrad.gradient(long_file.view(np.ndarray), x, edge_order=2)
    assert_same_in_windows(got, long_file, x)


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
