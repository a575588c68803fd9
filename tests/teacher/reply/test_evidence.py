"""The span that is returned is the offer's own, however the model spelt it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jocas_themes.teacher.reply._evidence import find_evidence

# French, and what folding can trip over: dotted capital I grows in lower case, sigma depends
# on its neighbours, U+0958 grows when composed, "ß" grows in upper case.
_ODD = "aAeEéÉàçœŒ ñİıΣσςßſK\u0958\u0301\u0300\u0323\u00a0\u2009\n\t'’‘`´\"«»-–—.(["


@pytest.mark.parametrize(
    ("text", "quoted", "expected"),
    [
        ("Prime d'équipe et RTT", "Prime d'équipe", "Prime d'équipe"),
        ("Prime d’équipe et RTT", "prime d'équipe", "Prime d’équipe"),
        ("Prime d'équipe et RTT", "Prime d’équipe", "Prime d'équipe"),
        ("un « esprit » d'équipe", 'un " esprit " d\'équipe', "un « esprit » d'équipe"),
        ("28–32 K€", "28-32 K€", "28–32 K€"),
        ("28 000 € bruts", "28\u202f000\xa0€ bruts", "28 000 € bruts"),
        ("28\u202f000\xa0€ bruts", "28 000 € Bruts", "28\u202f000\xa0€ bruts"),
        ("mutuelle\nprise en charge", "mutuelle prise en charge", "mutuelle\nprise en charge"),
        ("mutuelle prise en charge", "mutuelle\n\nprise  en charge", "mutuelle prise en charge"),
        ("TÉLÉTRAVAIL POSSIBLE", "télétravail possible", "TÉLÉTRAVAIL POSSIBLE"),
        ("a.b (c) [d]", "A.B (C) [D]", "a.b (c) [d]"),
        # Positions after a character that changes length when folded.
        ("İİİ un salaire attractif !", "Un Salaire Attractif", "un salaire attractif"),
        ("e\u0301 un salaire attractif \u0958", "Un Salaire Attractif", "un salaire attractif"),
        # A final sigma is the same letter as any other.
        ("ΟΔΟΣ ΑΘΗΝΑΣ", "οδοσ αθηνας", "ΟΔΟΣ ΑΘΗΝΑΣ"),
        ("οδοσα", "ΟΔΟΣ", "οδοσ"),
        # Words and accents may not differ.
        ("salarie", "salarié", None),
        ("ab", "axb", None),
        ("a.b", "a.c", None),
        ("axb", "a.b", None),
        ("un deux trois", "un trois", None),
        ("un deux", "un deux trois", None),
        ("texte", "", None),
        ("texte", " \n", None),
        ("texte", "<p></p>", None),
        ("", "texte", None),
    ],
)
def test_finds_the_span_as_the_text_has_it(text, quoted, expected):
    assert find_evidence(text, quoted) == expected


@pytest.mark.parametrize(("form", "other"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_finds_accents_in_either_encoding(form, other):
    text = unicodedata.normalize(form, "Poste : rémunération très élevée, à Fécamp")
    quoted = unicodedata.normalize(other, "Rémunération très élevée")
    assert find_evidence(text, quoted) == unicodedata.normalize(form, "rémunération très élevée")


@given(st.text(_ODD), st.text(_ODD))
def test_what_is_found_is_verbatim(text, quoted):
    found = find_evidence(text, quoted)
    assert found is None or (found and found in text)


@given(st.data())
def test_a_changed_copy_is_found(data):
    words = st.text("abcéèàçœ'-€0", min_size=1, max_size=6)
    text = " ".join(data.draw(st.lists(words, min_size=1, max_size=8)))
    start = data.draw(st.integers(0, len(text) - 1))
    copy = text[start : data.draw(st.integers(start + 1, len(text)))].strip()
    change = data.draw(
        st.sampled_from(
            [
                str.upper,
                lambda t: t.replace("'", "’"),
                lambda t: t.replace("-", "—"),
                lambda t: t.replace(" ", "\xa0\n"),
                lambda t: unicodedata.normalize("NFD", t),
            ]
        )
    )
    found = find_evidence(text, change(copy))
    assert found == copy if copy else found is None
