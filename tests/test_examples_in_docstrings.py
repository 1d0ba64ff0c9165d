"""What the docstrings show is what happens."""

import doctest

import pytest

from cgrad import _gradient, _memory


@pytest.mark.parametrize("module", [_gradient, _memory], ids=lambda module: module.__name__)
def test_the_examples(module):
    failed, attempted = doctest.testmod(module)
    assert attempted > 3
    assert failed == 0
