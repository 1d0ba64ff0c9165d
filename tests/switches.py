"""A switch for each change of the compiled room, so that one build has them all (see mutate.py)."""

import collections
import dataclasses
import functools
import re
import textwrap

import builds
from mutants import HEADERS, NUMBERS, OPERATORS, SOURCES, Mutant, is_code, without_comment

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
        done = builds.build(folder, CFLAGS="-O1 -w -DSCALES_HALVES=1")
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
        done = builds.build(folder, CFLAGS="-O1 -w -DSCALES_HALVES=1")
        if not done.returncode:
            print(f"{len(words.mutants)} changes of words and headers have a switch")
            return set(words.mutants)
        assert words.refuse(done.stderr), done.stderr[-3000:]
