"""What airspeed velocity keeps the history of.

It measures one commit after another, in environments that it makes itself:

    asv run --config benchmarks/asv.conf.json

asv imports every module of the folder that it is given. The rivals are not installed
where it runs, so this module has a folder of its own.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cases import CASES  # it is in the folder above

LARGEST = 200_000_000  # bytes moved: larger cases would make a history of hours


def names_of(group):
    """The one parameter's values: names of the group's cases."""
    names = [case.name for case in CASES if case.group == group and case.bytes_moved < LARGEST]
    return (names,)


class _Gradient:
    """The cases of one group; asv passes over a name with an underscore."""

    group = ""
    param_names = ("case",)

    def setup(self, name):
        """Build the arguments, and the call as a user would type it."""
        from cgrad import gradient

        case = next(case for case in CASES if (case.group, case.name) == (self.group, name))
        names = {"gradient": gradient, **case.build()}
        self.call = eval(f"lambda: gradient({case.arguments_text})", names)

    def time_gradient(self, _name):
        """Seconds a call, with new results."""
        self.call()


class Tiny(_Gradient):
    """Calls whose cost is the call."""

    group = "tiny"
    params = names_of(group)


class Small(_Gradient):
    """Arrays that fit in the first-level cache, or nearly."""

    group = "small"
    params = names_of(group)


class Cache(_Gradient):
    """Arrays that fit in the second- or third-level cache."""

    group = "cache"
    params = names_of(group)


class Large(_Gradient):
    """Arrays that do not fit in any cache."""

    group = "large"
    params = names_of(group)

    def peakmem_gradient(self, _name):
        """Bytes of the process: the data and the results, and nothing of their size."""
        return self.call()


class Integers(_Gradient):
    """Every integer dtype."""

    group = "integers"
    params = names_of(group)
