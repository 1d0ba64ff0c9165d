# Types of all that is public; what it does is said where it is implemented, in cgrad/*.py.
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Never, Protocol, SupportsIndex, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "free_kept_memory",
    "gradient",
    "is_patched",
    "patch_numpy",
    "patched_numpy",
    "restore_numpy",
    "set_workers",
]

__version__: str

def set_workers(workers: SupportsIndex) -> AbstractContextManager[None]: ...
def free_kept_memory() -> int: ...
def patch_numpy() -> None: ...
def restore_numpy() -> None: ...
def is_patched() -> bool: ...
def patched_numpy() -> AbstractContextManager[None]: ...

# What follows is `gradient` alone. One overload for each way in which the arguments decide how
# many arrays come back, and of which dtype and shape: by `axis`, or else the number of
# dimensions; then by the dtype of `f`; if `out` is given, by it alone.

_Shape = TypeVar("_Shape", bound=tuple[int, ...])
_Scalar = TypeVar("_Scalar", bound=np.generic)
_Array: TypeAlias = np.ndarray[_Shape, np.dtype[_Scalar]]
_Array0: TypeAlias = np.ndarray[tuple[()], np.dtype[_Scalar]]
_Array1: TypeAlias = np.ndarray[tuple[int], np.dtype[_Scalar]]
_Array2: TypeAlias = np.ndarray[tuple[int, int], np.dtype[_Scalar]]
_Array3: TypeAlias = np.ndarray[tuple[int, int, int], np.dtype[_Scalar]]
_Array4: TypeAlias = np.ndarray[tuple[int, int, int, int], np.dtype[_Scalar]]
# Fits only shapes of which nothing is known, since no length but Any is a Never.
_Unknown: TypeAlias = tuple[Never, Never, Never, Never, Never]
_ArrayN: TypeAlias = np.ndarray[_Unknown, np.dtype[_Scalar]]

# Results of these are of the same dtype, and the same subclass of ndarray. Hence variables
# that stand for the whole array.
_Kept: TypeAlias = np.inexact[Any] | np.timedelta64
_KeptArray = TypeVar("_KeptArray", bound=NDArray[_Kept])
_KeptArray1 = TypeVar("_KeptArray1", bound=_Array1[_Kept])
_KeptArray2 = TypeVar("_KeptArray2", bound=_Array2[_Kept])
_KeptArray3 = TypeVar("_KeptArray3", bound=_Array3[_Kept])
_KeptArray4 = TypeVar("_KeptArray4", bound=_Array4[_Kept])
_KeptArrayN = TypeVar("_KeptArrayN", bound=_ArrayN[_Kept])
# Results of these are float64: objects are computed as they are, then converted.
_Convertible = TypeVar("_Convertible", bound=np.integer[Any] | np.bool | np.object_)
# And of these durations.
_Date = TypeVar("_Date", bound=np.datetime64)
# All of these are variables, and the shapes that go with them too: from a type without, mypy
# would work out that of a call in the argument's place, such as `np.zeros(5, np.int16)`, and
# take it for an array of dates.
_Shape1 = TypeVar("_Shape1", bound=tuple[int])
_Shape2 = TypeVar("_Shape2", bound=tuple[int, int])
_Shape3 = TypeVar("_Shape3", bound=tuple[int, int, int])
_Shape4 = TypeVar("_Shape4", bound=tuple[int, int, int, int])
_ShapeN = TypeVar("_ShapeN", bound=_Unknown)

# Lists, since a sequence of floats is one of complex numbers too, but a list is not.
_Floats2: TypeAlias = Sequence[Sequence[float]]
_Floats3: TypeAlias = Sequence[Sequence[Sequence[float]]]
_Complexes2: TypeAlias = Sequence[list[complex]]
_Complexes3: TypeAlias = Sequence[Sequence[list[complex]]]

class _HasNumbers(Protocol):
    def __array__(self) -> NDArray[np.number[Any] | np.bool | np.object_]: ...

_Number: TypeAlias = complex | np.number[Any] | np.bool
_Spacing: TypeAlias = _Number | Sequence[_Number] | _HasNumbers
# Not SupportsIndex: an array of several axes has __index__ too, as far as types tell.
_Axis: TypeAlias = int | np.integer[Any]
_OneAxis: TypeAlias = _Axis | tuple[_Axis]
_TwoAxes: TypeAlias = tuple[SupportsIndex, SupportsIndex]
_ThreeAxes: TypeAlias = tuple[SupportsIndex, SupportsIndex, SupportsIndex]
_Axes: TypeAlias = SupportsIndex | Iterable[SupportsIndex]
_Order: TypeAlias = Literal[1, 2]
_Workers: TypeAlias = SupportsIndex | None

# What results can be cast to with rule same_kind, integers being none of it.
_Target: TypeAlias = NDArray[np.inexact[Any] | np.timedelta64 | np.object_]
_Out = TypeVar("_Out", bound=_Target)
_Outs = TypeVar("_Outs", bound=tuple[_Target, _Target, *tuple[_Target, ...]])

# All axes of an array, which has nobody knows how many. A union of an array and a tuple would
# have to be asked before it can be used; whoever wrote the call mostly knows.
@overload
def gradient(
    f: _KeptArrayN, *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _KeptArrayN | Any: ...
@overload
def gradient(
    f: _Array[_ShapeN, _Date], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> NDArray[np.timedelta64] | Any: ...
@overload
def gradient(
    f: _Array[_ShapeN, _Convertible], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> NDArray[np.float64] | Any: ...
@overload
def gradient(
    f: _Array[_ShapeN, _Scalar], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> Any: ...

# All axes of an array, which has one to four, or none.
@overload
def gradient(
    f: _KeptArray1, *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _KeptArray1: ...
@overload
def gradient(
    f: _KeptArray2, *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_KeptArray2, _KeptArray2]: ...
@overload
def gradient(
    f: _KeptArray3, *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_KeptArray3, _KeptArray3, _KeptArray3]: ...
@overload
def gradient(
    f: _KeptArray4, *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_KeptArray4, _KeptArray4, _KeptArray4, _KeptArray4]: ...
@overload
def gradient(
    f: _Array[_Shape1, _Date], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array1[np.timedelta64]: ...
@overload
def gradient(
    f: _Array[_Shape2, _Date], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array2[np.timedelta64], _Array2[np.timedelta64]]: ...
@overload
def gradient(
    f: _Array[_Shape3, _Date], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array3[np.timedelta64], _Array3[np.timedelta64], _Array3[np.timedelta64]]: ...
@overload
def gradient(
    f: _Array[_Shape4, _Date], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[
    _Array4[np.timedelta64], _Array4[np.timedelta64],
    _Array4[np.timedelta64], _Array4[np.timedelta64],
]: ...
@overload
def gradient(
    f: _Array[_Shape1, _Convertible], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array1[np.float64]: ...
@overload
def gradient(
    f: _Array[_Shape2, _Convertible], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array2[np.float64], _Array2[np.float64]]: ...
@overload
def gradient(
    f: _Array[_Shape3, _Convertible], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array3[np.float64], _Array3[np.float64], _Array3[np.float64]]: ...
@overload
def gradient(
    f: _Array[_Shape4, _Convertible], *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[
    _Array4[np.float64], _Array4[np.float64], _Array4[np.float64], _Array4[np.float64],
]: ...
@overload
def gradient(
    f: complex | np.generic | _Array0[Any], *varargs: _Spacing, axis: None = None,
    edge_order: _Order = 1, out: None = None, workers: _Workers = None,
) -> tuple[()]: ...

# One axis of an array: the only result comes bare.
@overload
def gradient(
    f: _KeptArray, *varargs: _Spacing, axis: _OneAxis, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _KeptArray: ...
@overload
def gradient(
    f: _Array[_Shape, _Date], *varargs: _Spacing, axis: _OneAxis, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array[_Shape, np.timedelta64]: ...
@overload
def gradient(
    f: _Array[_Shape, _Convertible], *varargs: _Spacing, axis: _OneAxis, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array[_Shape, np.float64]: ...

# Two or three axes of an array, or none of anything.
@overload
def gradient(
    f: ArrayLike, *varargs: _Spacing, axis: tuple[()], edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[()]: ...
@overload
def gradient(
    f: _KeptArray, *varargs: _Spacing, axis: _TwoAxes, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_KeptArray, _KeptArray]: ...
@overload
def gradient(
    f: _KeptArray, *varargs: _Spacing, axis: _ThreeAxes, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_KeptArray, _KeptArray, _KeptArray]: ...
@overload
def gradient(
    f: _Array[_Shape, _Date], *varargs: _Spacing, axis: _TwoAxes, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array[_Shape, np.timedelta64], _Array[_Shape, np.timedelta64]]: ...
@overload
def gradient(
    f: _Array[_Shape, _Date], *varargs: _Spacing, axis: _ThreeAxes, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[
    _Array[_Shape, np.timedelta64], _Array[_Shape, np.timedelta64], _Array[_Shape, np.timedelta64],
]: ...
@overload
def gradient(
    f: _Array[_Shape, _Convertible], *varargs: _Spacing, axis: _TwoAxes, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array[_Shape, np.float64], _Array[_Shape, np.float64]]: ...
@overload
def gradient(
    f: _Array[_Shape, _Convertible], *varargs: _Spacing, axis: _ThreeAxes, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[
    _Array[_Shape, np.float64], _Array[_Shape, np.float64], _Array[_Shape, np.float64],
]: ...

# Nobody knows how many axes of an array.
@overload
def gradient(
    f: _KeptArray, *varargs: _Spacing, axis: _Axes | None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _KeptArray | Any: ...
@overload
def gradient(
    f: _Array[_Shape, _Date], *varargs: _Spacing, axis: _Axes | None = None,
    edge_order: _Order = 1, out: None = None, workers: _Workers = None,
) -> _Array[_Shape, np.timedelta64] | Any: ...
@overload
def gradient(
    f: _Array[_Shape, _Convertible], *varargs: _Spacing, axis: _Axes | None = None,
    edge_order: _Order = 1, out: None = None, workers: _Workers = None,
) -> _Array[_Shape, np.float64] | Any: ...

# Sequences of numbers, one to three deep.
@overload
def gradient(
    f: Sequence[float], *varargs: _Spacing, axis: _OneAxis | None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array1[np.float64]: ...
@overload
def gradient(
    f: _Floats2, *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array2[np.float64], _Array2[np.float64]]: ...
@overload
def gradient(
    f: _Floats2, *varargs: _Spacing, axis: _OneAxis, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array2[np.float64]: ...
@overload
def gradient(
    f: _Floats3, *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array3[np.float64], _Array3[np.float64], _Array3[np.float64]]: ...
@overload
def gradient(
    f: _Floats3, *varargs: _Spacing, axis: _OneAxis, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array3[np.float64]: ...
@overload
def gradient(
    f: list[complex], *varargs: _Spacing, axis: _OneAxis | None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array1[np.complex128]: ...
@overload
def gradient(
    f: _Complexes2, *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array2[np.complex128], _Array2[np.complex128]]: ...
@overload
def gradient(
    f: _Complexes2, *varargs: _Spacing, axis: _OneAxis, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array2[np.complex128]: ...
@overload
def gradient(
    f: _Complexes3, *varargs: _Spacing, axis: None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> tuple[_Array3[np.complex128], _Array3[np.complex128], _Array3[np.complex128]]: ...
@overload
def gradient(
    f: _Complexes3, *varargs: _Spacing, axis: _OneAxis, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> _Array3[np.complex128]: ...

# Into given arrays: what was given comes back, but an only array of a tuple or list comes bare.
@overload
def gradient(
    f: ArrayLike, *varargs: _Spacing, axis: _Axes | None = None, edge_order: _Order = 1,
    out: _Out, workers: _Workers = None,
) -> _Out: ...
@overload
def gradient(
    f: ArrayLike, *varargs: _Spacing, axis: _Axes | None = None, edge_order: _Order = 1,
    out: tuple[()], workers: _Workers = None,
) -> tuple[()]: ...
@overload
def gradient(
    f: ArrayLike, *varargs: _Spacing, axis: _Axes | None = None, edge_order: _Order = 1,
    out: tuple[_Out], workers: _Workers = None,
) -> _Out: ...
@overload
def gradient(
    f: ArrayLike, *varargs: _Spacing, axis: _Axes | None = None, edge_order: _Order = 1,
    out: _Outs, workers: _Workers = None,
) -> _Outs: ...
@overload
def gradient(
    f: ArrayLike, *varargs: _Spacing, axis: _OneAxis, edge_order: _Order = 1,
    out: list[_Out], workers: _Workers = None,
) -> _Out: ...
@overload
def gradient(
    f: ArrayLike, *varargs: _Spacing, axis: _Axes | None = None, edge_order: _Order = 1,
    out: tuple[_Out, ...], workers: _Workers = None,
) -> _Out | tuple[_Out, ...]: ...
@overload
def gradient(
    f: ArrayLike, *varargs: _Spacing, axis: _Axes | None = None, edge_order: _Order = 1,
    out: list[_Out], workers: _Workers = None,
) -> _Out | list[_Out]: ...

# All else that NumPy takes, duck arrays that answer for themselves among it.
@overload
def gradient(
    f: ArrayLike, *varargs: _Spacing, axis: _Axes | None = None, edge_order: _Order = 1,
    out: None = None, workers: _Workers = None,
) -> Any: ...
