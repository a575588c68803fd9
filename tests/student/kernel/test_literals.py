import re
from importlib import import_module

import pytest

from jocas_themes.lexicon import load_french_lexicon
from jocas_themes.student.kernel._literals import choose_window, find_clauses

parser = import_module("re._parser")


def find(pattern: str) -> list[set[str]]:
    return [set(clause) for clause in find_clauses(parser.parse(pattern))]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("handicap", [{"handicap"}]),
        (r"handicap\w*", [{"handicap"}]),
        ("formations?", [{"formation"}]),  # who holds the plural holds the singular
        ("chats? (?:noirs?|blancs?)", [{"chat blanc", "chats blanc", "chat noir", "chats noir"}]),
        ("mecenat|bonus", [{"mecenat", "bonus"}]),
        ("mecenat(?:x|y)?", [{"mecenat"}]),
        # Rarest first; what may stand between the two tells nothing but the space at its end.
        (r"parite (?:[\w']+ ){0,2}mixite", [{" mixite"}, {"parite "}]),
        (r"\d{2,3}keur", [{"00keur"}]),  # the last two digits and what follows them
        (r"[4-9]\d ?%x", [{"00%x", "00 %x"}]),
        (r"(?:abcd){2}", [{"abcdabcd"}]),
        ("(?:abcd){7}", [{"abcd" * 5}]),
        (r"(?<!bio)diversite(?! des)", [{"diversite"}]),
        (r"\bprime$", [{"prime"}]),
        (r"(?:mecenat|\w+)", []),  # one branch has none
        (r"(?:mecenat)?", []),
        (r"\w+ \d*", []),
        ("tt", []),  # too short
        ("zut\nalors", [{"alors"}]),  # never a line break
        ("zut[ \n]alors", [{"alors"}]),
        ("zut[^x]alors", [{"alors"}]),
        ("k ?€", [{"k€", "k €"}]),
        ("\ud800prime", [{"prime"}]),  # no text in UTF-8 holds half a pair
    ],
)
def test_by_hand(pattern: str, expected: list[set[str]]) -> None:
    assert find(pattern)[: len(expected) or 1] == expected


def test_every_french_pattern_has_literals() -> None:
    patterns = [
        pattern
        for entry in load_french_lexicon().entries
        for pattern in (*entry.present, *entry.not_enough)
    ]
    assert len(patterns) > 300
    assert [pattern for pattern in patterns if not find(pattern)] == []


def test_a_long_list_takes_no_time() -> None:
    words = [f"mot{number:05}x" for number in range(2000)]
    (clause,) = find_clauses(parser.parse("|".join(words)))
    assert clause == {re.sub(r"\d", "0", word) for word in words} == {"mot00000x"}


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        (b"abc", 0),
        (b"esjk", 1),  # three bytes are looked at, and j and k are rare
        (b"eesjkx", 1),  # five
        (b" de la formation", 7),  # eight, of which five must be rare: "forma"
    ],
)
def test_the_kernel_looks_where_a_literal_is_rarest(literal: bytes, expected: int) -> None:
    assert choose_window(literal) == expected
