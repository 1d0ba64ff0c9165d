# Types of cgrad/xarray.py; what it does is said there.
from collections.abc import Hashable, Sequence
from typing import Generic, Literal, TypeAlias, TypeVar

from xarray import DataArray, Dataset

_Object = TypeVar("_Object", DataArray, Dataset)
_Order: TypeAlias = Literal[1, 2]
_Unit: TypeAlias = Literal["W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]

class GradientAccessor(Generic[_Object]):
    def __init__(self, obj: _Object) -> None: ...
    def differentiate(
        self, coord: Hashable, edge_order: _Order = 1, datetime_unit: _Unit | None = None,
        *, keep_attrs: bool = False,
    ) -> _Object: ...
    def gradient(
        self, coords: Hashable | Sequence[Hashable] | None = None, edge_order: _Order = 1,
        datetime_unit: _Unit | None = None, *, keep_attrs: bool = False,
    ) -> dict[Hashable, _Object]: ...
