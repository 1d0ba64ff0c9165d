"""What depends on the system or the build, where this machine would not show it."""

import importlib
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

import cgrad
from cgrad import _gradient, _memory, _out, _patch, _simd, _workers


def raise_module_not_found(level):
    raise ModuleNotFoundError(level)


def test_a_level_that_was_not_built_gives_the_next(monkeypatch):
    monkeypatch.setattr(_simd, "loops_of", raise_module_not_found)
    assert _simd.choose("avx512") == ("baseline", None)


@pytest.mark.parametrize("levels", [[], ["avx2"], ["avx512", "avx2"]])
def test_the_best_level_that_cpu_and_user_allow_is_taken(monkeypatch, levels):
    class Kernels:
        def simd_levels(self):
            return levels

    monkeypatch.setattr(_simd, "kernels", Kernels())
    monkeypatch.setattr(_simd, "loops_of", str.upper)
    for widest in _simd.LEVELS:
        allowed = _simd.LEVELS[_simd.LEVELS.index(widest):]
        best = next((level for level in levels if level in allowed), "baseline")
        assert _simd.choose(widest)[0] == best


def test_a_level_that_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="expected one of avx512, avx2, baseline, not 'mmx'"):
        _simd.choose("mmx")


def test_the_bound_is_an_eighth_of_memory_or_container(monkeypatch):
    monkeypatch.setattr(_memory.kernels, "address_space_is_limited", lambda: False, raising=True)
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PHYS_PAGES": 2**20}.get(name, 4096))
    monkeypatch.setattr(_memory, "limit_of_container", lambda: float("inf"))
    assert _memory.default_bound() == 2**29
    monkeypatch.setattr(_memory, "limit_of_container", lambda: 2**30)
    assert _memory.default_bound() == 2**27


def test_nothing_is_kept_where_memory_is_limited_or_unknown(monkeypatch):
    def unknown(name):
        raise ValueError(name)

    monkeypatch.setattr(_memory.kernels, "address_space_is_limited", lambda: False)
    monkeypatch.setattr(os, "sysconf", unknown)
    assert _memory.default_bound() == 0
    monkeypatch.setattr(_memory.kernels, "address_space_is_limited", lambda: True)
    assert _memory.default_bound() == 0


@pytest.mark.parametrize(("text", "limit"), [("12345\n", 12345), ("max\n", float("inf"))])
def test_a_container_says_its_limit(monkeypatch, tmp_path, text, limit):
    file = tmp_path / "memory.max"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr("builtins.open", lambda name, encoding, real=open: real(
        file, encoding=encoding))
    assert _memory.limit_of_container() == limit


def test_without_files_of_the_system_there_is_no_limit_and_a_usual_cache(monkeypatch):
    def absent(name, encoding):
        raise FileNotFoundError(name)

    monkeypatch.setattr("builtins.open", absent)
    assert _memory.limit_of_container() == float("inf")
    assert _memory.last_level_cache() == 2**25


def test_the_system_says_the_size_of_its_cache(monkeypatch, tmp_path):
    file = tmp_path / "size"
    file.write_text("49152K\n", encoding="utf-8")
    monkeypatch.setattr("builtins.open", lambda name, encoding, real=open: real(
        file, encoding=encoding))
    assert _memory.last_level_cache() == 48 * 2**20


@pytest.mark.parametrize(
    ("text", "bound"), [("0", 0), ("4096", 4096), ("", _memory.default_bound())])
def test_the_environment_sets_the_bound(monkeypatch, text, bound):
    monkeypatch.setenv("CGRAD_KEEP_BYTES", text)
    assert _memory.read_bound() == bound


def test_a_bound_that_is_no_number_is_an_error(monkeypatch):
    monkeypatch.setenv("CGRAD_KEEP_BYTES", "-1")
    with pytest.raises(ValueError, match="CGRAD_KEEP_BYTES: expected a number of bytes, not '-1'"):
        _memory.read_bound()


def test_workers_are_counted_where_there_are_no_affinities(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert _workers.number_of_workers(-1) == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert _workers.usable_cpus() == 1
    assert _workers.number_of_workers(None) == 1


def test_what_takes_too_long_to_tell_apart_is_taken_to_overlap(monkeypatch):
    def too_hard(a, b, max_work):
        raise np.exceptions.TooHardError

    memory = np.zeros(10)
    monkeypatch.setattr(np, "shares_memory", too_hard)
    assert _out.overlap(memory[::2], memory[1::2])


def test_a_gradient_without_a_dispatcher_is_called_as_it_is():
    assert _gradient._implementation_of(sum) is sum


def test_a_numpy_without_a_python_function_is_refused(monkeypatch):
    monkeypatch.setattr(_patch, "_implementation", None)
    with pytest.raises(RuntimeError, match="to be implemented by a Python"):
        cgrad.patch_numpy()


def test_a_child_process_gets_a_lock_of_its_own(monkeypatch):
    monkeypatch.setattr(_patch, "_lock", _patch._lock)
    before = _patch._lock
    _patch._renew_lock()
    assert _patch._lock is not before
    with cgrad.patched_numpy():
        assert cgrad.is_patched()


def test_a_copy_that_was_not_built_says_what_to_do(tmp_path):
    source = pathlib.Path(cgrad.__file__).parent
    shutil.copytree(source, tmp_path / "cgrad", ignore=shutil.ignore_patterns(
        "*.so", "*.pyd", "__pycache__"))
    done = subprocess.run(
        [sys.executable, "-c", "import cgrad"], cwd=tmp_path, env=dict(
            os.environ, PYTHONPATH=str(tmp_path)), capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith(
        f"ImportError: cgrad was imported from {tmp_path / 'cgrad'}, where its compiled module is "
        "missing.")


def test_another_missing_module_is_named(monkeypatch):
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "cgrad._gradient":
                raise ModuleNotFoundError("no numpy", name="numpy")

    monkeypatch.delitem(sys.modules, "cgrad._gradient")
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(ImportError, match="no numpy"):
        importlib.reload(cgrad)


def test_nothing_is_streamed_where_that_was_not_built(monkeypatch):
    before = _memory.kernels.stream_from(12345)
    try:
        monkeypatch.setattr(_memory.kernels, "can_stream", lambda: False)
        importlib.reload(_memory)
        assert _memory.kernels.stream_from(before) == 12345
    finally:
        _memory.kernels.stream_from(before)


def test_without_forks_there_is_nothing_to_prepare(monkeypatch):
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    importlib.reload(_patch)
    with _patch.patched_numpy():
        assert cgrad.is_patched()
    assert not cgrad.is_patched()
