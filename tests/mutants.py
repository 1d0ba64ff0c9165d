"""Changes of the compiled room, and those of them that are made in its text (see mutate.py)."""

import dataclasses
import itertools
import re

import builds
import survivors

SOURCES = [
    "rows.pxi", "coefficients.pxi", "spacing.pxi", "conversion.pxi", "pixels.pxi", "walker.pxi",
    "copies.pxi", "sharing.pxi", "_kernels.pyx", "call.pxi",
]
HEADERS = ["vectors.h", "half.h", "numbers.h", "pixels.h"]

OPERATORS = {
    " + ": " - ", " - ": " + ", " * ": " + ", " / ": " * ", " % ": " / ", " == ": " != ",
    " != ": " == ", " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ", " & ": " | ",
    " | ": " & ", " << ": " >> ", " >> ": " << ",
}
NUMBERS = {"0": "1", "1": "2", "2": "1"}
# Of words and names that Cython writes out as branches: a pattern, and what takes its place.
WORDS = [
    (r" and ", " or "), (r" or ", " and "), (r"\bnot ", ""), (r"\bTrue\b", "False"),
    (r"\bFalse\b", "True"), (r" // ", " % "), (r"\bmin\(", "max("), (r"\bmax\(", "min("),
    (r"\+= ", "-= "), (r"2\. \* ", ""),
]
# The same in headers, of which Cython writes nothing out: operators and numbers are changed too.
CHANGES = [
    *WORDS, *((re.escape(old), new) for old, new in OPERATORS.items()),
    *((rf"(?<![\w.]){old}(?![\w.])", new) for old, new in NUMBERS.items()),
    (r"(?<=[(=,] )-(?=\w)", ""),
]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A change: where, and what it makes of what."""

    number: int
    file: str
    line: int                     # from 0
    source: str
    change: str
    text: str = ""                # of words and headers: the whole line as changed

    def function(self):
        """Return the name of the function that it is in."""
        lines = (builds.ROOT / "src" / self.file).read_text().splitlines()[:self.line + 1]
        begins = [
            line for line in lines
            if re.match(r"(cdef|def|static|ALWAYS_INLINE|#define)\b.*\w\(", line)]
        return re.search(r"(\w+)\(", begins[-1])[1] if begins else ""

    def place(self):
        """Return what survivors.py knows it by: the function, the line, the change."""
        return self.function(), self.source, self.change

    def reason(self):
        """Return why it alters no result, if that is known."""
        return survivors.reason_of(*self.place())


def is_code(line):
    """Whether a line is neither a comment nor empty."""
    text = line.strip()
    return bool(text) and not text.startswith(("#", "/*", "*", '"""', "cdef extern", "include"))


def without_comment(line):
    """Return what stands before a comment."""
    return line.split("#")[0].split("/*")[0].rstrip()


def mutants_of_text(first):
    """List the changes that are made in the source itself, numbered from `first` on."""
    numbers = itertools.count(first)
    for name in SOURCES + HEADERS:
        in_text = in_comment = False
        for line, source in enumerate((builds.ROOT / "src" / name).read_text().splitlines()):
            in_text ^= source.count('"""') % 2
            was_comment, in_comment = in_comment, (in_comment or "/*" in source) and (
                "*/" not in source)
            code = without_comment(source)
            if in_text or was_comment or not is_code(source):
                continue
            for pattern, new in CHANGES if name in HEADERS else WORDS:
                for match in re.finditer(pattern, code):
                    changed = code[:match.start()] + new + code[match.end():]
                    yield Mutant(
                        next(numbers), name, line, source.strip(), changed.strip(), changed)
