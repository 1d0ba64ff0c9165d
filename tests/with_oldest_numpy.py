"""Run the tests once more with the oldest NumPy that cgrad takes and this Python has wheels of."""

import subprocess
import sys


def main():
    """Install it where this runs, and run pytest with the arguments given."""
    pip = [sys.executable, "-m", "pip", "install", "--only-binary", "numpy", "--quiet"]
    for minor in range(10):
        if subprocess.run([*pip, f"numpy==2.{minor}.0"]).returncode == 0:
            return subprocess.run([sys.executable, "-m", "pytest", "-q", *sys.argv[1:]]).returncode
    print("no NumPy 2 has wheels for this Python", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
