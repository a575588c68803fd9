"""What leaves this machine, byte by byte, and how evidence comes back to the offer's own words."""

import json

import pandas as pd
import pytest

from chat_server import (
    TWO_THEMES,
    ChatServer,
    Reply,
    answer,
    build_teacher,
    completion,
    read_offer,
)
from jocas_themes.annotations import AnnotationStore
from jocas_themes.errors import JocasThemesWarning

_CODES = TWO_THEMES.codes
_PERSONAL = (
    "jeanne.morvan@example.fr",
    "06 12 34 56 78",
    "+33 4 91 00 00 01",
    "Morvan",
    "Le Goff",
    "recrutement@example.org",
)
_TEXT = (
    "Comptable à Lyon. Prime de 13e mois versée par Mme Morvan. Contactez jeanne.morvan@example.fr "
    "ou le 06 12 34 56 78, demandez M. Le Goff. Poste ouvert à tous."
)
_SENT = (
    "Comptable à Lyon. Prime de 13e mois versée par Mme [nom]. Contactez [e-mail] "
    "ou le [téléphone], demandez M. [nom]. Poste ouvert à tous."
)


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-test")


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


def quote(**evidence):
    """Reply with this evidence, whatever is asked."""
    return lambda request: Reply(completion(json.dumps(answer(_CODES, evidence))))


def _find_personal(text):
    return [words for words in _PERSONAL if words in text]


class TestRedaction:
    def test_leaves_nothing_personal_in_what_is_sent(self, store):
        gold = pd.DataFrame(
            {
                "text": [
                    "Vendeur. Prime. Appelez Mme Morvan au +33 4 91 00 00 01.",
                    "Caissier pour tous. Écrire à recrutement@example.org.",
                ],
                "DIVERSITY": [0, 1],
                "DIVERSITY_evidence": [None, "pour tous"],
                "COMPENSATION_BENEFITS": [1, 0],
                "COMPENSATION_BENEFITS_evidence": ["Prime. Appelez Mme Morvan", None],
            }
        )
        bodies = iter(
            [completion("Mme [nom] verse une prime."), quote(DIVERSITY="ouvert à tous")(0).body]
        )
        with ChatServer(lambda request: Reply(next(bodies))) as server:
            teacher = build_teacher(
                server.url, store, examples=gold, n_examples=2, max_corrections=1
            )
            teacher.annotate([_TEXT])
        first, second = server.requests
        assert len(first["messages"]) == 2 + 4  # with both examples
        assert len(second["messages"]) == 2 + 4 + 2  # with the correction
        assert read_offer(first) == _SENT
        sent = json.dumps(server.requests, ensure_ascii=False)
        assert _find_personal(sent) == []
        assert "Appelez Mme [nom]" in sent
        # Nor is it in what is kept, or shown to others.
        store.export(store.path.parent / "bundle")
        shown = json.dumps(teacher.trace([_TEXT]), ensure_ascii=False)
        for file in (store.path.parent / "bundle").iterdir():
            shown += file.read_text(encoding="utf-8")
        with store.read() as connection:
            shown += "\n".join(connection.iterdump())
        assert _find_personal(shown) == []
        assert _SENT in shown

    @pytest.mark.parametrize(
        ("quoted", "original"),
        [
            ("Prime de 13e mois", "Prime de 13e mois"),
            (
                "Prime de 13e mois versée par Mme [nom]",
                "Prime de 13e mois versée par Mme Morvan",
            ),
            ("Contactez [e-mail]", "Contactez jeanne.morvan@example.fr"),
            ("demandez M. [nom]. Poste", "demandez M. Le Goff. Poste"),
            ("ouvert à tous", "ouvert à tous"),
            ("PRIME DE 13E MOIS", "Prime de 13e mois"),
        ],
    )
    def test_gives_evidence_as_the_offer_has_it(self, store, quoted, original):
        with ChatServer(quote(COMPENSATION_BENEFITS=quoted)) as server:
            table = build_teacher(server.url, store).annotate([_TEXT])
        assert table["text"].tolist() == [_TEXT]
        assert table["COMPENSATION_BENEFITS_evidence"].tolist() == [original]
        assert original in _TEXT

    def test_asks_once_for_offers_that_differ_in_personal_data_alone(self, store):
        texts = [_TEXT, _TEXT.replace("Morvan", "Kervella")]
        with ChatServer(quote(DIVERSITY="Mme [nom]")) as server:
            table = build_teacher(server.url, store).annotate(texts)
            assert server.n_requests == 1
        assert table["DIVERSITY_evidence"].tolist() == ["Mme Morvan", "Mme Kervella"]

    def test_can_be_switched_off(self, store):
        with ChatServer(quote(DIVERSITY="Mme Morvan")) as server:
            table = build_teacher(server.url, store, redact=False).annotate([_TEXT])
            assert server.offers == [_TEXT]
            assert table["DIVERSITY_evidence"].tolist() == ["Mme Morvan"]
            # What was sent depends on it, and so does the key.
            server.respond = quote(DIVERSITY="Mme [nom]")
            build_teacher(server.url, store).annotate([_TEXT])
            assert server.offers == [_TEXT, _SENT]


class TestCutting:
    _LONG = "Une prime. " + "Un travail de bureau. " * 80 + "Ouvert à tous."

    def test_is_marked_and_told(self, store):
        texts = [self._LONG, "Une prime.", self._LONG]
        with ChatServer(quote(COMPENSATION_BENEFITS="prime")) as server:
            teacher = build_teacher(server.url, store, max_offer_tokens=100)
            with pytest.warns(JocasThemesWarning, match=r"^1 texts are longer than max_offer") as w:
                table = teacher.annotate(texts)
            assert w[0].filename == __file__
        assert table["text_cut"].tolist() == [True, False, True]
        assert table["text"].tolist() == texts
        longest = max(server.offers, key=len)
        assert self._LONG.startswith(longest)
        assert longest.endswith("bureau.")
        assert "Ouvert" not in longest
        assert list(teacher.transform(texts)) == list(table)
        assert teacher.transform(texts)["text_cut"].tolist() == [False] * 3

    def test_keeps_evidence_behind_what_was_redacted(self, store):
        text = "M. Le Goff vous attend. Une prime. " + self._LONG
        with ChatServer(quote(COMPENSATION_BENEFITS="[nom] vous attend. Une prime")) as server:
            teacher = build_teacher(server.url, store, max_offer_tokens=60)
            with pytest.warns(JocasThemesWarning, match="1 texts are longer"):
                table = teacher.annotate([text])
        assert table["COMPENSATION_BENEFITS_evidence"].tolist() == [
            "Le Goff vous attend. Une prime"
        ]

    @pytest.mark.filterwarnings("ignore:.* replies are at fault", "ignore:.* texts are longer")
    def test_finds_no_evidence_beyond_it(self, store):
        with ChatServer(quote(DIVERSITY="Ouvert à tous")) as server:
            table = build_teacher(server.url, store, max_offer_tokens=100).annotate([self._LONG])
        assert table["status"].tolist() == ["invalid"]
        assert table["DIVERSITY"].isna().tolist() == [True]

    def test_at_another_place_asks_again_only_what_changes(self, store):
        texts = [self._LONG, "Une prime."]
        with ChatServer(quote(COMPENSATION_BENEFITS="prime")) as server:
            for tokens, n_requests in ((100, 2), (200, 3), (None, 4), (100, 4)):
                teacher = build_teacher(server.url, store, max_offer_tokens=tokens)
                if tokens:
                    with pytest.warns(JocasThemesWarning, match="1 texts are longer"):
                        teacher.annotate(texts)
                else:
                    teacher.annotate(texts)
                assert server.n_requests == n_requests

    def test_is_marked_anew_in_an_annotated_table(self, store):
        with ChatServer(quote(COMPENSATION_BENEFITS="prime")) as server:
            teacher = build_teacher(server.url, store, max_offer_tokens=100)
            with pytest.warns(JocasThemesWarning, match="1 texts are longer"):
                table = teacher.annotate([self._LONG])
            again = teacher.set_params(max_offer_tokens=None).annotate(table)
        assert again["text_cut"].tolist() == [False]
        assert list(again) == list(table)
