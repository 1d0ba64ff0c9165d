"""Build the wheel twice and compare: ``python tests/reproducible.py``.

With the setuptools, Cython and NumPy of this Python, in folders of different names and one after
the other, with the same `SOURCE_DATE_EPOCH`: the wheels must be equal byte for byte, and small.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import builds

LARGEST = 300_000  # bytes


def build_wheel(folder):
    """Build the wheel of a copy of the tree in this folder; return its bytes."""
    builds.copy_tree(folder)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", folder / "wheel", folder],
        check=True, cwd=folder.parent, env=dict(os.environ, SOURCE_DATE_EPOCH="1735689600"))
    wheel, = (folder / "wheel").iterdir()
    return wheel.read_bytes()


def main():
    """Return 1 if the wheels differ or are too large."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        one = build_wheel(pathlib.Path(temporary) / "here")
        two = build_wheel(pathlib.Path(temporary) / "in_a_place" / "with_a_longer_name")
    if one != two:
        print(f"two builds differ, of {len(one)} and {len(two)} bytes")
        return 1
    print(f"two builds are equal: {len(one)} bytes")
    if len(one) >= LARGEST:
        print(f"expected less than {LARGEST} bytes")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
