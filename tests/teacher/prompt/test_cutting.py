"""A long text is cut after a sentence, and never beyond the limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.teacher.prompt._cutting import cut_text


def _count_words(text):
    return len(text.split())


@pytest.mark.parametrize(
    ("max_tokens", "cut"),
    [
        # The sentences end after 3, 3 + 5 = 8 and 8 + 5 = 13 words, marks that stand alone
        # included; the text after 14.
        (14, "Poste à Lyon. Deux jours de télétravail !\nPrimes « en juin ». Fin"),
        (13, "Poste à Lyon. Deux jours de télétravail !\nPrimes « en juin »."),
        (12, "Poste à Lyon. Deux jours de télétravail !"),
        (8, "Poste à Lyon. Deux jours de télétravail !"),
        # 3 words are half of 6, and less than half of 7.
        (7, "Poste à Lyon. Deux jours de télétravail"),
        (6, "Poste à Lyon."),
        (3, "Poste à Lyon."),
        (2, "Poste à"),
        (1, "Poste"),
    ],
)
def test_the_cut_comes_after_a_sentence(max_tokens, cut):
    text = "Poste à Lyon. Deux jours de télétravail !\nPrimes « en juin ». Fin"
    assert cut_text(text, max_tokens, _count_words) == cut


def test_a_sentence_that_is_too_long_is_cut_after_a_word():
    # The first sentence would leave 1 word where 10 are allowed.
    text = "Poste. " + "mot " * 30
    assert cut_text(text, 10, _count_words) == "Poste." + " mot" * 9


def test_a_word_that_is_too_long_is_cut():
    assert cut_text("x" * 30, 10, len) == "x" * 10
    assert cut_text("x" * 30, 10, lambda text: len(text) + 50) == ""


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        # 4 of 6 words are more than half: a border there would be taken.
        ("Un rendez-vous avec M. Roux ou Mme Petit", "Un rendez-vous avec M. Roux ou"),
        ("Un rendez-vous avec Dr. Roux ou Mme Petit", "Un rendez-vous avec Dr. Roux ou"),
        ("Pour l'heure, vous aurez 12.50 € et une prime", "Pour l'heure, vous aurez 12.50 €"),
        ("Vous serez au contact des clients. Et puis", "Vous serez au contact des clients."),
    ],
)
def test_not_every_point_ends_a_sentence(text, cut):
    assert cut_text(text, 6, _count_words) == cut


def test_a_short_text_is_left_as_it_is():
    assert cut_text(" Un texte.\n", 2, _count_words) == " Un texte.\n"


@pytest.mark.parametrize("max_tokens", [0, -1])
def test_at_least_one_token_is_kept(max_tokens):
    with pytest.raises(ValueError, match="max_tokens must be at least 1"):
        cut_text("x", max_tokens, len)


@given(st.text("ab. \n!»", max_size=60), st.integers(1, 40))
def test_the_cut_is_a_beginning_within_the_limit(text, max_tokens):
    cut = cut_text(text, max_tokens, len)
    assert text.startswith(cut)
    assert len(cut) <= max_tokens or cut == text
    if cut != text:
        # Inside a word only when the first word alone is too long.
        assert not cut or text[len(cut)].isspace() or not any(map(str.isspace, cut.lstrip()))


def test_the_counter_is_called_a_few_times_only():
    calls = []

    def count(text):
        calls.append(len(text))
        return len(text.split())

    cut_text("Une phrase. " * 10_000, 100, count)
    # The whole text, log2(10,000) = 14 places of sentences and of no word, and the cut.
    assert len(calls) <= 20
