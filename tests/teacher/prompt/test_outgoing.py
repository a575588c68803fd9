"""What leaves is what was asked for, and every span of it leads back to the offer's own words."""

import time

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jocas_themes.offers import as_offers
from jocas_themes.teacher.prompt._outgoing import prepare_text


def _prepare(text, *, redact=True, max_tokens=None):
    return prepare_text(text, redact=redact, max_tokens=max_tokens, count_tokens=len)


_TEXT = "Mme Roux (a@exemple.fr) ou M. Le Goff, 06 12 34 56 78. Prime."
_SENT = "Mme [nom] ([e-mail]) ou M. [nom], [téléphone]. Prime."


@pytest.mark.parametrize(
    ("span", "original"),
    [
        ("Prime.", "Prime."),
        (" ou M. ", " ou M. "),
        ("[e-mail]", "a@exemple.fr"),
        ("mail", "a@exemple.fr"),
        ("([e-mail]) ou", "(a@exemple.fr) ou"),
        ("(", "("),
        ("mail])", "a@exemple.fr)"),
        ("M. [n", "M. Le Goff"),
        # Twice in what is sent: the first one.
        ("[nom]", "Roux"),
        ("[nom],", "Le Goff,"),
        ("m], [", "Le Goff, 06 12 34 56 78"),
        (_SENT, _TEXT),
        ("Roux", None),
        ("", None),
    ],
)
def test_spans_lead_back(span, original):
    outgoing = _prepare(_TEXT)
    assert (outgoing.text, outgoing.is_cut) == (_SENT, False)
    assert outgoing.restore(span) == original


def test_a_text_is_redacted_before_it_is_cut():
    # 46 characters reach the end of "[téléphone].": what was found does not count in full.
    outgoing = _prepare(_TEXT, max_tokens=len("Mme [nom] ([e-mail]) ou M. [nom], [téléphone]."))
    assert outgoing.text == "Mme [nom] ([e-mail]) ou M. [nom], [téléphone]."
    assert outgoing.is_cut
    assert outgoing.original == _TEXT
    assert outgoing.restore("[téléphone].") == "06 12 34 56 78."
    assert outgoing.restore("Prime") is None


def test_a_text_may_be_sent_as_it_is():
    outgoing = _prepare(_TEXT, redact=False)
    assert (outgoing.text, outgoing.is_cut) == (_TEXT, False)
    assert outgoing.restore("Roux") == "Roux"
    assert _prepare(_TEXT, redact=False, max_tokens=10).text == "Mme Roux"


def test_a_placeholder_of_the_offer_itself_is_its_own_words():
    assert _prepare("Mme [nom], Mme Roux").restore("[nom]") == "[nom]"


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(ValueError, match="max_tokens must be at least 1, got 0"):
        _prepare("x", max_tokens=0)


_PIECES = (
    *("Mme ", "Roux", "Le Goff", "a@exemple.fr", "06 12 34 56 78", "M. ", "[nom]"),
    *(" ", ". ", "\n", "prime", "12", "é", "€"),
)
_texts = st.lists(st.sampled_from(_PIECES), max_size=15).map("".join)


@settings(deadline=None)
@given(_texts, st.none() | st.integers(1, 60), st.data())
def test_every_span_leads_back_to_the_original(text, max_tokens, data):
    outgoing = _prepare(text, max_tokens=max_tokens)
    sent = outgoing.text
    assume(sent)
    start = data.draw(st.integers(0, len(sent) - 1))
    span = sent[start : data.draw(st.integers(start + 1, len(sent)))]
    restored = outgoing.restore(span)
    assert restored
    assert restored in text
    if not set("[]") & set(span) and not any(span in name for name in ("nom", "e-mail")):
        assert restored == span or set(span) <= set("téléphone")


@settings(deadline=None)
@given(_texts)
def test_preparing_twice_changes_nothing(text):
    once = _prepare(text).text
    assert _prepare(once).text == once


@given(st.text(st.characters(), max_size=50))
def test_a_text_without_findings_is_sent_as_it_is(text):
    outgoing = _prepare(text)
    if outgoing.restore(text) == text:
        assert outgoing.text == text


def test_time_is_in_proportion_to_the_text():
    text = "Mme Roux, a@exemple.fr, 06 12 34 56 78. " * 2_500
    start = time.perf_counter()
    outgoing = _prepare(text, max_tokens=60_000)
    for _ in range(100):
        outgoing.restore("[nom], [e-mail], [téléphone]. Mme")
    assert outgoing.is_cut
    assert time.perf_counter() - start < 5


@pytest.mark.real_data
def test_real_offers_lead_back_to_their_own_words(shared_data):
    table = pd.read_parquet(shared_data / "offers_labelled.parquet")
    n_redacted = 0
    for text in as_offers(table)["text"]:
        outgoing = _prepare(text)
        n_redacted += outgoing.text != text
        assert outgoing.restore(outgoing.text) == text
        for line in outgoing.text.split("\n"):
            assert outgoing.restore(line) in text
    # A few dozens of the 2,077 hold an address, a number or a person's name.
    assert 20 < n_redacted < 200
