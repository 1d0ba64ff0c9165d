"""Derivatives of xarray's objects: ``import cgrad.xarray`` gives them the accessor ``.cgrad``.

What is differentiated along what is xarray's decision: its own ``differentiate`` is called
with stand-ins for the data, which keep what it wants of `numpy.gradient`. So the names, the
times, the attributes and the errors are those of the xarray that is installed, and only the
arithmetic is ours. What no stand-in can take the place of (times, objects, index coordinates),
xarray differentiates itself.
"""

import numpy as np
import xarray

from cgrad._gradient import _has_dask_arrays
from cgrad._gradient import gradient as gradient_of_array


class _StandIn:
    """An array without data, which knows along what it was differentiated, if it was."""

    # xarray takes for an array only what has this; None says that there are no ufuncs.
    __array_ufunc__ = None

    def __init__(self, shape, dtype, coordinates=None, axis=None):
        self.shape = shape
        self.ndim = len(shape)
        self.dtype = dtype
        self.coordinates = coordinates
        self.axis = axis

    def __array_function__(self, function, types, args, kwargs):
        """Differentiate: return a stand-in for the derivative. There are no other functions."""
        # Known by its name: `numpy.gradient` may have been replaced since xarray was imported.
        if function.__name__ != "gradient":
            return NotImplemented
        return _StandIn(self.shape, self.dtype, args[1], kwargs["axis"])


def _variables(obj):
    """Return the variables that hold an object's data, by name; that of a DataArray is None."""
    if isinstance(obj, xarray.Dataset):
        return {name: obj.variables[name] for name in obj.data_vars}
    return {None: obj.variable}


def _can_stand_in(variable):
    """Tell whether xarray only hands this variable's data on, and does not look into them."""
    dtype = variable.dtype
    plain = isinstance(dtype, np.dtype) and dtype.kind in "biufc"
    return plain and not isinstance(variable, xarray.IndexVariable)


def _names(obj, coords):
    """Return the names of the coordinates to differentiate along."""
    if coords is None:
        return [dim for dim in obj.sizes if dim in obj.coords]
    return list(coords) if isinstance(coords, list | tuple) else [coords]


def _can_share_a_pass(arrays):
    """Tell whether one call may take several axes of these arrays."""
    # Others one axis at a time, as in xarray: pint divides all results by all spacings' units.
    return all(type(array) is np.ndarray or _has_dask_arrays(array, ()) for array in arrays)


def _derivatives_of_array(data, questions, edge_order):
    """Return the derivatives that stand-ins were asked for, of one array, in one pass if it can."""
    # As in xarray, an array with a namespace of its own is answered by that.
    namespace = getattr(data, "__array_namespace__", lambda: np)()
    gradient = gradient_of_array if namespace is np else namespace.gradient
    axes = [question.axis for question in questions]
    coordinates = [question.coordinates for question in questions]
    # An axis may have several coordinates, but a call takes it once.
    if 1 < len(axes) == len(set(axes)) and _can_share_a_pass([data, *coordinates]):
        return gradient(data, *coordinates, axis=tuple(axes), edge_order=edge_order)
    return [
        gradient(data, along, axis=axis, edge_order=edge_order)
        for along, axis in zip(coordinates, axes, strict=True)]


def _dims(obj, coord):
    """Return the dimensions of a coordinate, which may be a dimension without one."""
    coordinates = obj.variables if isinstance(obj, xarray.Dataset) else obj.coords
    return set(coordinates[coord].dims) if coord in coordinates else {coord}


def _derivatives(obj, coords, edge_order, datetime_unit):
    """Return what xarray's ``differentiate`` gives for each coordinate, by its name."""
    # A variable that is a coordinate too has to be there for xarray.
    originals = {
        name: variable for name, variable in _variables(obj).items()
        if _can_stand_in(variable) and name not in coords}
    results = {}
    questions = {name: {} for name in originals}
    for coord in coords:
        posed = obj.copy(deep=False)
        dims = _dims(obj, coord)
        names = [name for name in originals if not dims.isdisjoint(originals[name].dims)]
        for name in names:
            variable = _variables(posed)[name]
            variable.data = _StandIn(variable.shape, variable.dtype)
        results[coord] = posed.differentiate(
            coord, edge_order=edge_order, datetime_unit=datetime_unit)
        for name in names:
            questions[name][coord] = _variables(results[coord])[name].data
    for name, original in originals.items():
        if questions[name]:
            arrays = _derivatives_of_array(
                original.data, list(questions[name].values()), edge_order)
            for coord, array in zip(questions[name], arrays, strict=True):
                _variables(results[coord])[name].data = array
    return results


@xarray.register_dataset_accessor("cgrad")
@xarray.register_dataarray_accessor("cgrad")
class GradientAccessor:
    """
    Derivatives of a DataArray or a Dataset along its coordinates.

    It is there as ``.cgrad``, once `cgrad.xarray` has been imported.

    Parameters
    ----------
    obj : xarray.DataArray or xarray.Dataset
        What to differentiate.

    Notes
    -----
    Threads are asked for by ``with cgrad.set_workers(2):``.

    Examples
    --------
    >>> import xarray as xr
    >>> import cgrad.xarray
    >>> height = xr.DataArray(
    ...     [[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]],
    ...     coords={"y": [0.0, 2.0], "x": [0.0, 0.5, 1.0]}, dims=["y", "x"])
    >>> height.cgrad.differentiate("x").values
    array([[2., 5., 8.],
           [2., 2., 2.]])
    """

    def __init__(self, obj):
        self._obj = obj

    def differentiate(self, coord, edge_order=1, datetime_unit=None, *, keep_attrs=False):
        """
        Differentiate along one coordinate, as xarray's own ``differentiate`` does.

        Parameters
        ----------
        coord : hashable
            The name of a one-dimensional coordinate, or of a dimension without one, whose
            samples then are 1 apart. It need not be an index.
        edge_order : {1, 2}, optional
            Order of accuracy of the one-sided differences at the edges.
        datetime_unit : {None, "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"}, \
optional
            The unit of time of the derivative, if the coordinate consists of times; None, the
            default, means that of the coordinate, and seconds for `cftime`'s times.
        keep_attrs : bool, optional
            Whether derivatives have the attributes of what they are derived from. Not by
            default, as in xarray: most often they say units, which are no longer true.
            Coordinates, and the Dataset itself, always keep theirs. Not in xarray.

        Returns
        -------
        xarray.DataArray or xarray.Dataset
            What xarray gives, to the bit: of the same kind, with the same coordinates. In a
            Dataset, variables without the coordinate's dimension are as they were. Lazy,
            where the data are a Dask array.

        Raises
        ------
        ValueError
            If there is no such coordinate, it is not one-dimensional, or an axis is shorter
            than ``edge_order + 1``.

        See Also
        --------
        gradient : along several coordinates, in one pass over the data.
        xarray.DataArray.differentiate, xarray.Dataset.differentiate : the contract.

        Examples
        --------
        >>> import numpy as np
        >>> import xarray as xr
        >>> import cgrad.xarray
        >>> hours = np.array(["2026-01-01T00", "2026-01-01T06", "2026-01-02"], "M8[ns]")
        >>> level = xr.DataArray([1.0, 4.0, 13.0], coords={"time": hours}, dims="time")
        >>> level.cgrad.differentiate("time", datetime_unit="h").values
        array([0.5, 0.5, 0.5])
        """
        return self.gradient((coord,), edge_order, datetime_unit, keep_attrs=keep_attrs)[coord]

    def gradient(self, coords=None, edge_order=1, datetime_unit=None, *, keep_attrs=False):
        """
        Differentiate along several coordinates, in one pass over the data.

        Parameters
        ----------
        coords : None, hashable, or list or tuple of hashable, optional
            The names of the coordinates. None, the default, means all dimensions that have
            a coordinate of their name, in their order.
        edge_order : {1, 2}, optional
            Order of accuracy of the one-sided differences at the edges.
        datetime_unit : str, optional
            The unit of time of the derivatives along times, as in `differentiate`.
        keep_attrs : bool, optional
            Whether derivatives have the attributes of what they are derived from.

        Returns
        -------
        dict
            For each coordinate's name, in the order of `coords`, what `differentiate` gives.
            A dict, since names are how xarray speaks of axes; a Dataset could not be it,
            where a derivative named x and the coordinate x would be in each other's way.

        Raises
        ------
        ValueError
            As in `differentiate`.

        See Also
        --------
        differentiate : along one coordinate.
        cgrad.gradient : of an array without names.

        Examples
        --------
        >>> import xarray as xr
        >>> import cgrad.xarray
        >>> height = xr.DataArray(
        ...     [[1.0, 2.0, 6.0], [3.0, 4.0, 5.0]],
        ...     coords={"y": [0.0, 2.0], "x": [0.0, 0.5, 1.0]}, dims=["y", "x"])
        >>> slope = height.cgrad.gradient()
        >>> list(slope)
        ['y', 'x']
        >>> slope["y"].values
        array([[ 1. ,  1. , -0.5],
               [ 1. ,  1. , -0.5]])
        >>> dx, dy = height.cgrad.gradient(["x", "y"]).values()
        >>> dx.identical(height.differentiate("x"))
        True
        """
        results = _derivatives(self._obj, _names(self._obj, coords), edge_order, datetime_unit)
        if keep_attrs:
            for result in results.values():
                for name, variable in _variables(result).items():
                    variable.attrs = _variables(self._obj)[name].attrs
        return results
