"""``python -m cgrad`` says what cgrad is on this machine, and fails if a bit differs."""

import json
import runpy
import sys

import numpy as np
import pytest

import cgrad
from cgrad import __main__ as command


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(command, "SECONDS_PER_CASE", 0.0)
    monkeypatch.setattr(sys, "argv", ["cgrad"])


def test_the_table_has_a_row_for_each_case_and_equal_bits(capsys):
    assert command.main() == 0
    printed = capsys.readouterr().out
    assert cgrad.__version__ in printed
    for name, _ in command.cases():
        row, = (line for line in printed.splitlines() if line.startswith(name + "  "))
        assert row.endswith("yes")


def test_json_says_the_same_to_machines(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["cgrad", "--json"])
    assert command.main() == 0
    report = json.loads(capsys.readouterr().out)
    assert report["environment"]["numpy"] == np.__version__
    assert [row["case"] for row in report["rows"]] == [name for name, _ in command.cases()]


@pytest.mark.parametrize("other", [
    lambda f, *h: np.gradient(f, *h, edge_order=2),
    lambda f, *h: tuple(np.asarray(np.gradient(f, *h)).astype("f4")),
])
def test_the_exit_status_is_1_if_a_result_differs(capsys, monkeypatch, other):
    monkeypatch.setattr(cgrad, "gradient", other)
    monkeypatch.setattr(command, "cases", lambda: [("one", (np.arange(5.0) ** 3,))])
    assert command.main() == 1
    assert capsys.readouterr().out.endswith("NO\n")


@pytest.mark.parametrize(("seconds", "text"), [
    (1.234e-9, "1.23 ns"), (99.96e-9, "100 ns"), (12.34e-6, "12.3 us"), (0.25, "250 ms")])
def test_times_have_three_digits(seconds, text):
    assert command.human_time(seconds) == text


def test_a_system_that_does_not_tell_its_cpu_gets_what_python_knows(monkeypatch):
    monkeypatch.setattr(command.Path, "exists", lambda path: False)
    assert command.cpu_model() == (command.platform.processor() or command.platform.machine())


def test_it_runs_as_a_module(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["cgrad", "--help"])
    monkeypatch.delitem(sys.modules, "cgrad.__main__")
    with pytest.raises(SystemExit) as status:
        runpy.run_module("cgrad", run_name="__main__")
    assert status.value.code == 0
    assert "usage: python -m cgrad" in capsys.readouterr().out


def test_a_cpu_without_a_name_gets_what_python_knows(monkeypatch):
    monkeypatch.setattr(command.Path, "read_text", lambda path, errors: "Features : fp asimd\n")
    assert command.cpu_model() == (command.platform.processor() or command.platform.machine())
