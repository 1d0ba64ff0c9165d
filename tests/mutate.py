"""Change the compiled room one place at a time, and let the tests find it.

    python tests/mutate.py --sample 100 --processes 2

A place is an operator, an index, a bound, or another number. In what Cython writes, every place
gets a switch, so that one build has all changes and ``CGRAD_MUTANT`` says which of them is made: in
all types that the kernels are written out for at once. Words (and, or, not, min, ...) get theirs in
what Cython reads, in a second build, and functions of headers are there in all their changes. What
is left is changed as text, and built anew for each change.

A change counts as found when random calls differ from NumPy's, a test fails, or either crashes or
hangs. Those that nobody finds are printed: either a test is missing, or the change alters no result
(a limit that only decides how fast a call is); these are explained in SURVIVORS.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import itertools
import os
import pathlib
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

import builds

SOURCES = [
    "rows.pxi", "coefficients.pxi", "spacing.pxi", "conversion.pxi", "walker.pxi", "sharing.pxi",
    "_kernels.pyx",
]
HEADERS = ["half.h", "numbers.h"]

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

# Why a change alters no result.
SAME = "for this stencil all three coefficients are one number"
TAG = "a number of which only the type counts"
TRUTH = "any number but 0 is true"
OTHER_WAY = "the other way gives the same, more slowly"
UNUSED = "real numbers do not use it"
ROOM = "room for one more or less, or one number read and not used, as sanitizers would see"
ALIGNED = "where a row begins decides how fast it is"
ASKED = "what is asked for ahead decides how fast a call is"
AT_A_TIME = "how much is done at a time"
WIDER = "only builds for wider registers have it, and these are not judged"

# Changes that alter no result: the function, and what is found in its line and in the change. Of
# spacing.pxi, _kernels.pyx and the headers some were judged with --quick alone.
SURVIVORS = [
    (r"\w+", r"(return|=) True$", r"'1' in 1$", TRUTH),
    ("edges_of", r"complex_quotient", r"'0' in (first|last)\[0\]", SAME),
    ("edges_of", r" quotient\(", r"'0' in (first|last)\[0\] \(3\)", SAME),
    ("_divide", r"ratio = 0, scale = 1", r"'0.0' in 0.0|'1.0' in 1.0", UNUSED),
    ("divide", r"_divide\(out", r"'0' in a\[0\]", SAME),
    (r"divide|scale|combine\w*", r"step == 2", r"'2' in 2", OTHER_WAY),
    (r"divide|scale|combine\w*", r"edges\(", r"'0' in [ax]\[0\]", TAG),
    ("nonuniform_interior", r"_nonuniform_interior\(x, count, True", r"'0' in 0$", TAG),
    ("nonuniform_interior", r"_nonuniform_interior\(x, count, False", r"'0' in 0 \(2\)", TAG),
    ("nonuniform_interior", r"_nonuniform_interior\(", r"'1' in 1", TRUTH),
    ("steps_are", r"_steps_are\(", r"'1' in 1", TRUTH),
    (r"load\w*", r"for i in range", r"'<'", ROOM),
    ("_fill_coefficients", r"_fill_coefficients", r"'2' in 2", ROOM),
    ("_fill_coefficients", r"while ", r"'1' in 1", TRUTH),
    ("fill_coefficients", r"_fill_coefficients", r"'0' in 0", TAG),
    ("aligned", r"return", r"'-' in|'1' in 1", ALIGNED),
    ("write_row", r"plan.store != NULL and not stream",
     r"'!=' in plan->store|'!' in !stream|and stream",
     OTHER_WAY),
    ("write_row", r"copy_numbers\(dense", r"'1' in 1", TRUTH),
    ("row_points", r"", r"'\*' in ROW", AT_A_TIME),
    ("has_gaps", r"", r"", ASKED),
    ("read_rows", r"for i in range", r"'<'", ROOM),
    ("read_rows", r"\(k \+ i\) \* jump \+ skip", r"'\+' in .*skip$",
     "rows that roll are read at once, from their first number on"),
    ("run_by_rows", r"rolling = ", r"'>' in|'1' in 1|and stream", OTHER_WAY),
    ("run_by_rows", r"f\[2\] - f\[0\] ==", r"'<=' in", OTHER_WAY),
    ("run_by_rows", r"plan.fetches|fetch_row|rows.step \* plan.unit, rows.count\)", r"", ASKED),
    ("run_by_rows", r"while ", r"'1' in 1", TRUTH),
    ("scaled_edges", r"elif value_t is float", r"'2' in 2", OTHER_WAY),
    ("may_cross_edges", r"", r"", OTHER_WAY),
    ("rows_together", r"rows.count \+ EDGES", r"'\+' in|'\*' in", OTHER_WAY),
    ("rows_together", r"crosses_edges|rows.jump !=",
     r"'!=?' in .*crosses_edges|'>' in|'\*' in|'!=' in rows->out_jump", OTHER_WAY),
    ("rows_together", r"return", r"'/' in|%", AT_A_TIME),
    ("run_together", r"run.edge_points = ", r"'0' in 0$",
     "these edges are written over by the stencils of edges"),
    ("run_together", r"while ", r"'1' in 1", TRUTH),
    ("run_together", r"while ", r"'<' in", ROOM),
    ("run_together", r"kernel\(", r"in coefficients", SAME),
    ("run_together", r"kernel\(|run_edge\(", r"in f\[[01]\]|\(f\[1\]\)",
     "of a uniform stencil the first two rows are one, and only one is read"),
    ("make_loops", r"out_stride == |coefficient_stride", r"'\*' in|'!=?' in .*loop.coefficient",
     "the rows of an interior are shorter than the axis, and never follow one another"),
    ("make_loops", r"Loop\(False, 1, 0, 0, 0\)", r"in 0|in 1|'0' in loops\[0\] \(5\)|True",
     "a loop of one step uses no stride"),
    ("_is_even", r"^cdef bint _is_even", r"'1' in 1", ROOM),
    ("is_integer_scalar", r"", r"'>=' in", "more is left to NumPy"),
    ("_is_even", r"start = 0", r"'0' in 0", "the first step is what the others are compared with"),
    ("_is_even", r"while ", r"'1' in 1$", TRUTH),
    ("find_out_whether_even", r"_is_even\(.* False,", r"'0' in 0 \(2\)$", TAG),
    ("find_out_whether_even", r"_is_even\(.* True,", r"'0' in 0$", TAG),
    ("scalar_type", r"for ", r"'<' in", ROOM),
    ("scalar_type", r"return -1", r"'1' in 1", "any number below 0 says the same"),
    ("read_coordinates", r"n < 2 or", r"'2' in 2", ROOM),
    ("read_coordinates", r"WORTH_RELEASING", r"'<' in", OTHER_WAY),
    ("read_spacing", r"overflow = 0", r"'0' in 0", "Python sets it before it is read"),
    ("read_spacing", r"h is True or h is False", r"True or h is True", "more is left to NumPy"),
    ("read_spacing", r"EXACT_INTEGERS", r"'<=' in", "more is left to NumPy"),
    ("wider", r"a > b", r"'>' in", "with >= the wider one is the same"),
    ("set_difference", r"reach\[1\] = p", r"'1' in reach\[1\]",
     "of a difference, only the first and the last are read"),
    ("set_combination", r"for ", r"'<' in", ROOM),
    ("divisor_of", r"", r"'0' in (full|single)\[0\]", SAME),
    ("set_uniform", r"job.direct = False", r"", "coefficients that do not vary have no use for it"),
    (r"set_(non)?uniform", r"uniform\w*\(job, .* True,", r"'1' in 1$", TRUTH),
    ("set_nonuniform", r"_edges\(job, .* False,", r"'0' in 0 \([23]\)", TAG),
    ("set_nonuniform", r"_edges\(job, .* True,", r"'0' in 0( \(2\))?$", TAG),
    ("set_nonuniform", r"job.mixed = False", r"", OTHER_WAY),
    ("set_nonuniform", r"job.run = 0|job.stop = ", r"",
     "coordinates that take the place of coefficients are not worked out"),
    ("allocate_coefficients", r"for ", r"'<' in", ROOM),
    ("allocate_coefficients", r"capacity = ", r"'<=' in|%", OTHER_WAY),
    ("allocate_coefficients", r"start = job.stop = 0", r"",
     "what is asked for first is never kept already"),
    ("allocate_coefficients", r"LINE - 1", r"'-' in|'1' in", ALIGNED),
    (r"allocate_coefficients|share", r"return 0", r"'0' in 0", "any number but -1 says the same"),
    ("is_regular", r"itemsize - 1\)", r"'1' in 1", OTHER_WAY),
    ("holds_numbers", r"depth > MAX_DIMS", r"'>' in", "NumPy refuses what is as deep"),
    ("add_axis", r"overflow = 0", r"'0' in 0", "Python sets it before it is read"),
    ("add_axis", r"value < -ndim", r"'<' in value < \(-ndim", "more is left to NumPy"),
    (r"add_axis|read_axes", r"return -1", r"'1' in 1", "any number below 0 says the same"),
    ("read_axes", r"for ", r"'<' in", ROOM),
    ("read_axes", r"naxes < 0", r"'<' in|'0' in 0", "no axes at all are left to NumPy as well"),
    ("all_ignored", r"EVENT_UNDER", r"'&' in", "more is left to NumPy"),
    ("keeps_memory", r"", r"", "whether memory is kept decides how fast a call is"),
    ("new_with_strides", r"NewFromDescr", r"'0' in 0",
     "the flag asks for an order, and strides say it"),
    ("new_results", r"naxes > 1 else None", r"'>' in", "one result is returned by itself"),
    ("new_results", r"NewLikeArray", r"'0' in 0", "f is of no subclass"),
    ("set_dimensions", r"while ", r"", "in any order of dimensions results are the same"),
    ("is_odd", r"", r"'0' in (extended|full|single)\[0\]", SAME),
    ("fill_plan", r"plan.value == HALF and|by the machine", r"", "other machines need it"),
    (r"holds_numbers|read_axes|accepts", r"for (item|index)", r"'0' in 0 \(2\)",
     "Cython goes through lists by index"),
    ("run_part", r"if plan.extended", r"", "more is left to NumPy"),
    ("run_part", r"part // it.parts", r"'1' in 1|%", "blocks are visited again"),
    ("share", r"task.parts = ", r"", AT_A_TIME),
    ("share", r"LINE - 1", r"", ROOM),
    ("share", r"made = 0", r"'0' in 0", "it is set before it is read"),
    ("run_by_rows", r"target & \(LINE", r"%", ALIGNED),
    ("has_shape", r"", r"", "only another thread changes a shape"),
    ("head_of", r"return", r"%", ALIGNED),
    ("multiply_if_exact", r"EXTENDED or", r"'==' in|interior.kind' in|'1' in 1", OTHER_WAY),
    ("set_uniform", r"job.mixed = ", r" or ", OTHER_WAY),
    ("fill_plan", r"WEAK, True", r"'1' in 1", TRUTH),
    ("fill_plan", r"some_extended = False", r"", "more is left to NumPy"),
    ("fill_plan", r"one for all axes", r"", "jobs that were not made do not have f's shape"),
    ("read_data", r"plan.size == 0", r"'0' in 0", "without points there is nothing to compute"),
    ("extent_of", r"reach < 0", r"", "a reach of 0 changes neither end"),
    ("lies_apart", r"return a.end", r"'<=' in", OTHER_WAY),
    ("number_of_workers", r"WORTH_SHARING|return 1", r"", OTHER_WAY),
    ("carry_out", r"workers > 1|ROW|WORTH_RELEASING|cut_into_blocks", r"", OTHER_WAY),
    ("compute", r"if events:", r"", "who looks at events next clears them first"),
    ("differentiate", r"njobs > FEW", r"'>' in", OTHER_WAY),
    ("differentiate", r"if floating_point_events", r"", "more is left to NumPy"),
    ("differentiate", r"if given and not has_shape", r"given", "only another thread changes it"),
    ("differentiate", r"STREAM_FROM|FETCH_FROM", r"'>=' in|'\*' in|or has_gaps",
     "where results go past the caches, and what is asked for, decides how fast a call is"),
    ("differentiate", r"plan.crosses_edges and", r"'plan.crosses_edges'|or not",
     "it is computed once more, or left to NumPy"),
    ("share", r"PyMem_RawFree|for ", r"'0' in 0 \(\d+\)|'<' in .* \(2\)",
     "what Cython keeps of an error that passes"),
    ("apply", r"for ", r"'<' in|'-' in n - 2|'2' in 2", ROOM),
    ("apply", r"while ", r"'1' in 1", TRUTH),
    ("apply", r"stream = ", r"'>=' in", AT_A_TIME),
    ("apply", r"plan.fetches|row_points\(plan\)",
     r"'!=' in plan->fetches|'!=' in rows.step|'<=' in rows.count|^by_rows|^or rows.count"
     r"|^and \(not by_rows and", OTHER_WAY),
    ("apply", r"lo\[job.dim\] == 0 and", r"'0' in 0", OTHER_WAY),
    ("apply", r"if job.uniform and not by_rows", r"'!' in !by_rows|and by_rows",
     "rows that are read are not run over together, whatever this says"),
    ("apply", r"together > 1", r"'1' in 1", OTHER_WAY),
    ("visit", r"not edges_done", r"or not", "edges are worked out again"),
    ("visit", r"max\(", r"'>' in", "with >= the greater one is the same"),
    (r"visit_whole|\w+_blocks", r"for ", r"'<' in", ROOM),
    ("shape_blocks", r"^(?!.*(capacity|job.uniform))", r"", AT_A_TIME),
    ("order_blocks", r"", r"", "the order of blocks decides how often coefficients are worked out"),
    ("count_blocks", r"total = 1|counts\[d\] = 1 if", r"'1' in 1", "blocks are visited again"),
    ("count_blocks", r"plan.shape\[d\] - 1", r"'-' in|'1' in 1 \(2\)",
     "the last block along an axis may have no points"),
    ("walk", r"for number", r"'<' in", "the first block is visited again"),
    ("walk", r"if plan.streams", r"", "no test can see that stores are late"),
    (r"load_halves|store_halves", r"_mm|i \+ (16|8) <=", r"", WIDER),
    ("double_of_signed", r"", r"", WIDER),
    (r"load_halves\w*", r"count; i\+\+", r"<= count", ROOM),
    ("copy_number", r"size == (2|16)", r"size == 1\)|!= 16", OTHER_WAY),
    ("copy_number", r"i < size|size - 1 - i", r"", "here no number has another size"),
    ("copy_sized", r"dense = parts", r"parts != 1|parts == 2", OTHER_WAY),
    ("copy_sized", r", 1\);", r", 2\);", TRUTH),
    ("fetch_row", r"", r"", ASKED),
    ("stream_bytes", r"i \+ 64 <= size", r"64 < size", "what is left is copied"),
    ("stream_bytes", r"if \(i > size", r">=", "i is set to what it is"),
    (r"\w+_to_half", r"finite = ", r">=", "infinity rounds to infinity"),
    (r"\w+_to_half", r"rounded = ", r"<=", "the smallest normal half is a subnormal one's next"),
    ("choose_row", r"count < SHORT|range\(n - 1\)|count > ", r"'[<>]'|'-' in|'1' in 1|'0' in 0",
     OTHER_WAY),
]

SWITCH = """
char *getenv(const char *);         // not by its header, since what it defines is decided below
int atoi(const char *);
int cgrad_mutant;                   // which judge.py sets as well
__attribute__((constructor)) static void cgrad_choose_mutant(void)
{
    const char *number = getenv("CGRAD_MUTANT");
    cgrad_mutant = number ? atoi(number) : -1;
}
#define MUTANT(number) (cgrad_mutant == (number))
"""
MARKER = re.compile(r'^ */\* "src/([\w.]+)":(\d+)$')
# What Cython adds for Python's sake, and declarations.
NOT_OURS = re.compile(
    r"__PYX_|likely\(|__Pyx_|Py_(X?INCREF|X?DECREF|None)|PyErr|goto |__pyx_n?args|__pyx_c?lineno"
    r"|__pyx_temp|values\[|^\S|^ *#|&&|\|\||\?")
PLACE = re.compile(
    "|".join(map(re.escape, OPERATORS)) + r"|(?<![\w.])\d+\.\d*|(?<![\w.])(?<!\+=)[012](?![\w.])"
    r"|(?<=\()-(?=[_(])|(?<== \()!|(?<=if \()__pyx_v_[^() ]+(?=\) )|(?<=switch \().+(?=\) \{)")


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
        begins = [line for line in lines if re.match(r"(cdef|def|static)\b.*\w\(", line)]
        return re.search(r"(\w+)\(", begins[-1])[1] if begins else ""

    def reason(self):
        """Return why it alters no result, if that is known."""
        return next((reason for function, source, change, reason in SURVIVORS
                     if re.fullmatch(function, self.function()) and re.search(source, self.source)
                     and re.search(change, self.change)), None)


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
        in_text = False
        for line, source in enumerate((builds.ROOT / "src" / name).read_text().splitlines()):
            in_text ^= source.count('"""') % 2
            code = without_comment(source)
            if in_text or not is_code(source):
                continue
            for pattern, new in CHANGES if name in HEADERS else WORDS:
                for match in re.finditer(pattern, code):
                    changed = code[:match.start()] + new + code[match.end():]
                    yield Mutant(
                        next(numbers), name, line, source.strip(), changed.strip(), changed)


def operand_end(code, at, step):
    """Return where the operand ends that begins at `at`, to the right (1) or the left (-1)."""
    opening, closing = ("([{", ")]}") if step > 0 else (")]}", "([{")
    depth = 0
    while 0 <= at < len(code):
        character = code[at]
        if character in opening:
            depth += 1
        elif character in closing:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and (character in ",;?:" or code[at - 1:at + 2] == " = "):
            break
        at += step
    return at if step > 0 else at + 1


@dataclasses.dataclass(frozen=True)
class Place:
    """An operator with its operands, or a number, in a line of C."""

    begin: int
    token: str
    at: int                       # where the token is
    end: int

    def inside(self, begin, end):
        """Whether it is part of a piece of the line."""
        return begin <= self.begin and self.end <= end


def places_in(line):
    """List the places of a line, those first that have others in them."""
    places = []
    for match in PLACE.finditer(line):
        begin, end, token = *match.span(), match[0]
        if token in OPERATORS:
            begin = operand_end(line, begin - 1, -1)
            begin += len(line[begin:]) - len(line[begin:].lstrip())
            end = operand_end(line, end, 1)
        elif token in "-!":
            end = operand_end(line, end, 1)
        elif line[:begin].endswith("!= "):
            continue                  # Cython asks whether something is true
        places.append(Place(begin, token, match.start(), end))
    return sorted(places, key=lambda place: (place.begin, -place.end))


class Switches:
    """What Cython wrote, with a switch at every place."""

    def __init__(self, code):
        self.mutants = {}             # by number
        self.refused = set()          # numbers of changes that cannot be compiled
        self.numbers_in = {}          # by the line of the code
        self._code = code.splitlines()
        self._numbers = {}            # by what is the same in all types

    def write(self):
        """Return the code with switches, but for changes that were refused."""
        self.numbers_in.clear()
        lines, where, seen, in_comment = [], None, collections.Counter(), False
        for row, line in enumerate(self._code):
            marker = MARKER.match(line)
            if marker:
                where, in_comment = (marker[1], int(marker[2]) - 1), True
            elif in_comment:
                in_comment = line.strip() != "*/"
            elif line.startswith("}") or re.fullmatch(r"\S.*;", line):
                where = None          # the end of a function, or a declaration
                seen.clear()
            elif (where and where[0] in SOURCES and not NOT_OURS.search(line)
                  and not self._is_of_errors(line, *where)):
                places = [
                    (place, number) for place in places_in(line)
                    if (number := self._number(line, place, where, seen)) not in self.refused]
                self.numbers_in[row] = [number for _, number in places]
                line = self._switched(line, 0, len(line), places)
            lines.append(line)
        # Its first line says who wrote it; without that, Cython would not leave it alone.
        return "\n".join([lines[0], *SWITCH.splitlines(), *lines[1:]]) + "\n"

    def _is_of_errors(self, line, file, source_line):
        """Whether it matters after an error alone: what is returned, and objects not there yet."""
        source = (builds.ROOT / "src" / file).read_text().splitlines()[source_line]
        if re.match("cdef|def", source):
            return line.startswith("  __pyx_r = ") or line.endswith(" = 0;")
        # In loops and conditions it is a number from which to count, or a truth.
        return re.fullmatch(r"( *__pyx_t_\d+ = 0;)+", line) and not re.search(
            r"\b(for|in|and|or|not)\b", source)

    def _number(self, line, place, where, seen):
        """Number a change; those that differ in a type alone have one number."""
        text = line[place.begin:place.end]
        same = re.sub(
            r"\((const )?(float|double|__pyx_t_\w+)\)|__pyx_fuse_[\d_]+|(?<=__pyx_t_)\d+", "", text)
        same = re.sub(r"(?<!\w)\((\w+)\)", r"\1", same)      # of a cast
        key = *where, place.token, same.strip()
        seen[key] += 1
        number = self._numbers.setdefault((*key, seen[key]), len(self._numbers))
        if number not in self.mutants:
            file, source_line = where
            source = (builds.ROOT / "src" / file).read_text().splitlines()[source_line].strip()
            if text[0].isdigit():
                # An index with what it is the index of.
                text = re.search(r"[\w\[]*$", line[:place.begin])[0] + text + "]" * (
                    line[:place.begin].endswith("["))
            token, text = (
                re.sub(r"__pyx_(v_|e_\w+?_kernels_|f_\w+?_kernels_|fuse_[\d_]+)", "", part).strip()
                for part in (place.token, text))
            change = f"{token!r} in {text}" + (f" ({seen[key]})" if seen[key] > 1 else "")
            self.mutants[number] = Mutant(number, file, source_line, source, change)
        return number

    def _switched(self, line, begin, end, places):
        """Write a piece of a line, its places with switches."""
        pieces = []
        for index, (place, number) in enumerate(places):
            if not place.inside(begin, end):
                continue
            rest = places[index + 1:]
            pieces += [line[begin:place.begin], self._choice(line, place, number, rest)]
            begin = place.end
        return "".join(pieces) + line[begin:end]

    def _choice(self, line, place, number, rest):
        token = place.token
        left = self._switched(line, place.begin, place.at, rest)
        right = self._switched(line, place.at + len(token), place.end, rest)
        if token in OPERATORS:
            new = OPERATORS[token]
            if token == " < " and re.search(r"\b(min|max)\(", self.mutants[number].source):
                new = " > "           # with <= they would give the same
            # Each operand once, or those in others would be written out again and again.
            return (f"({{ __auto_type l{number} = {left}; __auto_type r{number} = {right}; "
                    f"MUTANT({number}) ? l{number}{new}r{number} : l{number}{token}r{number}; }})")
        if token == "-":
            return f"(MUTANT({number}) ? +({right}) : -({right}))"
        if token == "!":
            return f"MUTANT({number}) ^ !{right}"
        if line[:place.at].endswith("if ("):
            return f"(MUTANT({number}) ? !{token} : {token})"
        if line[:place.at].endswith("switch ("):
            return f"(MUTANT({number}) ? -1 : (int) {token})"         # none of them
        return f"(MUTANT({number}) ? {NUMBERS.get(token, f'{token} + 1')} : {token})"


def build_switched(folder):
    """Build a copy of the tree with all switches in it; return the mutants."""
    written = folder / "src/_kernels.c"
    switches = Switches(written.read_text())
    while True:
        written.write_text(switches.write())
        done = builds.build(folder, CFLAGS="-O1 -w")
        if not done.returncode:
            print(f"{len(switches.refused)} changes cannot be compiled")
            return [mutant for number, mutant in sorted(switches.mutants.items())
                    if number not in switches.refused]
        refused = {
            number for line in re.findall(r"_kernels\.c:(\d+):\d+: error", done.stderr)
            for number in switches.numbers_in.get(int(line) - len(SWITCH.splitlines()) - 1, ())}
        # Most often pointers, of which there is a difference and no sum.
        refused = {number for number in refused
                   if switches.mutants[number].change.startswith("'-'")} or refused
        assert refused, done.stderr[-3000:]
        switches.refused |= refused


def statements(lines):
    """List the first and the last line of each statement."""
    begin, depth, in_text = None, 0, False
    for line, source in enumerate(lines):
        quotes = source.count('"""')
        if quotes or in_text or not is_code(source):
            in_text ^= quotes % 2
            continue
        begin = line if begin is None else begin
        code = without_comment(source)
        depth += sum(map(code.count, "([{")) - sum(map(code.count, ")]}"))
        if depth == 0:
            yield begin, line
            begin = None


def with_choice(statement, changes):
    """Write a statement with its changes, by number, and the choice between them; None if it has no
    place for one: a signature, a loop's head, what is decided for each type as it is built.
    """
    if re.search(r"_t is |^(cdef|def|@|\s+for\b)", statement):
        return None
    for head in (r"\s*(?:if|elif|while) ", r"\s*cdef [^=(]+= "):
        parts = re.compile(rf"({head})(.*?)(:?)", re.DOTALL)
        if whole := parts.fullmatch(statement):
            # Objects and numbers as they are, Cython would mix up.
            truth = "<bint> " if re.match(r"\s*(if|elif|while|cdef bint) ", statement) else ""
            choice = f"{truth}({whole[2]})"
            for number, changed in changes.items():
                choice = (f"({truth}({parts.fullmatch(changed)[2]}) if cgrad_mutant == {number}"
                          f" else {choice})")
            return whole[1] + choice + whole[3]
    if statement.endswith(":"):
        return None
    indent = re.match(r"\s*", statement)[0]
    written = []
    for number, changed in changes.items():
        written += [f"{indent}{'el' if written else ''}if cgrad_mutant == {number}:",
                    textwrap.indent(changed, "    ")]
    return "\n".join([*written, f"{indent}else:", textwrap.indent(statement, "    ")])


def functions(lines):
    """List the first and the last line of each function of a header."""
    begin = None
    for line, source in enumerate(lines):
        begin = line if source.startswith("static") else begin
        if begin is not None and source.endswith("}") and (
                source == "}" or source.startswith("static")):
            yield begin, line
            begin = None


def with_dispatch(function, changes):
    """Write a function, its changed copies, by number, and one of its name that calls one."""
    head = function[:function.index("{")]
    signature = re.search(r"(\w+)\(([^)]*)\)\s*$", head)
    name, parameters = signature[1], signature[2].split(",")
    arguments = ", ".join(re.search(r"(\w*)\s*$", parameter)[1] for parameter in parameters)
    arguments = "" if arguments == "void" else arguments
    returns = "" if re.search(r"\bvoid\s+$", head[:signature.start()]) else "return "
    copies = {number: text for number, text in changes.items() if f" {name}(" in text}
    rename = functools.partial(re.sub, rf"\b{name}(?=\()", count=1)
    return "\n".join([
        rename(f"{name}_as_it_is", string=function),
        *(rename(f"{name}_{number}", string=text) for number, text in copies.items()),
        head + "{", "    switch (cgrad_mutant) {",
        *(f"    case {number}: {returns}{name}_{number}({arguments}); break;"
          for number in copies),
        f"    default: {returns}{name}_as_it_is({arguments});", "    }", "}"])


class Words:
    """The source in a folder, with a switch for each change of a word, or in a header."""

    def __init__(self, folder, mutants):
        self.mutants = {mutant.number: mutant for mutant in mutants}
        self._folder = folder
        self._numbers_in = {}         # by file and line as written

    def write(self):
        """Write all files with their switches."""
        self._numbers_in.clear()
        for name in SOURCES:
            lines = (builds.ROOT / "src" / name).read_text().splitlines()
            written, done = [], 0
            if name == "_kernels.pyx":
                at = next(i for i, line in enumerate(lines) if line.startswith("cimport"))
                written = [*lines[:at], 'cdef extern from *:', '    """', *SWITCH.splitlines(),
                           '    """', "    int cgrad_mutant"]
                done = at
            for first, last in statements(lines):
                if first < done:
                    continue
                written += lines[done:first]
                written += self._statement(name, lines, first, last, len(written))
                done = last + 1
            text = "\n".join([*written, *lines[done:]]) + "\n"
            (self._folder / "src" / name).write_text(text)
        for name in HEADERS:
            self._write_header(name)

    def _write_header(self, name):
        lines = (builds.ROOT / "src" / name).read_text().splitlines()
        written, done, switched = ["extern int cgrad_mutant;"], 0, set()
        for first, last in functions(lines):
            changes = self._changes(name, lines, first, last)
            switched |= changes.keys()
            written += lines[done:first]
            written.append(with_dispatch("\n".join(lines[first:last + 1]), changes))
            done = last + 1
        for number in [number for number, mutant in self.mutants.items()
                       if mutant.file == name and number not in switched]:
            del self.mutants[number]
        text = "\n".join([*written, *lines[done:]]) + "\n"
        (self._folder / "src" / name).write_text(text)

    def _changes(self, name, code, first, last):
        return {
            number: "\n".join([
                *code[first:mutant.line], mutant.text, *code[mutant.line + 1:last + 1]])
            for number, mutant in self.mutants.items()
            if mutant.file == name and first <= mutant.line <= last}

    def _statement(self, name, lines, first, last, row):
        code = [without_comment(line) for line in lines]
        changes = self._changes(name, code, first, last)
        text = changes and with_choice("\n".join(code[first:last + 1]), changes)
        if not text:
            for number in changes:
                del self.mutants[number]
            return lines[first:last + 1]
        written = text.splitlines()
        for line in range(row, row + len(written)):
            self._numbers_in[name, line] = list(changes)
        return written

    def refuse(self, errors):
        """Do without the changes in lines that Cython refuses; return how many."""
        refused = {
            number for name, line in re.findall(r"^(?:src/)?([\w.]+):(\d+):\d+: ", errors, re.M)
            for number in self._numbers_in.get((name, int(line) - 1), ())}
        for number in refused & self.mutants.keys():
            del self.mutants[number]
        return len(refused)


def build_words(folder, mutants):
    """Build a copy of the tree with a switch for words and headers; return the numbers."""
    words = Words(folder, mutants)
    while True:
        words.write()
        done = builds.build(folder, CFLAGS="-O1 -w")
        if not done.returncode:
            print(f"{len(words.mutants)} changes of words and headers have a switch")
            return set(words.mutants)
        assert words.refuse(done.stderr), done.stderr[-3000:]


class Judge:
    """A process that says of the build in a folder, with this or that change, if tests find it."""

    def __init__(self, folder, *options):
        self._process = subprocess.Popen(
            [sys.executable, str(folder / "tests/judge.py"), *options], cwd=folder,
            env=dict(os.environ, PYTHONPATH=str(folder), CGRAD_SIMD="baseline"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def finds(self, number=-1):
        """Whether a change is found; None if the process does not even begin, or has ended."""
        try:
            print(number, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            return None
        return {"found\n": True, "survived\n": False}.get(self._process.stdout.readline())

    def close(self):
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()


def prepare(folder):
    """Copy and build the tree, but for the builds for wider registers, of the same source."""
    builds.copy_tree(folder)
    setup = folder / "setup.py"
    text = setup.read_text()
    assert "levels.items()" in text
    setup.write_text(text.replace("levels.items()", "()"))
    done = builds.build(folder, CFLAGS="-O0")
    assert not done.returncode, done.stderr
    forget_build(folder)


def forget_build(folder):
    """Remove all but what Cython wrote, so that a build compiles it."""
    for built in [*folder.glob("cgrad/*.so"), *folder.glob("build/**/*.o")]:
        built.unlink()


def finds_text(plain, options, mutant):
    """Whether a change of the text is found, or cannot be built."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "cgrad"
        shutil.copytree(plain, folder)
        source = folder / "src" / mutant.file
        lines = source.read_text().splitlines()
        lines[mutant.line] = mutant.text
        source.write_text("\n".join(lines) + "\n")
        if builds.build(folder, CFLAGS="-O0").returncode:
            return True
        judge = Judge(folder, *options)
        try:
            return judge.finds() is not False
        finally:
            judge.close()


def main():
    """Do as the command line says; fail if a survivor is not explained."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="so many places, at random; else all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (0)")
    parser.add_argument(
        "--files", nargs="*", default=SOURCES + HEADERS, metavar="FILE[:FIRST[-LAST]]",
        help="of these files alone, or of their lines from FIRST on or to LAST")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--quick", action="store_true",
        help="leave out the tests that take longer: they may find what survives")
    parser.add_argument(
        "--new", action="store_true", help="leave out the changes that SURVIVORS explains")
    options = parser.parse_args()
    quick = ["--quick"] if options.quick else []
    with tempfile.TemporaryDirectory() as temporary:
        plain, switched, worded = (
            pathlib.Path(temporary) / name / "cgrad" for name in ("plain", "switched", "worded"))
        prepare(plain)
        shutil.copytree(plain, switched)
        shutil.copytree(plain, worded)
        mutants = build_switched(switched)
        of_text = list(mutants_of_text(mutants[-1].number + 1))
        words = build_words(worded, of_text)
        mutants += of_text
        mutants = [mutant for mutant in mutants if is_within(mutant, options.files)
                   and not (options.new and mutant.reason())]
        print(f"{len(mutants)} places", flush=True)
        if not mutants:
            parser.error(f"--files: expected lines of {', '.join(SOURCES + HEADERS)}")
        if options.sample and options.sample < len(mutants):
            mutants = random.Random(options.seed).sample(mutants, options.sample)
        with contextlib.ExitStack() as stack:
            by_switch, by_word = (
                judges_of(folder, options.processes, quick, stack) for folder in (switched, worded))

            def finds(mutant):
                if not mutant.text:
                    return ask(by_switch, mutant.number)
                if mutant.number in words:
                    return ask(by_word, mutant.number)
                return finds_text(plain, quick, mutant)

            return report(mutants, finds, options.processes)


def judges_of(folder, count, options, stack):
    """Start judges of a build, to be ended with the stack."""
    judges = queue.SimpleQueue()
    for _ in range(count):
        judges.put(judge := Judge(folder, *options))
        stack.callback(judge.close)
    assert not ask(judges), "the tests fail as it is"
    return judges


def ask(judges, number=-1):
    """Whether a change is found, by whichever judge is free."""
    judge = judges.get()
    try:
        found = judge.finds(number)
    finally:
        judges.put(judge)
    assert found is not None, "the process that judges has ended"
    return found


def is_within(mutant, files):
    """Whether a change is in one of these files, or in the lines that are named with it."""
    for file in files:
        name, _, lines = file.partition(":")
        first, _, last = lines.partition("-")
        if mutant.file == name and (
                int(first or 1) <= mutant.line + 1 <= int(last or sys.maxsize)):
            return True
    return False


def report(mutants, finds, processes):
    """Judge all, print who survived, and return the exit status."""
    counts = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(processes) as pool:
        for mutant, was_found in zip(mutants, pool.map(finds, mutants), strict=True):
            reason = mutant.reason()
            counts["found" if was_found else "explained" if reason else "not found"] += 1
            if not was_found:
                print(f"{mutant.file}:{mutant.line + 1}: {mutant.source}\n    {mutant.change}\n"
                      f"    {reason or 'NOT FOUND'}", flush=True)
            if counts.total() % 100 == 0:
                print(f"... {counts.total()} places", flush=True)
    print(", ".join(f"{counts[kind]} {kind}" for kind in ("found", "explained", "not found")))
    return int(counts["not found"] > 0)


if __name__ == "__main__":
    sys.exit(main())
