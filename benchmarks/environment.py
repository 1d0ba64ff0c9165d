"""What a measurement was made on: machine, compilers, versions.

Nothing here names the machine or its folders, so that a result can be published.
What a system does not tell is left out.
"""

import os
import platform
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
from contestants import CONTESTANTS, installed_version

CPU_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
HUGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")

# Settings that change what is measured.
VARIABLES = ("CGRAD_", "NUMPY_", "MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD")


def read(path):
    """Text of a file that only some systems have, or ''."""
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def output(*command):
    """First line of what a command prints, or ''."""
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(iter(done.stdout.splitlines()), "")


def cpu():
    """The processor's name."""
    for line in read("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return output("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor()


def cores():
    """How many cores there are, and how many of them this process may use."""
    count = str(os.cpu_count())
    if hasattr(os, "sched_getaffinity"):
        count += f", {len(os.sched_getaffinity(0))} of them usable"
    return count


def simd():
    """Instruction sets beyond the baseline that NumPy found."""
    try:
        return " ".join(np.show_config(mode="dicts")["SIMD Extensions"]["found"])
    except (KeyError, TypeError):
        return ""


def caches():
    """Sizes of the caches of the first core."""
    sizes = []
    for index in sorted(CPU_CACHES.glob("index*")):
        kind = {"Data": "d", "Instruction": "i"}.get(read(index / "type"), "")
        sizes.append(f"L{read(index / 'level')}{kind} {read(index / 'size')}")
    return ", ".join(sizes)


def memory():
    """Size of the main memory."""
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError):
        return ""


def load():
    """How busy the machine is with other work."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""


def huge_pages():
    """How the system hands out transparent huge pages: the word in brackets."""
    return read(HUGE_PAGES).partition("[")[2].partition("]")[0]


def c_compiler():
    """The C compiler of this Python's extensions, as it names itself."""
    command = shlex.split(sysconfig.get_config_var("CC") or "") or ["cc"]
    return output(command[0], "--version")


def cgrad_version():
    """Version of cgrad, and which of its kernels this machine gets."""
    try:
        from cgrad import __version__, _simd
    except ImportError:
        return "not installed"
    return f"{__version__}, {_simd.level}"


def variables():
    """Environment variables that change what is measured."""
    chosen = {name: os.environ[name] for name in sorted(os.environ) if name.startswith(VARIABLES)}
    return " ".join(f"{name}={value}" for name, value in chosen.items())


def describe(names):
    """Describe where the contestants are measured.

    Parameters
    ----------
    names : sequence of str
        The contestants, whose versions are named.

    Returns
    -------
    dict
        Text for each thing that is known.
    """
    facts = {
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "CPU": cpu(),
        "cores": cores(),
        "caches": caches(),
        "SIMD": simd(),
        "memory": memory(),
        "huge pages": huge_pages(),
        "load before": load(),
        "variables": variables(),
        "Python": platform.python_version(),
        "built with": platform.python_compiler(),
        "C compiler": c_compiler(),
        "Cython": installed_version("Cython"),
        "numpy": np.__version__,
        "cgrad": cgrad_version(),
    }
    packages = [package for name in names for package in CONTESTANTS[name].packages]
    facts.update({package: installed_version(package) for package in packages})
    return {name: fact for name, fact in facts.items() if fact}
