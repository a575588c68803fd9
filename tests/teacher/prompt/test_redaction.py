"""E-mails, phone numbers and names are found in all spellings; figures of the offer are left."""

import time
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.offers import as_offers
from jocas_themes.teacher.prompt._redaction import find_personal_data


def _redact(text):
    for found in reversed(find_personal_data(text)):
        text = text[: found.start] + found.placeholder + text[found.end :]
    return text


_AROUND = [("", ""), ("Écrire à ", "."), ("(", ")"), ("Contact :\n", "\nLyon"), ("« ", " »")]


@pytest.mark.parametrize(
    "email",
    [
        "anne@exemple.fr",
        "anne.le-goff+rh@mail.exemple.co.uk",
        "ANNE.LEGOFF@EXEMPLE.FR",
        "anne_legoff2@exemple.Fr",
        "hélène@exemple.fr",
        "anne @ exemple.fr",
        "anne @ exemple . fr",
        "anne.legoff\n@\nexemple.fr",
        "anne@groupe- exemple.com",
        "anne＠exemple.fr",
        "anne%40exemple.fr",
        "anne%2Elegoff%40exemple.fr",
        "anne[a]exemple.fr",
        "anne [at] exemple.fr",
        "anne(at)exemple(point)fr",
        "anne (arobase) exemple [dot] com",
        "anne at exemple dot com",
        "anne arobase exemple point fr",
    ],
)
def test_emails(email):
    for before, after in _AROUND:
        assert _redact(f"{before}{email}{after}") == f"{before}[e-mail]{after}"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("<a href='mailto:anne@exemple.fr?subject=CV'>", "<a href='mailto:[e-mail]?subject=CV'>"),
        ("https://exemple.fr/?to=anne%40exemple.fr", "https://exemple.fr/?to=[e-mail]"),
        # Line breaks that were lost.
        ("anne@exemple.frDans un monde", "[e-mail]Dans un monde"),
        ("ANNE@EXEMPLE.FRDans un monde", "[e-mail]Dans un monde"),
        ("a@exemple.fr, b@exemple.fr;c@exemple.fr", "[e-mail], [e-mail];[e-mail]"),
        ("a@exemple.fr/b@exemple.fr", "[e-mail]/[e-mail]"),
        ("linkedin.com/in/anne-le-goff-1a2b/", "linkedin.com/in/[nom]/"),
    ],
)
def test_emails_and_profiles_in_their_surroundings(text, redacted):
    assert _redact(text) == redacted


@pytest.mark.parametrize(
    "phone",
    [
        "06 12 34 56 78",
        "06.12.34.56.78",
        "06-12-34-56-78",
        "06/12/34/56/78",
        "0612345678",
        "06\xa012\xa034\xa056\xa078",
        "06\u202f12\u202f34\u202f56\u202f78",
        "06. 12. 34 56 78",
        "06 12345678",
        "02 85 670 770",
        "(0)6 12 34 56 78",
        "(01) 23 45 67 89",
        "0 800 123 456",
        "0800 123 456",
        "0825 10 20 30",
        "+33612345678",
        "+33 6 12 34 56 78",
        "+33 (0)6 12 34 56 78",
        "+33(0)6.12.34.56.78",
        "+33 06 12 34 56 78",
        "(+33) 6 12 34 56 78",
        "0033612345678",
        "00 33 6 12 34 56 78",
        "0033 (0)6 12 34 56 78",
        "+41 22 345 67 89",
        "+32 475 12 34 56",
        "+1 (555) 123-4567",
        "+212 600 123 456",
        "+352 26 12 34 56",
        "0041 22 345 67 89",
    ],
)
def test_phone_numbers(phone):
    for before, after in _AROUND:
        assert _redact(f"{before}{phone}{after}") == f"{before}[téléphone]{after}"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Tél. 3949", "Tél. [téléphone]"),
        ("Tel : 39 49, du lundi au jeudi", "Tel : [téléphone], du lundi au jeudi"),
        ("appelez le 3949 de 9 h à 17 h", "appelez le [téléphone] de 9 h à 17 h"),
        ("par téléphone au 3949.", "par téléphone au [téléphone]."),
        ("Tél : 514 555 12 34", "Tél : [téléphone]"),
        ("Port : 6 12 34 56 78", "Port : [téléphone]"),
        ("numéro vert : 3949", "numéro vert : [téléphone]"),
        ("tél0612345678", "tél[téléphone]"),
        ("tel:+33612345678", "tel:[téléphone]"),
        ("06 12 34 56 78 / 01 23 45 67 89", "[téléphone] / [téléphone]"),
        ("0612345678/0123456789", "[téléphone]/[téléphone]"),
        ("06 12 34 56 78 35 h par semaine", "[téléphone] 35 h par semaine"),
        ("06 12 34 56 78Lieu : Lyon", "[téléphone]Lieu : Lyon"),
    ],
)
def test_phone_numbers_in_their_surroundings(text, redacted):
    assert _redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        # What the themes need.
        "28 000 - 32 000 €, 13 mois, 12,50 € de l'heure, 35 h, 25 jours de congés, 60 %",
        "Salaire : 2 100 € à 2 450,50 € brut, prime de 1 000 000 points",
        "un chiffre d'affaires de +1 500 000 000 €, +30.000 modules, +10 000 marins",
        "Bac +5 / 2024, Bac+4 - 5 - 6, + de 100 000 clients",
        # Dates and hours.
        "du 01/02/2024 au 01/02/2025, 35 h",
        "01/02/2024 12 h 30, 01.02.2024 12, 2024-02-01 08:30",
        "01/02/2024-31/03/2025, 01/02/24-10/03/24",
        "de 08 h 30 à 12 h 15, 08:00-12:00 / 13:00-17:00",
        "formation du 05 au 09 06 2024",
        # Numbers of other things.
        "SIRET 123 456 789 00012, 12345678900012, SIREN 056 789 012",
        "75008 Paris, 06000 Nice, M1805, IDCC 1486, loi n° 2005-102",
        "Référence CSP: DEF_06-00041772, DEF_06 12 34 56 78, O027241/016001060",
        "Annonce EL-20241014.000, 2024-1668832, MEF_2025-22395",
        "https://exemple.fr/jobs/0612345678, ?id=0612345678, 7ff0612345678a",
        "départements 07/26/38/42/43/69 et 01-03-07-15-26-38",
        "doi: 10.1007/978-3-030-99587-4_24",
        "appeler 3000 clients, téléphone 3949 clients, un mobile de 2024",
        "un salaire au 3949 de la grille",
        "téléphone le 12 03 2024",
        "ordinateur portable 28 000 - 32 000 €, téléphone mobile 28 000 - 32 000 euros",
        "sous le numéro 20240012, numéro : 12345678",
        # At signs of other things.
        "Data Engineer @ Exemple.com, @exemple_rh, Happy@work, Lambda@Edge, L@BNUM, Pl@net",
        "le(a) titulaire, motivé(a)s. Vous, 3 @ 4.5, écrivez-nous à @.**",
        "look at the dot, we meet at point B",
    ],
)
def test_what_is_not_personal(text):
    assert find_personal_data(text) == []


def test_findings_are_in_order_and_know_their_kind():
    text = "Mme Roux, a@exemple.fr"
    #       0   4     10
    found = find_personal_data(text)
    assert [(f.start, f.end, f.placeholder) for f in found] == [
        (4, 8, "[nom]"),
        (10, 22, "[e-mail]"),
    ]


def test_placeholders_are_left_as_they_are():
    text = "Mme [nom] au [téléphone] ou [e-mail] ; [téléphone] 3949"
    assert find_personal_data(text) == []


# Pieces that make, border on or nearly make what is looked for.
_PIECES = (
    *("a@b.fr", "a@", "@", ".fr", "+", "%40", "a", "(at)", " dot com", "linkedin.com/in/"),
    *("06 12 34 56 78", "0612345678", "0", "6", "12", "+33", "00", "(0)", "tél : ", "3949", " au "),
    *("M. ", "Mme ", "MM. ", "Me ", "par ", "Dupont", "DUPONT", "J.", " et ", "de ", " des ", "d'"),
    *("Le ", "Directeur", "[nom]", "[", "]", "-", "/", ".", ",", "_", " ", "\n", "\0", "é", "€"),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_nothing_is_left_to_find(text):
    found = find_personal_data(text)
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(0 <= f.start < f.end <= len(text) for f in found)
    assert find_personal_data(_redact(text)) == []


_HOSTILE = [
    *("a", "a.", "a@", "@", "a@b.", "a@b.fr+", "a%40", "%41", "a[at]b.", "(at)", " arobase a"),
    *("0", "01 ", "0612345678/", "06-12-34-56-78-", "+1 2 ", "00 ", "(0", "tel 0612345678", "tél "),
    *("M. ", "M. A", "MM. Aa, ", "M. Aa-", "M. de la ", "M. d'", "A", "É", "Me ", "[nom]", "\0"),
    *("0612345678M. AA-", "M. Aa des a@b.fr ", " ", "\n"),
]


@pytest.mark.parametrize("unit", _HOSTILE)
def test_time_is_in_proportion_to_the_text(unit):
    text = (unit * (100_000 // len(unit) + 1))[:100_000]
    start = time.perf_counter()
    find_personal_data(text)
    # 0.4 s at most were measured; a quadratic search takes minutes.
    assert time.perf_counter() - start < 5


@pytest.mark.real_data
def test_the_evidence_of_real_offers_is_left(shared_data):
    table = pd.read_parquet(shared_data / "offers_labelled.parquet")
    texts = as_offers(table)["text"]
    n_touched = n_evidence = 0
    for code in [name for name in table.columns if f"{name}_evidence" in table.columns]:
        for text, evidence in zip(texts, table[f"{code}_evidence"], strict=True):
            if pd.isna(evidence) or (start := text.find(evidence)) < 0:
                continue
            n_evidence += 1
            end = start + len(evidence)
            n_touched += any(f.start < end and start < f.end for f in find_personal_data(text))
    assert n_evidence > 2_000
    # One in a thousand at most may hold a placeholder.
    assert n_touched <= n_evidence / 1_000
