"""Choices for `calls.py` that hypothesis makes; `fuzz.Random` is the other source of them."""

from hypothesis import strategies as st


class Drawn:
    """A source of choices that hypothesis drives, so that it can shrink a call."""

    def __init__(self, data):
        self._data = data

    def choice(self, options):
        return self._data.draw(st.sampled_from(options))

    def integer(self, low, high):
        return self._data.draw(st.integers(low, high))
