"""What the docstrings show is what happens."""

import doctest

from cgrad import _gradient


def test_the_examples_of_gradient():
    failed, attempted = doctest.testmod(_gradient)
    assert attempted > 5
    assert failed == 0
