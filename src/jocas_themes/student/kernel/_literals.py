"""The literals without which a pattern cannot match: told from its parsed form, before any text.

In literals, 0 stands for any of the digits 0 to 9. The kernel reads sentences so too, and tries
every pattern on the few sentences that hold digits of other scripts.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice, repeat
from math import prod
from typing import Any, NamedTuple

# A parsed pattern, as Python's own parser gives it: (operation, what it is about) one by one.
Parsed = Iterable[tuple[Any, Any]]
# Literals of which any match holds one at least.
Clause = frozenset[str]

_MAX_TEXTS = 64  # that parts in a row are multiplied to
_MAX_CHARACTERS = 10  # of a set that is written out
_MAX_ROUNDS = 5  # of a repetition that are written out
_MAX_CLAUSES = 2
_MIN_BYTES = 3
_WORD = re.compile("[^ ']+")
_DIGIT = "0"
_NO_TEXT = frozenset({""})
_WITHOUT_WIDTH = frozenset({"AT", "ASSERT", "ASSERT_NOT"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT"})

# How often characters are in French offers, about; where a guess is wrong, time is lost alone.
_SHARES = {
    byte: share
    for characters, share in {b" e": 0.14, b"aistnrulo": 0.06, b"dcmp": 0.03, b"0": 0.02}.items()
    for byte in characters
}
_RARE = 0.005
_COMMON = 0.001
_FREQUENT_WORDS = {
    *("a", "au", "aux", "avec", "ce", "d", "dans", "de", "des", "du", "en", "est", "et", "etre"),
    *("il", "l", "la", "le", "les", "nos", "notre", "nous", "ou", "par", "pas", "pour", "qui"),
    *("sa", "ses", "son", "sur", "te", "tu", "un", "une", "vos", "votre", "vous"),
}


class _Known(NamedTuple):
    """What is known of the matches of a part of a pattern."""

    texts: frozenset[str] | None = None  # all that it can match, where these are few
    ends: frozenset[str] = _NO_TEXT  # each match ends with one of these
    clauses: tuple[Clause, ...] = ()
    is_optional: bool = False

    def list_clauses(self) -> tuple[Clause, ...]:
        """Return the clauses, also where all texts are known."""
        return self.clauses if self.texts is None else _make_clause(self.texts)


_UNKNOWN = _Known()


def find_clauses(parsed: Parsed) -> list[Clause]:
    """Find clauses that each match of a pattern fulfils, the rarest first; none may be known.

    Literals hold no line break, and three bytes at least.
    """
    clauses = [
        clause
        for clause in sorted(set(_read_sequence(parsed).list_clauses()), key=_order)
        if all(len(literal.encode()) >= _MIN_BYTES for literal in clause)
    ]
    rare = [clause for clause in clauses if _estimate_share(clause) < _COMMON]
    return rare[:_MAX_CLAUSES] or clauses[:1]


def choose_window(literal: bytes) -> int:
    """Choose where in a literal its rarest characters are, for the kernel looks at these first."""
    # The sizes of windows, and of what the first look is at, as native/literals.hpp has them.
    size = 8 if len(literal) >= 8 else 5 if len(literal) >= 5 else 3
    starts = range(len(literal) - size + 1)
    return min(starts, key=lambda start: _guess_share(literal[start : start + min(size, 5)]))


def _know(texts: frozenset[str]) -> _Known:
    return _Known(texts, texts)


def _make_clause(texts: frozenset[str]) -> tuple[Clause, ...]:
    """Return one clause, none where the texts may be empty."""
    return () if "" in texts else (_shorten(texts),)


def _read_sequence(parsed: Parsed) -> _Known:
    """Join parts that follow each other."""
    clauses: list[Clause] = []
    ends, is_whole = _NO_TEXT, True
    for part in _iter_parts(parsed):
        if part.texts is not None and _can_multiply(ends, part.texts):
            ends = frozenset(before + after for before in ends for after in part.texts)
            continue
        clauses += [*_make_clause(ends), *part.clauses]
        ends = ends | part.ends if part.is_optional else part.ends
        is_whole = False
    if is_whole:
        return _know(ends)
    return _Known(None, ends, (*clauses, *_make_clause(ends)))


def _can_multiply(left: frozenset[str], right: frozenset[str]) -> bool:
    return len(left) * len(right) <= max(len(left), len(right), _MAX_TEXTS)


def _iter_parts(parsed: Parsed) -> Iterator[_Known]:
    """Give the parts that follow each other, those of groups and of repetitions one by one."""
    for operation, value in parsed:
        if operation.name == "SUBPATTERN":
            yield from _iter_parts(value[-1])
        elif operation.name in _REPEATS:
            yield from _iter_rounds(*value)
        else:
            yield _read_part(operation.name, value)


def _iter_rounds(least: int, most: int, parsed: Parsed) -> Iterator[_Known]:
    """Give the rounds that there may be, then those that there must be."""
    part = _read_sequence(parsed)
    if (least, most) == (0, 1) and part.texts is not None:
        yield _know(part.texts | _NO_TEXT)
        return
    if most > min(least, _MAX_ROUNDS):
        yield _Known(ends=part.ends, is_optional=True)
    yield from repeat(part, min(least, _MAX_ROUNDS))


def _read_part(name: str, value: Any) -> _Known:
    """Tell what is known of one operation; nothing of those that are not named here."""
    if name in _WITHOUT_WIDTH:
        return _know(_NO_TEXT)
    if name == "LITERAL":
        return _read_characters([value])
    if name == "IN":
        return _read_characters(_list_characters(value))
    if name == "BRANCH":
        return _read_branches([_read_sequence(branch) for branch in value[1]])
    return _UNKNOWN


def _list_characters(items: Iterable[tuple[Any, Any]]) -> list[int]:
    """Write a set out; none where it is more than single characters, ranges and digits."""
    ranges: list[Iterable[int]] = []
    for operation, value in items:
        if operation.name == "LITERAL":
            ranges.append([value])
        elif operation.name == "RANGE":
            ranges.append(range(value[0], value[1] + 1))
        elif operation.name == "CATEGORY" and value.name == "CATEGORY_DIGIT":
            ranges.append([ord(_DIGIT)])
        else:
            return []
    return list(islice(chain(*ranges), _MAX_CHARACTERS + 1))


def _read_characters(codes: list[int]) -> _Known:
    """Take characters as they are, but for a line break, and what no text in UTF-8 holds."""
    is_plain = all(code != ord("\n") and not 0xD800 <= code < 0xE000 for code in codes)
    if 0 < len(codes) <= _MAX_CHARACTERS and is_plain:
        texts = map(chr, codes)
        return _know(frozenset(_DIGIT if "0" <= text <= "9" else text for text in texts))
    return _UNKNOWN


def _read_branches(branches: list[_Known]) -> _Known:
    """Join parts of which one is there: all their texts, or the rarest clause of each."""
    ends = frozenset(chain(*(branch.ends for branch in branches)))
    if all(branch.texts is not None for branch in branches):
        return _know(ends)
    rarest = [min(branch.list_clauses(), key=_order, default=_NO_TEXT) for branch in branches]
    return _Known(None, ends, _make_clause(frozenset(chain(*rarest))))


def _shorten(texts: Iterable[str]) -> Clause:
    """Leave out the literals that hold another one."""
    known = frozenset(texts)
    sizes = sorted(set(map(len, known)))
    return frozenset(text for text in known if known.isdisjoint(_cut(text, sizes)))


def _cut(text: str, sizes: Iterable[int]) -> Iterator[str]:
    """Give the parts of a text, of some sizes, that are not all of it."""
    for size in sizes:
        if size < len(text):
            yield from (text[start : start + size] for start in range(len(text) - size + 1))


def _guess_share(text: bytes) -> float:
    """Guess how often a text is at a place, as if characters came at random."""
    return prod(_SHARES.get(byte, _RARE) for byte in text)


def _estimate_share(clause: Clause) -> float:
    """Estimate how often one of a clause's literals is at a place."""
    return sum(map(_guess_share_of_words, clause))


def _guess_share_of_words(text: str) -> float:
    share = _guess_share(text.encode())
    return max(share, _COMMON) if _FREQUENT_WORDS.issuperset(_WORD.findall(text)) else share


def _order(clause: Clause) -> tuple[float, list[str]]:
    return _estimate_share(clause), sorted(clause)
