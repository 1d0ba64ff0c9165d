"""Build the C files of this folder, which say what the machine can do.

A library is built on demand into a folder under the system's folder for
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

FLAGS = (
    # -O2 does not vectorise the loops in every compiler.
    "-O3",
    # clang: a loop that copies stays one. traffic.c tells gcc.
    "-fno-builtin",
    "-shared",
    "-fPIC",
)

# The instructions of this very machine; without it, those that any such machine has.
NATIVE = "-march=native"


class NoCompilerError(RuntimeError):
    """There is no C compiler."""


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
    raise NoCompilerError(f"a C compiler is needed; tried {tried}")


def cache_folder():
    """Folder for built libraries; one a user, for no one should load another's."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"cgrad-benchmarks-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def load(source, native=False):
    """Build a library, unless it is built already, and load it.

    Parameters
    ----------
    source : pathlib.Path
        The C file.
    native : bool
        Let the compiler use every instruction of this machine.

    Returns
    -------
    ctypes.CDLL

    Raises
    ------
    NoCompilerError
        If there is no C compiler.
    """
    command = [*compiler(), *FLAGS, *([NATIVE] if native else [])]
    key = hashlib.sha256(source.read_bytes() + "\0".join(command).encode())
    library = cache_folder() / f"{source.stem}-{key.hexdigest()[:16]}.so"
    if not library.exists():
        # Built aside and moved, for two workers may build at the same time.
        unfinished = library.with_suffix(f".{os.getpid()}")
        subprocess.run([*command, str(source), "-o", str(unfinished)], check=True)
        unfinished.replace(library)
    return ctypes.CDLL(str(library))
