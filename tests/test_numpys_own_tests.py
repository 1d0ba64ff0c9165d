"""NumPy's own tests of gradient pass with cgrad in its place."""

import numpy as np
import pytest
from numpy.lib.tests import test_function_base

import cgrad


@pytest.fixture(autouse=True)
def _counted(monkeypatch):
    calls = []

    def gradient(*args, **kwargs):
        calls.append(args)
        return cgrad.gradient(*args, **kwargs)

    monkeypatch.setattr(np, "gradient", gradient)
    monkeypatch.setattr(test_function_base, "gradient", gradient)
    yield
    assert calls


class TestGradient(test_function_base.TestGradient):
    """Collected anew here: each test must have called cgrad."""
