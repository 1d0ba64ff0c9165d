"""No multiply-add is fused: it would round once where NumPy rounds twice.

Bits alone do not show it everywhere: next to an addition of zero, for example, only a lost
floating-point event does.
"""

import importlib
import pathlib
import re
import shutil
import subprocess

import pytest

from cgrad import _simd

MODULES = ["_kernels", *(f"_loops_{level}" for level in _simd.kernels.simd_levels())]
# x86's mulpd, vmulsd..., and arm64's fmul: what there must be, if the disassembly is right.
PLAIN = re.compile(r"\b(v?mul[ps][ds]|fmul)\b")
# x86's vfmadd..., vfnmsub..., vfmaddsub..., and arm64's fmadd, fmla, fnmsub...
FUSED = re.compile(r"\b(vfn?m(add|sub)\w*|fn?m(add|sub|la|ls))\b")


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.skipif(shutil.which("objdump") is None, reason="objdump is not installed")
def test_no_build_has_an_instruction_that_fuses(name):
    try:
        module = importlib.import_module(f"cgrad.{name}")
    except ModuleNotFoundError:
        pytest.skip("not built on this system")
    path = pathlib.Path(module.__file__)
    assembly = subprocess.run(
        ["objdump", "--disassemble", path], capture_output=True, text=True, check=True).stdout
    assert assembly.count("\n") > 10_000
    assert PLAIN.search(assembly)
    assert sorted({found[0] for found in FUSED.finditer(assembly)}) == []
