"""Results into arrays that the caller gives: the rules of NumPy's ``out``."""

import operator

import numpy as np

from cgrad._simd import kernels

# Whether two arrays with interleaved elements overlap can take exponentially long
# to find out; past this many steps they are taken to.
_MOST_WORK = 10_000
_MOST_AXES = 64  # of an array of NumPy's, and so the most results


def read_out(out, ndim):
    """Return the arrays for the results, one for each axis; as a tuple, unless far too many."""
    if isinstance(out, np.ndarray):
        # One array for one axis, or one for all axes, stacked.
        if out.ndim in (0, ndim):
            return (out,)
        return tuple(out) if len(out) <= _MOST_AXES else out
    if isinstance(out, tuple | list):
        out = tuple(out)              # others may change a list meanwhile
        for array in out:
            if not isinstance(array, np.ndarray):
                raise TypeError(f"out: expected arrays, not {type(array).__name__}")
        return out
    raise TypeError(f"out: expected an array or a tuple of arrays, not {type(out).__name__}")


def check_out(targets, results):
    """Raise what is wrong with the arrays for these results, before any is written to."""
    if len(targets) != len(results):
        raise ValueError(
            f"out: expected {len(results)} arrays, one for each axis, not {len(targets)}")
    for target, result in zip(targets, results, strict=True):
        if target.shape != result.shape:
            raise ValueError(f"out: expected shape {result.shape}, not {target.shape}")
        if not target.flags.writeable:
            raise ValueError("out: expected arrays that can be written to, not a read-only one")
        if not np.can_cast(result.dtype, target.dtype, "same_kind"):
            raise TypeError(
                f"out: expected a dtype that {result.dtype} can be cast to with casting rule "
                f"'same_kind', not {target.dtype}")
    check_apart(targets)


def check_apart(targets):
    """Raise if two of the arrays share memory: one result would overwrite the other."""
    for i, target in enumerate(targets):
        for j in range(i):
            if overlap(target, targets[j]):
                raise ValueError(
                    f"out: expected arrays that share no memory, not results {j} and {i} in one")


def overlap(a, b):
    """Tell whether two arrays share memory, or may for all that can be found out in time."""
    if not np.may_share_memory(a, b):
        return False
    try:
        return np.shares_memory(a, b, max_work=_MOST_WORK)
    except np.exceptions.TooHardError:
        return True


def plain(argument):
    """Return a memory map as the array that it is; anything else as it came."""
    return argument.view(np.ndarray) if type(argument) is np.memmap else argument


def is_stack(out, f):
    """Tell whether arguments are such that `read_out` takes an array apart."""
    return (type(out) is np.ndarray and type(f) is np.ndarray and out.ndim == f.ndim + 1
            and len(out) <= _MOST_AXES)


def gradient_into(out, gradient, f, varargs, axis, edge_order, workers):
    """Compute into `out` what the door cannot as it came: prepared, or as copies of results."""
    kind = type(out)
    given = out if kind is tuple else tuple(out) if kind is list else (out,)
    results = None
    if is_stack(out, f):
        given = tuple(out)
        if kernels.differentiate(f, varargs, axis, edge_order, workers, given) is not None:
            return out
        targets = given
    else:
        targets = read_out(out, np.ndim(f))
    if len(targets) <= _MOST_AXES:
        arguments = [plain(argument) for argument in (f, *varargs)]
        arrays = tuple(plain(target) for target in targets)
        door = arguments[0], tuple(arguments[1:]), axis, edge_order, workers, arrays
        if are_others((*arrays, *arguments), (*given, f, *varargs)):
            results = kernels.differentiate(*door)
        if results is None and are_interleaved(arrays, arguments):
            # The door only looks at where arrays begin and end.
            results = kernels.differentiate(*door, True)
    if results is None:
        results = gradient(f, *varargs, axis=axis, edge_order=edge_order, workers=workers)
        results = results if isinstance(results, tuple) else (results,)
        check_out(targets, results)
        for target, result in zip(targets, results, strict=True):
            np.copyto(target, result, casting="same_kind")
    # As ufuncs do, an only result is returned bare.
    return targets[0] if isinstance(out, tuple | list) and len(targets) == 1 else out


def are_others(arguments, before):
    """Tell whether arguments are not the same objects as before."""
    return len(arguments) != len(before) or any(map(operator.is_not, arguments, before))


def are_interleaved(arrays, arguments):
    """Tell whether arrays for results lie between one another or arguments, sharing nothing."""
    inputs = [argument for argument in arguments if isinstance(argument, np.ndarray)]
    near = [
        (array, other)
        for i, array in enumerate(arrays)
        for other in (*arrays[:i], *inputs)
        if np.may_share_memory(array, other)]
    return bool(near) and not any(overlap(array, other) for array, other in near)
