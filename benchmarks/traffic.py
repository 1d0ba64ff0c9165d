"""Build ``traffic.c`` and call it: the traffic limit of a case.

The library is built on demand into a folder under the system's folder for
temporary files, under a name that tells the source and the command, so that a
change of either builds a new one.
"""

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("traffic.c")
WORD = 8  # bytes

FLAGS = (
    # -O2 does not vectorise the copies in every compiler.
    "-O3",
    # The copies are to be the compiler's plain stores, not the C library's memcpy,
    # which picks its instructions at run time. gcc and clang each heed one of these.
    "-fno-tree-loop-distribute-patterns",
    "-fno-builtin",
    "-shared",
    "-fPIC",
)

# The widest vectors of this very machine; without it, those that any such machine has.
NATIVE = "-march=native"


class NoCompilerError(RuntimeError):
    """There is no C compiler to build the traffic limit with."""


def compiler():
    """Find the C compiler.

    Returns
    -------
    list of str
        The command: that with which Python was built, or else ``cc``.

    Raises
    ------
    NoCompilerError
        If neither is installed.
    """
    candidates = [shlex.split(sysconfig.get_config_var("CC") or ""), ["cc"]]
    for command in candidates:
        if command and shutil.which(command[0]):
            return command
    tried = ", ".join(command[0] for command in candidates if command)
    raise NoCompilerError(f"the traffic limit needs a C compiler; tried {tried}")


def cache_folder():
    """Folder for built libraries; one a user, for no one should load another's."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"cgrad-benchmarks-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def build(native=False):
    """Build the library, unless it is built already.

    Parameters
    ----------
    native : bool
        Let the compiler use every instruction of this machine.

    Returns
    -------
    pathlib.Path
    """
    command = [*compiler(), *FLAGS, *([NATIVE] if native else [])]
    key = hashlib.sha256(SOURCE.read_bytes() + "\0".join(command).encode())
    library = cache_folder() / f"traffic-{key.hexdigest()[:16]}.so"
    if not library.exists():
        # Built aside and moved, for two workers may build at the same time.
        unfinished = library.with_suffix(f".{os.getpid()}")
        subprocess.run([*command, str(SOURCE), "-o", str(unfinished)], check=True)
        unfinished.replace(library)
    return library


def buffer(nbytes):
    """Memory that was touched, in whole words."""
    return np.full(-(-nbytes // WORD), 1, np.uint64)


def prepare(bytes_read, bytes_written, nresults, streaming=False, native=False):
    """Make ready to sweep once over a case's bytes.

    Parameters
    ----------
    bytes_read : int
        Bytes of the data.
    bytes_written : int
        Bytes of all results.
    nresults : int
        Number of results.
    streaming : bool
        Write with non-temporal stores.
    native : bool
        Let the compiler use every instruction of this machine.

    Returns
    -------
    function : callable
        The sweep, a C function.
    arguments : tuple
        What to call it with. They keep the memory alive.

    Raises
    ------
    NoCompilerError
        If there is no C compiler.
    RuntimeError
        If non-temporal stores are asked of a machine for which none are written.
    """
    library = ctypes.CDLL(str(build(native)))
    if streaming and not library.has_streaming():
        raise RuntimeError("non-temporal stores are written for x86-64 alone")
    function = library.sweep_streaming if streaming else library.sweep_plain
    function.restype = None
    data = buffer(bytes_read)
    results = [buffer(bytes_written // nresults) for _ in range(nresults)]
    addresses = (ctypes.c_void_p * nresults)(*[result.ctypes.data for result in results])
    addresses.memory = data, results
    return function, (
        ctypes.c_void_p(data.ctypes.data),
        ctypes.c_ssize_t(data.size),
        addresses,
        ctypes.c_ssize_t(nresults),
        ctypes.c_ssize_t(results[0].size),
    )
