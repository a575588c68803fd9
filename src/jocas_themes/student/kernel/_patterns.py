"""A lexicon's patterns for the kernel: parsed by Python itself, written as a flat program.

The kernel (native/regex.hpp) runs the program as `re` would run the pattern. What it does not
know is not compiled: the lexicon then stays with Python.
"""

import logging
from collections.abc import Sequence
from enum import IntEnum
from importlib import import_module
from typing import Any, NamedTuple

from jocas_themes._native import require_kernel
from jocas_themes.lexicon import Lexicon
from jocas_themes.student.kernel._literals import Clause, Parsed, choose_window, find_clauses

_LOGGER = logging.getLogger(__name__)

_MAX_INSTRUCTIONS = 200_000  # 3 MB
_MAX_THEMES = 64
_WITHOUT_LIMIT = 2**31 - 1  # more characters than a text has
_WORD, _DIGIT = 1, 2


class Op(IntEnum):
    """The kernel's instructions: `Op` of native/regex.hpp."""

    MATCH = 0
    SET = 1
    REPEAT = 2
    LAZY_REPEAT = 3
    SPLIT = 4
    JUMP = 5
    AT = 6
    PEEK = 7
    LOOK = 8


class Place(IntEnum):
    """Places between characters: `Place` of native/regex.hpp."""

    START = 0
    END = 1
    END_OR_LAST_BREAK = 2
    BOUNDARY = 3
    NOT_BOUNDARY = 4


_PLACES = {
    "AT_BEGINNING": Place.START,
    "AT_BEGINNING_STRING": Place.START,
    "AT_END": Place.END_OR_LAST_BREAK,
    "AT_END_STRING": Place.END,
    "AT_BOUNDARY": Place.BOUNDARY,
    "AT_NON_BOUNDARY": Place.NOT_BOUNDARY,
}
# Bits: `Category` of native/regex.hpp.
_CATEGORIES = {
    "CATEGORY_WORD": 1,
    "CATEGORY_NOT_WORD": 2,
    "CATEGORY_DIGIT": 4,
    "CATEGORY_NOT_DIGIT": 8,
    "CATEGORY_SPACE": 16,
    "CATEGORY_NOT_SPACE": 32,
}


class CharacterSet(NamedTuple):
    """Characters of some ranges (both ends included) and categories, or all the others."""

    negated: bool
    categories: int
    ranges: tuple[tuple[int, int], ...]


_WORD_SET = CharacterSet(False, _CATEGORIES["CATEGORY_WORD"], ())


class UnsupportedPatternError(Exception):
    """A pattern that the kernel cannot run."""


def compile_patterns(lexicon: Lexicon, themes: Sequence[str]) -> Any:
    """Compile a lexicon for the kernel.

    Parameters
    ----------
    lexicon : Lexicon
        The patterns.
    themes : sequence of str
        Codes, in the order of the bits of the kernel's answers. A theme that the lexicon does
        not know is found nowhere.

    Returns
    -------
    Patterns or None
        The kernel's object; None where a pattern holds what only Python can run, or where the
        themes are more than 64.

    Notes
    -----
    A pattern is run only on sentences that hold the literals without which it cannot match.
    """
    try:
        parts = _write_patterns(lexicon, themes)
    # The parser is private: another Python may have none, or another one.
    except (UnsupportedPatternError, ImportError, AttributeError) as error:
        _LOGGER.info("the lexicon stays with Python: the kernel cannot run %s.", error)
        return None
    return require_kernel().Patterns(*parts, make_class_page)


def _write_patterns(lexicon: Lexicon, themes: Sequence[str]) -> tuple[list[Any], ...]:
    """Return instructions, sets, patterns, how many of them each theme has, and clauses."""
    if len(themes) > _MAX_THEMES:
        raise UnsupportedPatternError(f"{len(themes)} themes")
    parser = import_module("re._parser")
    entries = {entry.code: entry for entry in lexicon.entries}
    program, clauses = Program(), dict[Clause, int]()
    patterns, counts = [], []
    for theme in themes:
        entry = entries.get(theme)
        present, not_enough = (entry.present, entry.not_enough) if entry else ((), ())
        counts.append((len(present), len(not_enough)))
        for pattern in (*present, *not_enough):
            parsed = _parse(parser, pattern)
            needed = [clauses.setdefault(clause, len(clauses)) for clause in find_clauses(parsed)]
            patterns.append((program.add(parsed), needed))
    written = [_write_clause(clause) for clause in clauses]
    return program.code, list(program.sets), patterns, counts, written


def make_class_page(page: int) -> bytes:
    r"""Tell of 256 code points which are in ``\w`` (bit 0) and ``\d`` (bit 1)."""
    characters = map(chr, range(page * 256, page * 256 + 256))
    return bytes(
        _WORD * (character.isalnum() or character == "_") + _DIGIT * character.isdecimal()
        for character in characters
    )


def _write_clause(clause: Clause) -> list[tuple[bytes, int]]:
    """Return a clause's literals, and where in each the kernel looks first."""
    literals = sorted(literal.encode() for literal in clause)
    return [(literal, choose_window(literal)) for literal in literals]


def _parse(parser: Any, pattern: str) -> Any:
    """Parse a pattern alone, which shows that it means the same among others."""
    try:
        parsed = parser.parse(pattern)
    except parser.error as error:
        raise UnsupportedPatternError(f"{pattern!r} ({error})") from error
    if parsed.state.flags != parser.SRE_FLAG_UNICODE:
        raise UnsupportedPatternError(f"{pattern!r} (it sets flags)")
    return parsed


class Program:
    """Instructions under construction.

    Attributes
    ----------
    code : list of tuple
        Each an operation and its three operands; what they mean is told in native/regex.hpp.
    sets : dict of CharacterSet to int
        The sets that instructions name, and their numbers.
    """

    def __init__(self) -> None:
        self.code: list[tuple[int, int, int, int]] = []
        self.sets: dict[CharacterSet, int] = {}

    def add(self, parsed: Parsed) -> int:
        """Compile a pattern that ends at a word boundary; return its first instruction."""
        start = len(self.code)
        self._add_sequence(parsed)
        self._emit(Op.PEEK, self._number(_WORD_SET), 0, 1)
        self._emit(Op.MATCH)
        return start

    def _emit(self, op: Op, a: int = 0, b: int = 0, c: int = 0) -> int:
        """Append an instruction; return its place."""
        if len(self.code) == _MAX_INSTRUCTIONS:
            raise UnsupportedPatternError("so many and so long repetitions")
        self.code.append((op, a, b, c))
        return len(self.code) - 1

    def _number(self, characters: CharacterSet) -> int:
        return self.sets.setdefault(characters, len(self.sets))

    def _add_sequence(self, parsed: Parsed) -> None:
        for operation, value in parsed:
            self._add_part(operation.name, value)

    def _add_part(self, name: str, value: Any) -> None:
        characters = _read_set(name, value)
        if characters is not None:
            self._emit(Op.SET, self._number(characters))
        elif name == "AT":
            self._emit(Op.AT, _PLACES[value.name])
        elif name == "SUBPATTERN":
            self._add_group(*value)
        elif name == "BRANCH":
            self._add_branches(value[1])
        elif name in {"MAX_REPEAT", "MIN_REPEAT"}:
            self._add_repeat(*value, lazy=name == "MIN_REPEAT")
        elif name in {"ASSERT", "ASSERT_NOT"}:
            self._add_look(*value, negated=name == "ASSERT_NOT")
        else:
            raise UnsupportedPatternError(f"the operation {name}")

    def _add_group(self, number: int | None, set_flags: int, unset_flags: int, body: Any) -> None:
        if number is not None or set_flags or unset_flags:
            raise UnsupportedPatternError("groups that capture or set flags")
        self._add_sequence(body)

    def _add_branches(self, branches: Sequence[Any]) -> None:
        """Try branches one after the other."""
        ends = []
        for branch in branches[:-1]:
            split = self._emit(Op.SPLIT)
            self._add_sequence(branch)
            ends.append(self._emit(Op.JUMP))
            self.code[split] = (Op.SPLIT, split + 1, len(self.code), 0)
        self._add_sequence(branches[-1])
        for end in ends:
            self.code[end] = (Op.JUMP, len(self.code), 0, 0)

    def _add_repeat(self, least: int, most: int, body: Any, *, lazy: bool) -> None:
        least, most = min(int(least), _WITHOUT_LIMIT), min(int(most), _WITHOUT_LIMIT)
        characters = _read_set(body[0][0].name, body[0][1]) if len(body) == 1 else None
        if characters is not None:
            op = Op.LAZY_REPEAT if lazy else Op.REPEAT
            self._emit(op, self._number(characters), least, most)
            return
        if body.getwidth()[0] == 0 and most > 1:
            # When to stop repeating nothing is a matter of its own.
            raise UnsupportedPatternError("repetitions of what may be empty")
        for _ in range(least):
            self._add_sequence(body)
        if most == _WITHOUT_LIMIT:
            split = self._emit(Op.SPLIT)
            self._add_sequence(body)
            self._emit(Op.JUMP, split)
            self._set_splits([split], lazy=lazy)
            return
        splits = []
        for _ in range(most - least):
            splits.append(self._emit(Op.SPLIT))
            self._add_sequence(body)
        self._set_splits(splits, lazy=lazy)

    def _set_splits(self, splits: list[int], *, lazy: bool) -> None:
        """Let each go on behind it, and out of the repetition, which ends here."""
        for split in splits:
            ways = (len(self.code), split + 1) if lazy else (split + 1, len(self.code))
            self.code[split] = (Op.SPLIT, *ways, 0)

    def _add_look(self, direction: int, body: Any, *, negated: bool) -> None:
        """Look ahead or, over a fixed width, behind."""
        is_behind = direction < 0
        width, longest = body.getwidth()
        characters = _read_set(body[0][0].name, body[0][1]) if len(body) == 1 else None
        if characters is not None:
            self._emit(Op.PEEK, self._number(characters), -int(is_behind), int(negated))
            return
        if is_behind and (width != longest or width >= _WITHOUT_LIMIT):
            raise UnsupportedPatternError("a look behind over more than one width")
        look = self._emit(Op.LOOK)
        self._add_sequence(body)
        self._emit(Op.MATCH)
        self.code[look] = (Op.LOOK, len(self.code), width if is_behind else 0, int(negated))


def _read_set(name: str, value: Any) -> CharacterSet | None:
    """Return the set of an operation on one character, None of another operation."""
    if name in {"LITERAL", "NOT_LITERAL"}:
        return CharacterSet(name == "NOT_LITERAL", 0, ((value, value),))
    if name == "ANY":
        return CharacterSet(True, 0, ((ord("\n"), ord("\n")),))
    if name != "IN":
        return None
    names = [operation.name for operation, _ in value]
    categories = 0
    ranges = []
    for operation, item in value:
        if operation.name == "CATEGORY":
            categories |= _CATEGORIES[item.name]
        elif operation.name == "RANGE":
            ranges.append((item[0], item[1]))
        elif operation.name == "LITERAL":
            ranges.append((item, item))
    return CharacterSet("NEGATE" in names, categories, tuple(ranges))
