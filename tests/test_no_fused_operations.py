"""No multiply-add is fused, which would round once where NumPy rounds twice, but in `quotients.h`.

Bits alone do not show it everywhere: next to an addition of zero, for example, only a lost
floating-point event does.

Those there correct quotients, or find bounds of them, and lie in a section of their own.
"""

import importlib
import re
import shutil
import subprocess
import sys

import pytest

from cgrad import _simd

MODULES = ["_kernels", *(f"_loops_{level}" for level in _simd.kernels.simd_levels())]
# x86's mulpd, vmulsd..., and arm64's fmul: what there must be, if the disassembly is right.
PLAIN = re.compile(r"\b(v?mul[ps][ds]|fmul)\b")
# x86's vfmadd..., vfnmsub..., vfmaddsub..., and arm64's fmadd, fmla, fnmsub...
FUSED = re.compile(r"\b(?:vfn?m(?:add|sub)\w*|fn?m(?:add|sub|la|ls))\b")
SECTION = re.compile(r"^Disassembly of section (\S+):$", re.MULTILINE)
# An instruction's bytes, in groups, where it is disassembled.
ENCODED = re.compile(r"^ *[0-9a-f]+:[ \t]+((?:[0-9a-f]{2,8} ?)+)", re.MULTILINE)
# The size of a section of code: GNU's objdump says what it is on the next line, LLVM's beside it.
CODE = re.compile(r"^ *\d+ \S+ +([0-9a-f]+) (?:.*\n.*\bCODE\b|.*\bTEXT\b)", re.MULTILINE)


def objdump(*arguments):
    return subprocess.run(
        ["objdump", *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.skipif(shutil.which("objdump") is None, reason="objdump is not installed")
def test_no_build_has_an_instruction_that_fuses(name):
    try:
        module = importlib.import_module(f"cgrad.{name}")
    except ModuleNotFoundError:
        pytest.skip("not built on this system")
    assembly = objdump("--disassemble", "--disassemble-zeroes", module.__file__)
    read = sum(len(found[1].replace(" ", "")) // 2 for found in ENCODED.finditer(assembly))
    code = sum(int(found[1], 16) for found in CODE.finditer(objdump("-h", module.__file__)))
    assert 0 < read == code
    assert assembly.count("\n") > 10_000
    assert PLAIN.search(assembly)
    _, *sections = SECTION.split(assembly)
    sections = dict(zip(sections[::2], sections[1::2], strict=True))
    corrections = sections.pop("quotients", "")
    fused = {section: sorted(set(FUSED.findall(text))) for section, text in sections.items()}
    assert {section: found for section, found in fused.items() if found} == {}
    # One product q, one for q a - x and one for q - d z, and none but these.
    products, first, second = (
        len(re.findall(rf"\b{operation}pd\b", corrections))
        for operation in ("vmul", "vfmsub231", "vfnmadd231"))
    assert products == first == second
    # For each of two bounds of floats a product with what is left of 1 / a, and one added to it.
    products_left, bounds = (
        len(re.findall(rf"\b{operation}ps\b", corrections)) for operation in ("vmul", "vfmadd231"))
    assert products_left == bounds
    assert len(FUSED.findall(corrections)) == first + second + bounds
    # For each of four vectors; of doubles, forward and backward, and of floats. No backward ones by
    # gcc before 12 (see vectors.h). And of doubles along two axes at once: of 256 bits four vectors
    # in each, of 512 bits two in each, once of a group alone and twice of those that follow one
    # another, where what comes next is asked for and where not. Registers of 512 bits have doubles
    # along the axis as well, by four vectors and by one, of which a compiler may make another copy.
    corrects = name != "_kernels" and sys.platform == "linux"
    gcc = re.match(rb"gcc (\d+)", _simd.kernels.build_info()[0])
    functions = 2 if gcc and int(gcc[1]) < 12 else 3
    if corrects and "zmm" in corrections:
        assert 4 * functions + 12 + 5 <= products <= 2 * (4 * functions + 12 + 5)
        # Of floats by four vectors along one axis, forward, and two axes as above.
        assert 2 * (4 + 12) <= bounds <= 4 * (4 + 12)
    else:
        assert bounds == (2 * 4 if corrects else 0)
        assert products == (4 * functions + 8 if corrects else 0)
