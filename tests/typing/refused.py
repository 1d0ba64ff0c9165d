"""Calls that type checkers refuse, and statements that do not hold: each line with a comment."""

from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import cgrad
from cgrad import gradient

F1: np.ndarray[tuple[int], np.dtype[np.float32]] = np.zeros(3, np.float32)
F2: np.ndarray[tuple[int, int], np.dtype[np.float32]] = np.zeros((3, 3), np.float32)
DATES: NDArray[np.datetime64] = np.zeros(3, np.dtype("M8[s]"))
INTEGERS: NDArray[np.int64] = np.zeros(3, np.int64)

assert_type(gradient(F1), np.ndarray[tuple[int], np.dtype[np.float64]])  # float32
assert_type(gradient(F2), np.ndarray[tuple[int, int], np.dtype[np.float32]])  # a tuple
assert_type(gradient(F2, axis=0), tuple[()])  # an array
assert_type(gradient(F2, axis=(0, 1)), NDArray[np.float32])  # a tuple
assert_type(gradient(INTEGERS, axis=0), NDArray[np.int64])  # float64
one, two = gradient(F2, axis=(0, 1, 1))  # three
number: float = gradient(F1)  # an array
dates: list[np.datetime64] = gradient([1, 2])  # an array

gradient()  # no data
gradient(None)  # no data
gradient(F1, None)  # no number
gradient(F1, "1")  # no number
gradient(F1, ["1", "2"])  # no numbers
gradient(F1, DATES)  # no numbers
gradient(F1, axis=0.5)  # no integer
gradient(F1, axis="0")  # no integer
gradient(F1, axis=(0.5,))  # no integer
gradient(F1, edge_order=3)  # neither 1 nor 2
gradient(F1, edge_order=None)  # neither 1 nor 2
gradient(F1, edges=1)  # no such argument
gradient(F1, out=7)  # no array
gradient(F2, out=(F2, 7))  # not only arrays
gradient(F1, out=INTEGERS)  # cannot hold float32
gradient(F2, out=[INTEGERS, INTEGERS])  # cannot hold float32
gradient(F1, workers=1.5)  # no integer
gradient(F1, workers="all")  # no integer

cgrad.set_workers(None)  # no integer
cgrad.set_workers(0.5)  # no integer
cgrad.free_kept_memory(1)  # takes no argument
cgrad.differentiate(F1, (), None, 1)  # not public
