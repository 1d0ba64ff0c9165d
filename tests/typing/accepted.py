"""Calls that type checkers take, and what they say comes back.

`test_types.py` has mypy read this, and calls each function with data of the types that its
parameters are annotated with, where `assert_type` looks at what really came back.
"""

from contextlib import AbstractContextManager
from typing import Any, SupportsIndex, TypeAlias, TypeVar, assert_type

import numpy as np

import cgrad
from cgrad import gradient

Number = TypeVar("Number", bound=np.generic)
Array0: TypeAlias = np.ndarray[tuple[()], np.dtype[Number]]
Array1: TypeAlias = np.ndarray[tuple[int], np.dtype[Number]]
Array2: TypeAlias = np.ndarray[tuple[int, int], np.dtype[Number]]
Array3: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[Number]]
Array4: TypeAlias = np.ndarray[tuple[int, int, int, int], np.dtype[Number]]
ArrayN: TypeAlias = np.ndarray[Any, np.dtype[Number]]
Two: TypeAlias = tuple[Array2[np.float32], Array2[np.float32]]
Map1: TypeAlias = np.memmap[tuple[int], np.dtype[np.float32]]
Map2: TypeAlias = np.memmap[tuple[int, int], np.dtype[np.float32]]


class Date(np.datetime64):
    """A time, of a type without parameters: datetime64 has one in newer stubs, Any unless given.

    Where there is an Any, mypy leaves overloads undecided, those of `numpy.gradient` too.
    """


class Duration(np.timedelta64):
    """A duration, as Date."""


def as_many_arrays_as_dimensions(
    f0: Array0[np.float32], f1: Array1[np.float32], f2: Array2[np.float32],
    f3: Array3[np.float32], f4: Array4[np.float32],
) -> None:
    assert_type(gradient(f0), tuple[()])
    assert_type(gradient(7.0), tuple[()])
    assert_type(gradient(np.float64(7)), tuple[()])
    assert_type(gradient(f1), Array1[np.float32])
    assert_type(gradient(f2), tuple[Array2[np.float32], Array2[np.float32]])
    assert_type(
        gradient(f3), tuple[Array3[np.float32], Array3[np.float32], Array3[np.float32]])
    assert_type(
        gradient(f4),
        tuple[Array4[np.float32], Array4[np.float32], Array4[np.float32], Array4[np.float32]])


def inexact_numbers_and_durations_keep_their_dtype(
    half: Array1[np.float16], double: Array1[np.float64], extended: Array1[np.longdouble],
    narrow: Array1[np.complex64], wide: Array1[np.complex128], duration: Array1[Duration],
) -> None:
    assert_type(gradient(half), Array1[np.float16])
    assert_type(gradient(double), Array1[np.float64])
    assert_type(gradient(extended), Array1[np.longdouble])
    assert_type(gradient(narrow), Array1[np.complex64])
    assert_type(gradient(wide), Array1[np.complex128])
    assert_type(gradient(duration), Array1[Duration])


def dates_become_durations(
    f1: Array1[Date], f2: Array2[Date], f3: Array3[Date],
    f4: Array4[Date],
) -> None:
    assert_type(gradient(f1), Array1[np.timedelta64])
    assert_type(gradient(f2), tuple[Array2[np.timedelta64], Array2[np.timedelta64]])
    assert_type(
        gradient(f3),
        tuple[Array3[np.timedelta64], Array3[np.timedelta64], Array3[np.timedelta64]])
    assert_type(
        gradient(f4),
        tuple[
            Array4[np.timedelta64], Array4[np.timedelta64],
            Array4[np.timedelta64], Array4[np.timedelta64]])
    assert_type(gradient(f2, axis=0), Array2[np.timedelta64])
    assert_type(gradient(f2, axis=(0, 1)), tuple[Array2[np.timedelta64], Array2[np.timedelta64]])
    assert_type(
        gradient(f3, axis=(0, 1, 2)),
        tuple[Array3[np.timedelta64], Array3[np.timedelta64], Array3[np.timedelta64]])


def integers_and_objects_become_float64(
    signed: Array1[np.int8], unsigned: Array2[np.uint16], objects: Array3[np.object_],
    f4: Array4[np.int64],
) -> None:
    assert_type(gradient(signed), Array1[np.float64])
    assert_type(gradient(unsigned), tuple[Array2[np.float64], Array2[np.float64]])
    assert_type(
        gradient(objects), tuple[Array3[np.float64], Array3[np.float64], Array3[np.float64]])
    assert_type(
        gradient(f4),
        tuple[Array4[np.float64], Array4[np.float64], Array4[np.float64], Array4[np.float64]])
    assert_type(gradient(unsigned, axis=1), Array2[np.float64])
    assert_type(gradient(objects, axis=(2, 0)), tuple[Array3[np.float64], Array3[np.float64]])
    assert_type(
        gradient(objects, axis=(2, 0, 1)),
        tuple[Array3[np.float64], Array3[np.float64], Array3[np.float64]])


def calls_in_the_place_of_an_argument_keep_their_dtype() -> None:
    assert_type(gradient(np.zeros(5, np.int16)), Array1[np.float64])
    assert_type(gradient(np.zeros(5, np.int16), axis=0), Array1[np.float64])
    assert_type(gradient(np.ones((5, 6))), tuple[Array2[np.float64], Array2[np.float64]])
    assert_type(
        gradient(np.zeros((5, 6), np.float32)), tuple[Array2[np.float32], Array2[np.float32]])
    assert_type(
        gradient(np.zeros((5, 6), np.int16), axis=(0, 1)),
        tuple[Array2[np.float64], Array2[np.float64]])


def one_axis_gives_one_array(f3: Array3[np.float32], f: ArrayN[np.complex64]) -> None:
    assert_type(gradient(f3, axis=0), Array3[np.float32])
    assert_type(gradient(f3, axis=(-1,)), Array3[np.float32])
    assert_type(gradient(f3, axis=np.int64(1)), Array3[np.float32])
    assert_type(gradient(f, axis=0), ArrayN[np.complex64])


def several_axes_give_as_many(f3: Array3[np.float32], f: ArrayN[np.complex64]) -> None:
    assert_type(gradient(f3, axis=()), tuple[()])
    assert_type(gradient(f3, axis=(0, 2)), tuple[Array3[np.float32], Array3[np.float32]])
    assert_type(
        gradient(f3, axis=(2, 1, 0)),
        tuple[Array3[np.float32], Array3[np.float32], Array3[np.float32]])
    assert_type(gradient(f, axis=(0, 1)), tuple[ArrayN[np.complex64], ArrayN[np.complex64]])


def of_unknown_dimensions_either_can_be_used_unasked(f: ArrayN[np.float64]) -> None:
    down, across = gradient(f)
    assert (down + across).shape == (gradient(f, axis=[0]) + 1).shape


def subclasses_come_back(f: Map2) -> None:
    assert_type(gradient(f, axis=0), Map2)


def sequences_are_arrays_as_deep() -> None:
    assert_type(gradient([1, 2, 4]), Array1[np.float64])
    assert_type(gradient((1.0, 2.0), axis=0), Array1[np.float64])
    assert_type(gradient([[1.0, 2], [3, 4]]), tuple[Array2[np.float64], Array2[np.float64]])
    assert_type(gradient([[1.0, 2], [3, 4]], axis=-1), Array2[np.float64])
    cube = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]
    assert_type(
        gradient(cube), tuple[Array3[np.float64], Array3[np.float64], Array3[np.float64]])
    assert_type(gradient(cube, axis=1), Array3[np.float64])
    line = [1j, 2 + 0j]
    assert_type(gradient(line), Array1[np.complex128])
    assert_type(gradient([line, line]), tuple[Array2[np.complex128], Array2[np.complex128]])
    assert_type(gradient([line, line], axis=0), Array2[np.complex128])
    assert_type(
        gradient([[line, line], [line, line]]),
        tuple[Array3[np.complex128], Array3[np.complex128], Array3[np.complex128]])
    assert_type(gradient([[line, line], [line, line]], axis=0), Array3[np.complex128])


def spacings_are_numbers_or_coordinates(
    f: Array2[np.float32], numbers: Array1[np.int16], object_: Array1[np.object_],
) -> None:
    assert_type(gradient(f, 2), Two)
    assert_type(gradient(f, 0.5, np.float32(2)), Two)
    assert_type(gradient(f, numbers, [0.0, 1.0, 3.0], edge_order=2), Two)
    assert_type(gradient(f, (0, 1, 3), 1.0, axis=(1, 0)), Two)
    assert_type(gradient(f, object_, np.array(2.0), edge_order=1), Two)


def what_is_given_to_out_comes_back(
    f1: Array1[np.int32], f2: Array2[np.int32], f3: Array3[np.int32], line: Map1,
    one: Array2[np.float64], wide: Array2[np.complex64], stacked: Array4[np.float64],
    several: tuple[Array2[np.float64], ...],
) -> None:
    assert_type(gradient(f1, out=line), Map1)
    assert_type(gradient(f1, out=(line,)), Map1)
    assert_type(gradient(f2, axis=0, out=one), Array2[np.float64])
    assert_type(gradient(f3, out=stacked), Array4[np.float64])
    assert_type(gradient(f2, out=(one, wide)), tuple[Array2[np.float64], Array2[np.complex64]])
    assert_type(gradient(f2, out=[one, one.copy()]), Array2[np.float64] | list[Array2[np.float64]])
    assert_type(gradient(f2, axis=0, out=[one]), Array2[np.float64])
    assert_type(gradient(f2, axis=(), out=()), tuple[()])
    assert_type(
        gradient(f2, out=several), Array2[np.float64] | tuple[Array2[np.float64], ...])


def workers_are_anything_with_an_index(f: Array1[np.float64], index: SupportsIndex) -> None:
    assert_type(gradient(f, workers=2), Array1[np.float64])
    assert_type(gradient(f, workers=np.int64(-1)), Array1[np.float64])
    assert_type(gradient(f, workers=index), Array1[np.float64])
    assert_type(gradient(f, workers=None), Array1[np.float64])
    with cgrad.set_workers(index) as nothing:
        assert_type(nothing, None)
    manager: AbstractContextManager[None] = cgrad.set_workers(-1)
    del manager


def the_rest() -> None:
    assert_type(cgrad.free_kept_memory(), int)
    assert_type(cgrad.__version__, str)
    cgrad.patch_numpy()
    assert_type(cgrad.is_patched(), bool)
    cgrad.restore_numpy()
    with cgrad.patched_numpy() as nothing:
        assert_type(nothing, None)


def all_that_numpy_takes_is_taken(duck: Any, f: ArrayN[np.float64]) -> None:
    gradient(duck, axis=0)
    gradient([f, f])
    gradient(f, axis=iter([0, 1]))
    gradient(f, axis=np.array([0, 1]))
