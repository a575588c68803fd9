import re
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from jocas_themes import load_sample_offers
from jocas_themes.lexicon import Lexicon, LexiconEntry, fold_text, load_french_lexicon
from jocas_themes.offers import as_offers
from jocas_themes.student._sentences import split_offers
from jocas_themes.student.kernel._literals import find_clauses
from jocas_themes.student.kernel._patterns import compile_patterns, make_class_page

pytestmark = pytest.mark.usefixtures("kernel")

FRENCH = load_french_lexicon()


def build_lexicon(present: Sequence[str], not_enough: Sequence[str] = ()) -> Lexicon:
    entry = LexiconEntry(
        code="A",
        present=tuple(present),
        not_enough=tuple(not_enough),
        confidence_present=50,
        confidence_absent=50,
    )
    return Lexicon((entry,))


def find_with_python(lexicon: Lexicon, sentences: Iterable[str]) -> list[int]:
    """Search as a slow and obvious program would: bit i for the lexicon's theme i."""
    return [
        sum((entry.find(sentence) is not None) << i for i, entry in enumerate(lexicon.entries))
        for sentence in sentences
    ]


def check_identical(lexicon: Lexicon, sentences: Sequence[str], patterns: Any = None) -> None:
    patterns = patterns or compile_patterns(lexicon, lexicon.codes)
    masks, is_unsure = patterns.find(pa.array(sentences, pa.large_string()))
    assert not is_unsure.any()
    np.testing.assert_array_equal(masks, find_with_python(lexicon, sentences))


@cache
def compile_french() -> Any:
    return compile_patterns(FRENCH, FRENCH.codes)


def test_by_hand() -> None:
    lexicon = Lexicon.from_toml(r"""
[PETS]
present = ['chiens?', 'chats? (?:noirs?|blancs?)', 'poney [^.\n]{0,20}club']
not_enough = ['chiens? de garde', 'pas de [^.\n]{0,10}chats? noirs?']
confidence_present = 60
confidence_absent = 70

[TREES]
present = ['chenes?']
confidence_present = 55
confidence_absent = 65
""")
    patterns = compile_patterns(lexicon, ["TREES", "OTHER", "PETS"])
    sentences = ["deux chiens", "chien de garde", "un chene, un chien", "", "chats noirs.", "lyon"]
    masks, is_unsure = patterns.find(pa.array(sentences))
    # Bit 0 is TREES, bit 1 a theme that the lexicon does not know, bit 2 PETS.
    assert masks.tolist() == [4, 0, 5, 0, 4, 0]
    assert not is_unsure.any()
    assert masks.dtype == np.uint64


@pytest.mark.parametrize("texts", [[], [None, "un chien", None]])
def test_no_sentences_and_nulls(texts: list[str | None]) -> None:
    patterns = compile_patterns(build_lexicon(["chien"]), ["A"])
    masks, is_unsure = patterns.find(pa.array(texts, pa.string()))
    assert masks.tolist() == [int(text is not None) for text in texts]
    assert not is_unsure.any()


# Blanking takes matches out, cuts them, and lets some be that were not.
@pytest.mark.parametrize(
    ("present", "not_enough", "sentence", "expected"),
    [
        ("chien", "chien de garde", "un chien de garde", 0),
        ("chien", "chien de garde", "un chien de garde, un chien", 1),
        ("chien de \\w+", "garde", "chien de garde", 0),
        ("a b", "b c", "a b c", 0),
        ("zut(?! alors)", "alors", "zut alors", 1),  # "zut \n\n\n\n\n"
        ("a\\s{4}b", "xx", "a xx b", 1),  # \s is a line break too
        ("a$", "b", "a b", 0),  # "a \n": the space is in between
        ("a ?$", "-", "a -", 1),  # "a \n": a line break at the end is none
        ("a b", "a", "a b", 0),
        ("b", "a|a b", "a b", 1),  # the first branch that matches, not the longest
        ("b", "a b|a", "a b", 0),
        ("b", "a(?: b)*?(?: c)?", "a b c", 1),  # as few as possible: "a"
        ("b", "a(?: b)*?(?: c)", "a b c", 0),
        ("\\w+", "(?=b)", "a b", 1),  # empty spans take nothing out
        ("b", "(?=b)(?:b)?", "a b", 0),
        ("b", "(?=b)(?:b)??", "a b", 0),  # and where one is, another is searched for
        ("x", "y", "", 0),
    ],
)
def test_what_is_not_enough(present: str, not_enough: str, sentence: str, expected: int) -> None:
    lexicon = build_lexicon([present], [not_enough])
    check_identical(lexicon, [sentence])
    assert find_with_python(lexicon, [sentence]) == [expected]


@pytest.mark.parametrize(
    ("pattern", "sentences"),
    [
        ("a.c", ["abc", "a\nc", "a€c", "a😀c", "ac"]),
        ("a[^b]c", ["abc", "a\nc", "a€c"]),
        ("a\\wc", ["aéc", "a-c", "a_c", "a٣c", "aαc", "a漢c", "a😀c"]),
        ("a\\dc", ["a3c", "a٣c", "a²c", "a𝟘c", "axc"]),
        ("\\d+ x", ["12 x", "٣ x", "𝟘𝟙 x"]),
        ("a\\sc", ["a c", "a\xa0c", "a\x85c", "a\u2028c", "a\x1cc", "a\u200bc"]),
        ("[\\W\\d]x[^\\S\\n]y", ["-x y", "3x y", "ax y", "-x\ny", "3x\ty"]),
        ("^a", ["a", "ba", "b a", "\na"]),
        ("a$", ["a", "a b", "a\n", "a\n\n"]),
        ("a\\Z", ["a", "a\n"]),
        ("\\Aa", ["a", "b a"]),
        ("-\\b.\\B,", ["-a,,", "-,,,"]),
        ("(?<=b )a(?= c)", ["b a c", "x a c", "b a", "a"]),
        ("(?<!bc )a", ["bc a", "c a", "a"]),
        ("(?:(?!no)\\w+ ){1,3}end", ["yes yes end", "no end", "yes no end", "end"]),
        ("(?=(?<=b )a(?!z)).", ["b a", "b az", "a"]),
        ("a{2,3}?b?", ["aa", "aaa", "aab", "aaab", "aaaab"]),
        ("(?:ab|a)(?:bc|c)", ["abc", "abbc", "ac", "ab"]),
        ("(?:a|ab){2,3}c", ["abac", "aabc", "abababc", "ababababc", "ac"]),
        ("(?:ab){2,}?c", ["ababc", "abc", "abababababc"]),
        ("(?:a(?:b(?:c)?)?){2}", ["aa", "abcab", "abcabcd", "ab"]),
        ("x(?!)|y", ["x", "y"]),
        ("x{0}y", ["y", "xy"]),
        ("€uro|·", ["€uro", "·", "a·", "€uros"]),
    ],
)
def test_operations(pattern: str, sentences: list[str]) -> None:
    check_identical(build_lexicon([pattern]), [*sentences, *(f"u, {s}!" for s in sentences), ""])
    check_identical(build_lexicon([r"\S+"], [pattern]), sentences)


ATOMS = [
    *("a", "b", "c", "ab", "0", "7", " ", "-", "'", "€", "α", ".", "\n", "x{0}"),
    *(r"\w", r"\d", r"\s", r"\W", r"\D", r"\S", "[ab]", "[^a\n]", "[a-c0-9]", "[^-a]", r"[\w']"),
    *(r"[^\W\d]", r"[\d .,]", r"[^\s€]", r"\b", r"\B", "^", "$", r"\A", r"\Z", "(?!)"),
]
QUANTIFIERS = ["?", "*", "+", "{2}", "{0,2}", "{1,3}", "{2,}", "{,1}"]


def _grow(patterns: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = patterns.map("(?:{})".format)
    return st.one_of(
        st.lists(patterns, min_size=2, max_size=4).map("".join),
        st.lists(patterns, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.builds("{}{}{}".format, group, st.sampled_from(QUANTIFIERS), st.sampled_from(["", "?"])),
        st.builds("(?{}{})".format, st.sampled_from(["=", "!"]), patterns),
        st.builds(
            "(?{}{})".format,
            st.sampled_from(["<=", "<!"]),
            st.sampled_from(["a", "ab", r"\w-", " "]),
        ),
    )


patterns_of_all_kinds = st.recursive(st.sampled_from(ATOMS), _grow, max_leaves=8)
odd_texts = st.text(alphabet="aaabbc07  -.'\n€éα٣𝟘漢_", max_size=14)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(patterns_of_all_kinds, min_size=1, max_size=3),
    st.lists(patterns_of_all_kinds, max_size=2),
    st.lists(odd_texts, min_size=1, max_size=8),
)
def test_any_pattern_finds_what_python_finds(
    present: list[str], not_enough: list[str], texts: list[str]
) -> None:
    try:
        lexicon = build_lexicon(present, not_enough)
    except ValueError:  # the lexicon refuses it: it matches no word at all, or never
        assume(False)
    patterns = compile_patterns(lexicon, lexicon.codes)
    assume(patterns is not None)
    check_identical(lexicon, texts, patterns)


@pytest.mark.parametrize(
    "pattern",
    [
        *("(?i:ab)", "(?s:a.)", "(?-i:a)", "(?>ab)", "a++b", "(?:ab)*+c"),
        *("(?:a?)*b", r"(?:\w*,?){2,3}b", "(?:|a)+b", "(?:(?=a)){2}a", "(?:(?:ab){900}){900}"),
        "a)|(?:b",  # means one thing alone, another among others
    ],
)
def test_what_the_kernel_cannot_run_stays_with_python(pattern: str) -> None:
    lexicon = build_lexicon(["chien", pattern])
    assert compile_patterns(lexicon, ["A"]) is None
    assert compile_patterns(lexicon, ["B"]) is not None  # the theme is not asked for
    assert compile_patterns(build_lexicon(["chien"], [pattern]), ["A"]) is None


def test_at_most_64_themes() -> None:
    lexicon = build_lexicon(["chien"])
    patterns = compile_patterns(lexicon, [*"B" * 63, "A"])
    masks, _ = patterns.find(pa.array(["un chien"]))
    assert masks.tolist() == [1 << 63]
    assert compile_patterns(lexicon, ["A"] * 65) is None


def test_a_python_without_this_parser_keeps_the_lexicon(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("jocas_themes.student.kernel._patterns.import_module", refuse)
    assert compile_patterns(FRENCH, FRENCH.codes) is None


@pytest.mark.parametrize(
    "pattern",
    ["(?:a|aa)+$", r"(?:\w|\w\w)+-", "(?:a{1,9}){1,9}(?:a{1,9}){1,9}z", "(?:(?:a+b?)+c?)+z"],
)
def test_what_would_take_for_ever_is_left_to_python(pattern: str) -> None:
    patterns = compile_patterns(build_lexicon([pattern]), ["A"])
    endless = "a" * 60 + "!"
    begin = time.perf_counter()
    masks, is_unsure = patterns.find(pa.array(["aaaz aa", endless, "-", endless, "b aa"]))
    assert time.perf_counter() - begin < 1
    assert is_unsure.tolist() == [0, 1, 0, 1, 0]
    expected = find_with_python(build_lexicon([pattern]), ["aaaz aa", "b aa"])
    assert masks[[0, 4]].tolist() == expected


def test_a_long_text_needs_no_deep_stack() -> None:
    lexicon = build_lexicon([r"(?:(?:ab|a) ?)+z", r"[^\n]+?y"])
    check_identical(lexicon, ["ab" * 5000, "ab" * 5000 + "z", "ab" * 5000 + "y"])


def test_looks_are_as_deep_as_one_likes() -> None:
    deep = "(?=" * 15 + "a" + ")" * 15 + "ab"
    check_identical(build_lexicon([deep]), ["ab", "b"])
    deeper = "(?=" * 40 + "ab" + ")" * 40 + "ab"
    patterns = compile_patterns(build_lexicon([deeper]), ["A"])
    _, is_unsure = patterns.find(pa.array(["ab"]))
    assert is_unsure.tolist() == [1]


def list_literals() -> list[str]:
    parser = import_module("re._parser")
    patterns = (p for entry in FRENCH.entries for p in (*entry.present, *entry.not_enough))
    clauses = (clause for pattern in patterns for clause in find_clauses(parser.parse(pattern)))
    return sorted(frozenset().union(*clauses))


glued_literals = st.lists(
    st.one_of(
        st.sampled_from(list_literals()),
        st.sampled_from(
            [
                *(" ", " ", "\n", ".", ", ", "s", "e", "d'", "l'", "de ", "des ", "vos ", "votre "),
                *("3", "35 ", "k", " k€", "٣", "€", "non ", "sans ", "pas de ", "vous ", "la "),
            ]
        ),
    ),
    max_size=9,
).map("".join)


@settings(deadline=None)
@given(st.lists(glued_literals, max_size=12))
@example(["salaire de ٣٥ k€", "35 k€", "100 euros de ٣"])
def test_the_french_lexicon_on_its_own_literals(sentences: list[str]) -> None:
    check_identical(FRENCH, sentences, compile_french())


@settings(deadline=None)
@given(st.lists(st.text(max_size=40).map(fold_text), max_size=4))
def test_the_french_lexicon_on_any_text(sentences: list[str]) -> None:
    sentences = [sentence.encode(errors="ignore").decode() for sentence in sentences]
    check_identical(FRENCH, sentences, compile_french())


def test_the_french_lexicon_on_the_sample_offers() -> None:
    texts = as_offers(load_sample_offers())["text"]
    sentences = sorted(set(split_offers(texts).texts))
    check_identical(FRENCH, sentences, compile_french())


def list_real_sentences(shared_data: Path) -> list[str]:
    names = ("offers_labelled.parquet", "offers_unlabelled.parquet")
    texts = pd.concat([as_offers(pd.read_parquet(shared_data / name))["text"] for name in names])
    return sorted(set(split_offers(texts).texts))


@pytest.mark.real_data
def test_the_french_lexicon_on_some_real_sentences(shared_data: Path) -> None:
    labelled = pd.read_parquet(shared_data / "offers_labelled.parquet")[:150]
    check_identical(FRENCH, sorted(set(split_offers(as_offers(labelled)["text"]).texts)))


@pytest.mark.slow
@pytest.mark.real_data
def test_the_french_lexicon_on_all_real_sentences(shared_data: Path) -> None:
    sentences = list_real_sentences(shared_data)
    assert len(sentences) > 200_000
    check_identical(FRENCH, sentences, compile_french())


def test_threads_share_patterns() -> None:
    patterns = compile_patterns(FRENCH, FRENCH.codes)  # no page of characters is made yet
    sentences = pa.array([f"αβγ {word} 漢字 €" for word in list_literals()])
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: patterns.find(sentences)[0], range(8)))
    for masks in found[1:]:
        np.testing.assert_array_equal(masks, found[0])


@pytest.mark.parametrize("page", [0, 1, 6, 0x1D7])
def test_pages_of_characters_are_those_of_python(page: int) -> None:
    made = make_class_page(page)
    assert len(made) == 256
    for code, classes in enumerate(made, page * 256):
        assert bool(classes & 1) == (re.match(r"\w", chr(code)) is not None)
        assert bool(classes & 2) == (re.match(r"\d", chr(code)) is not None)


MATCH, SET = (0, 0, 0, 0), (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"instructions": [SET]}, "broken instruction 0"),  # runs out of the program
        ({"instructions": [(9, 0, 0, 0), MATCH]}, "broken instruction 0"),
        ({"instructions": [(1, 1, 0, 0), MATCH]}, "broken instruction 0"),  # no set 1
        ({"instructions": [SET, (4, 0, 3, 0), MATCH]}, "broken instruction 1"),
        ({"instructions": [SET, (5, -1, 0, 0), MATCH]}, "broken instruction 1"),
        ({"instructions": [(2, 0, 3, 2), MATCH]}, "broken instruction 0"),
        ({"instructions": [(7, 0, 1, 0), MATCH]}, "broken instruction 0"),
        ({"instructions": [(8, 1, -1, 0), MATCH]}, "broken instruction 0"),
        ({"patterns": [(2, [])]}, "broken pattern 0"),
        ({"patterns": [(0, [1])]}, "broken pattern 0"),
        ({"themes": [(2, 0)]}, "each pattern needs a theme"),
        ({"themes": [(1, 0), *[(0, 0)] * 64]}, "each pattern needs a theme"),
        ({"clauses": [[(b"ab\nc", 0)]]}, "must not hold a line break"),
        ({"clauses": [[(b"ab", 0)]]}, "must hold three bytes, and its window"),
        ({"clauses": [[(b"abcd", 2)]]}, "must hold three bytes, and its window"),
    ],
)
def test_a_broken_program_never_runs(
    kernel: ModuleType, change: dict[str, Any], message: str
) -> None:
    parts = {
        "instructions": [SET, MATCH],
        "sets": [(False, 0, [(97, 97)])],
        "patterns": [(0, [0])],
        "themes": [(1, 0)],
        "clauses": [[(b"aaa", 0)]],
        "make_class_page": make_class_page,
    }
    assert kernel.Patterns(**parts).find(pa.array(["aaa", "b"]))[0].tolist() == [1, 0]
    with pytest.raises(ValueError, match=message):
        kernel.Patterns(**(parts | change))


def test_a_page_of_characters_that_fails_is_told(kernel: ModuleType) -> None:
    lexicon = build_lexicon(["aaa"])
    assert compile_patterns(lexicon, ["A"]) is not None
    with pytest.raises(ValueError, match="a page holds 256 bytes"):
        kernel.Patterns([MATCH], [], [(0, [])], [(1, 0)], [], lambda page: b"")
