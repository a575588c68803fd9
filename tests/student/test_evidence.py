import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.student._evidence import locate_evidence
from jocas_themes.student._sentences import split_offers

NAN = np.nan
# Four sentences.
TEXT = "Vous encadrez une équipe de 5.\nHoraires flexibles. Deux jours de télétravail.\n10 RTT."


def locate(texts: list[str], labels: object, evidence: object) -> np.ndarray:
    shape = (len(texts), -1)
    return locate_evidence(
        split_offers(texts),
        np.array(labels, dtype=float).reshape(shape),
        np.array(evidence, dtype=object).reshape(shape),
    )


def locate_one(text: str, span: object) -> list[float]:
    return locate([text], [1], [span])[:, 0].tolist()


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("Horaires flexibles.", [NAN, 1, NAN, NAN]),
        ("Horaires flexibles", [NAN, 1, NAN, NAN]),
        ("encadrez une équipe", [1, NAN, NAN, NAN]),
        ("RTT", [NAN, NAN, NAN, 1]),
        # over two sentences, and from the middle of one to the middle of the next
        ("Horaires flexibles. Deux jours de télétravail.", [NAN, 1, 1, NAN]),
        ("équipe de 5.\nHoraires", [1, 1, NAN, NAN]),
        (TEXT, [1, 1, 1, 1]),
        # other case, white space, accents and punctuation marks
        ("VOUS\u00a0 ENCADREZ\tUNE EQUIPE", [1, NAN, NAN, NAN]),
        ("Deux  jours de te\u0301le\u0301travail", [NAN, NAN, 1, NAN]),
        # its only sentence is shorter than three characters: nothing to look for
        ("5.", [NAN] * 4),
        # not there
        ("Trois jours de télétravail", [NAN] * 4),
        ("", [NAN] * 4),
        ("   ", [NAN] * 4),
        (None, [NAN] * 4),
    ],
)
def test_a_span_shows_in_its_sentences(span: object, expected: list[float]) -> None:
    np.testing.assert_array_equal(locate_one(TEXT, span), expected)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("équipe", [NAN, 1, NAN]),  # not "équipement"
        ("prime", [NAN, NAN, 1]),  # there as a word too, after "imprimerie"
        ("d'équipe", [NAN, 1, NAN]),
        ("quipe", [NAN, NAN, NAN]),
        ("équipe,", [NAN, 1, NAN]),
    ],
)
def test_a_span_is_of_whole_words(span: str, expected: list[float]) -> None:
    text = "Équipement fourni\nChef d'équipe, à Lyon\nUne imprimerie avec prime"
    np.testing.assert_array_equal(locate_one(text, span), expected)


def test_all_sentences_that_hold_the_span_show_it() -> None:
    text = "10 RTT par an\nCDI à Lyon\n10 RTT et mutuelle"
    np.testing.assert_array_equal(locate_one(text, "10 RTT"), [1, NAN, 1])


def test_a_span_whose_line_breaks_became_spaces_is_found() -> None:
    # Both sentences lie in the span, with 18 characters each; the third has nothing of it.
    text = "Horaires flexibles\nTickets restaurant\nCDI à Lyon"
    span = "Horaires flexibles Tickets restaurant"
    np.testing.assert_array_equal(locate_one(text, span), [1, 1, NAN])


def test_a_short_sentence_does_not_show_a_theme_for_lying_in_a_span() -> None:
    # "lyon" lies in the span by chance.
    text = "Lyon\nUne équipe de Lyon à encadrer"
    np.testing.assert_array_equal(locate_one(text, "Une équipe de Lyon à encadrer"), [NAN, 1])


def test_a_short_sentence_that_is_part_of_the_span_shows_it() -> None:
    np.testing.assert_array_equal(locate_one("Primes\nRTT\nCDI à Lyon", "Primes\nRTT"), [1, 1, NAN])


def test_an_offer_without_the_theme_is_all_negative_whatever_its_evidence() -> None:
    assert locate([TEXT], [0], ["10 RTT"])[:, 0].tolist() == [0] * 4
    assert locate(["", TEXT], [0, 0], [None, None])[:, 0].tolist() == [0] * 5


def test_an_unknown_label_says_nothing() -> None:
    assert np.isnan(locate([TEXT], [NAN], ["10 RTT"])).all()


def test_the_empty_sentence_of_an_empty_offer_shows_nothing() -> None:
    np.testing.assert_array_equal(locate(["", TEXT], [1, 1], ["", "RTT"])[0], [NAN])


def test_themes_and_offers_are_kept_apart() -> None:
    texts = ["Poste de nuit\nPrimes et RTT", "Chef d'équipe\nCDI à Lyon"]
    found = locate(
        texts, [[1, 0, 1], [NAN, 1, 1]], [["Primes", None, "nuit"], ["CDI", "Chef", "x"]]
    )
    np.testing.assert_array_equal(found, [[NAN, 0, 1], [1, 0, NAN], [NAN, 1, NAN], [NAN, NAN, NAN]])


_SPANS = ["RTT", "Horaires flexibles", "équipe", "absent de tout", "", None]
_OFFERS = [TEXT, "", "RTT\nRTT", "Une équipe. Une autre équipe.", "\x00\ud800\n\u200b\u200b\u200b"]
_cells = st.tuples(st.sampled_from([0.0, 1.0, NAN]), st.sampled_from(_SPANS))


@given(st.lists(st.tuples(st.sampled_from(_OFFERS), _cells, _cells), min_size=1, max_size=6))
def test_offers_are_read_alike_together_and_one_by_one(rows: list[tuple]) -> None:
    texts = [text for text, *_ in rows]
    labels = [[label for label, _ in cells] for _, *cells in rows]
    spans = [[span for _, span in cells] for _, *cells in rows]
    together = locate(texts, labels, spans)
    alone = [locate([t], [one], [s]) for t, one, s in zip(texts, labels, spans, strict=True)]
    np.testing.assert_array_equal(together, np.vstack(alone))
    # Never a negative in an offer that has the theme, never a positive in one that has not.
    by_sentence = np.array(labels)[split_offers(texts).offers]
    assert (by_sentence[together == 0] == 0).all()
    assert (by_sentence[together == 1] == 1).all()
    assert (together[by_sentence == 0] == 0).all()
