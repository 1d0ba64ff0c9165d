"""Compare two JSON files of bench_gradient.py: what got slower, what got faster.

    python benchmarks/compare.py before.json after.json

Times are taken relative to NumPy's in the same round, for a machine's speed changes
from run to run and its ratios do not; ``--absolute`` compares the times themselves.
A row counts as changed when its median moved by more than the threshold and the
middle halves of its rounds, before and after, do not overlap.

The exit status is 1 if something got slower.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

THRESHOLD = 10  # percent
CONTESTANTS = ("cgrad", "mapped")


@dataclass(frozen=True)
class Change:
    """What became of one case of one contestant.

    Parameters
    ----------
    name : str
        The contestant and the case.
    before, after : list of float
        Time of each round.
    """

    name: str
    before: list[float]
    after: list[float]

    @property
    def ratio(self):
        """Median after over median before: above 1 is slower."""
        return median(self.after) / median(self.before)

    @property
    def is_noise(self):
        """Whether the middle halves of the rounds overlap."""
        low_before, high_before = np.percentile(self.before, (25, 75))
        low_after, high_after = np.percentile(self.after, (25, 75))
        return low_after <= high_before and low_before <= high_after

    def is_slower(self, threshold):
        """Whether it got slower by more than a threshold in percent, beyond noise."""
        return self.ratio > 1 + threshold / 100 and not self.is_noise

    def is_faster(self, threshold):
        """Whether it got faster by as much."""
        return self.ratio < 1 / (1 + threshold / 100) and not self.is_noise


def parse_arguments(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", help="JSON of the older run")
    parser.add_argument("after", help="JSON of the newer run")
    parser.add_argument(
        "--threshold", type=float, default=THRESHOLD, metavar="PERCENT", help=f"({THRESHOLD})"
    )
    parser.add_argument("--absolute", action="store_true", help="compare the times themselves")
    parser.add_argument(
        "--contestants",
        type=lambda text: text.split(","),
        default=CONTESTANTS,
        metavar="A,B",
        help=f"whom to compare ({','.join(CONTESTANTS)})",
    )
    return parser.parse_args(arguments)


def read(path):
    """Read a run.

    Returns
    -------
    environment : dict
    rows : dict
        For each group and name of a case, the rounds of each contestant.
    """
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    rows = {(row["group"], row["name"]): row["rounds"] for row in document["rows"]}
    return document["environment"], rows


def times(rounds, contestant, absolute):
    """Times of a contestant, round by round: seconds, or relative to NumPy's."""
    if absolute:
        return rounds[contestant]
    return [a / b for a, b in zip(rounds[contestant], rounds["numpy"], strict=True)]


def changes(before, after, contestants, absolute):
    """Pair what both runs have.

    Returns
    -------
    list of Change
    """
    return [
        Change(
            f"{contestant}, {group}: {name}",
            times(before[group, name], contestant, absolute),
            times(after[group, name], contestant, absolute),
        )
        for group, name in before.keys() & after.keys()
        for contestant in contestants
        if contestant in before[group, name] and contestant in after[group, name]
    ]


def print_changes(title, found):
    """List changes, the largest first."""
    print(f"{title}: {len(found)}")
    for change in sorted(found, key=lambda change: abs(np.log(change.ratio)), reverse=True):
        print(f"  {change.ratio:5.2f} times the time  {change.name}")


def print_environments(before, after):
    """Say what differs between the machines."""
    for name in before.keys() | after.keys():
        if before.get(name) != after.get(name):
            print(f"{name}: {before.get(name, '-')} -> {after.get(name, '-')}")


def main():
    """Compare as the command line says.

    Returns
    -------
    int
        Exit status: 1 if something got slower.
    """
    options = parse_arguments()
    environment_before, before = read(options.before)
    environment_after, after = read(options.after)
    print_environments(environment_before, environment_after)
    found = changes(before, after, options.contestants, options.absolute)
    slower = [change for change in found if change.is_slower(options.threshold)]
    faster = [change for change in found if change.is_faster(options.threshold)]
    print_changes("slower", slower)
    print_changes("faster", faster)
    print(f"within {options.threshold:g} % or within noise: {len(found) - len(slower + faster)}")
    only_once = before.keys() ^ after.keys()
    if only_once:
        print(f"in one run alone: {len(only_once)} cases")
    return int(bool(slower))


if __name__ == "__main__":
    sys.exit(main())
