"""Passages: nothing of an offer is lost, and every board's style reads the same."""

import pytest

from jocas_themes.datasets import load_sample_offers
from jocas_themes.datasets._passages import (
    N_PASSAGES,
    STYLES,
    Passage,
    _cut_description,
    _split_units,
    read_passages,
)
from jocas_themes.offers import clean_text


def _words(text: str) -> list[str]:
    return text.split()


def test_passages_hold_all_words_of_their_offer_in_order() -> None:
    descriptions = load_sample_offers()["description_full"]
    for description, passages in zip(descriptions, read_passages(), strict=True):
        assert len(passages) == N_PASSAGES
        assert passages[0].lines
        joined = " ".join(line for passage in passages for line in passage.lines)
        assert _words(joined) == _words(clean_text(description))


@pytest.mark.parametrize("style", STYLES)
def test_styles_differ_in_mark_up_alone(style: str) -> None:
    for passages in read_passages():
        written = "".join(passage.render(style) for passage in passages)
        lines = [line for passage in passages for line in passage.lines]
        assert clean_text(written).split("\n") == lines


def test_marks_of_each_style() -> None:
    passage = Passage(("R&D : 2 000 € à Évry", "- poste < 35 h"), states_pay=True)
    assert passage.render("plain") == "R&D : 2 000 € à Évry\n- poste < 35 h\n\n"
    assert passage.render("paragraphs") == (
        "<p>R&amp;D : 2 000 &euro; &agrave; &Eacute;vry</p><li>- poste &lt; 35 h</li>"
    )
    # Spaces that French typography holds together become non-breaking ones.
    assert passage.render("breaks") == (
        "R&amp;D\xa0: 2\xa0000 &euro; &agrave; &Eacute;vry<br/>\n- poste &lt; 35 h<br/><br/>\n"
    )


def test_a_list_stays_with_its_heading() -> None:
    text = (
        "Qui sommes-nous.\nVOS MISSIONS\n- lire\n- dire :\nProfil sérieux exigé.\nBonne ambiance."
    )
    assert _split_units(text) == [
        "Qui sommes-nous.",
        "VOS MISSIONS\n- lire\n- dire :",
        "Profil sérieux exigé.",
        "Bonne ambiance.",
    ]


def test_a_single_paragraph_is_cut_between_sentences() -> None:
    # A short question is taken for a heading, and stays with what answers it.
    text = "Nous recrutons. Vous êtes M. Propre. Qui sommes-nous ? Une PME. Écrivez-nous."
    assert _split_units(text) == [
        "Nous recrutons.",
        "Vous êtes M.",  # an abbreviation is not known, and does no harm here
        "Propre.",
        "Qui sommes-nous ?\nUne PME.",
        "Écrivez-nous.",
    ]


@pytest.mark.parametrize(
    ("line", "states_pay"),
    [("de 28 à 32 K€", True), ("30k brut", True), ("Salaire selon profil", True), ("CDI", False)],
)
def test_passages_that_state_pay_are_known(line: str, states_pay: bool) -> None:
    assert _cut_description(line)[0].states_pay is states_pay
