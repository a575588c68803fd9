"""What people decided stands over any model's answer, until they take it back."""

import pytest

from chat_server import ChatServer, answer_by_word, build_teacher
from jocas_themes.annotations import AnnotationStore, Decision
from jocas_themes.errors import JocasThemesWarning

_TEXTS = ["Ouvert à tous, prime.", "Une prime.", "Rien."]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-test")


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


def decide(store, text, theme, label, *, day=1, **more):
    """Decide, as a reviewer on a day of March."""
    decided_at = f"2026-03-{day:02}T09:00:00Z"
    decision = Decision(
        text=text, theme=theme, label=label, reviewer="anne", decided_at=decided_at, **more
    )
    assert store.add_decisions([decision]) == 1


class TestDecisions:
    def test_stand_over_the_answers(self, store):
        with ChatServer(answer_by_word) as server:
            teacher = build_teacher(server.url, store)
            teacher.annotate(_TEXTS)
            decide(store, "Ouvert à tous, prime.", "DIVERSITY", 0)
            decide(store, "Rien.", "DIVERSITY", 1, evidence="Rien")
            for table in (teacher.annotate(_TEXTS), teacher.recall(_TEXTS)):
                assert table["DIVERSITY"].tolist() == [0.0, 0.0, 1.0]
                assert table["DIVERSITY_confidence"].tolist() == [100.0, 90.0, 100.0]
                assert table["DIVERSITY_evidence"].tolist() == [None, None, "Rien"]
                assert table["COMPENSATION_BENEFITS"].tolist() == [1.0, 1.0, 0.0]
            own = teacher.recall(_TEXTS, decisions=False)
            assert own["DIVERSITY"].tolist() == [1.0, 0.0, 0.0]
            assert own["DIVERSITY_evidence"].tolist() == ["tous", None, None]
            assert server.n_requests == 3

    @pytest.mark.parametrize(
        "change",
        [
            {"model": "m2"},
            {"request_params": {"temperature": 1}},
            {"examples": "taxonomy"},
            {"votes": 2},
            {"redact": False, "max_offer_tokens": 50},
        ],
    )
    def test_survive_another_way_of_asking(self, store, change):
        # And personal data: a decision is kept by the offer's own text, not by what was sent.
        text = "Écrivez à m.roux@example.fr. Une prime."
        with ChatServer(answer_by_word) as server:
            build_teacher(server.url, store).annotate([text])
            decide(store, text, "COMPENSATION_BENEFITS", 0)
            table = build_teacher(server.url, store, **change).annotate([text, "Une prime."])
        assert table["COMPENSATION_BENEFITS"].tolist() == [0.0, 1.0]

    def test_stand_where_the_model_said_nothing_of_use(self, store):
        decide(store, "Rien.", "DIVERSITY", 1)
        with ChatServer(answer_by_word) as server:
            with pytest.warns(JocasThemesWarning, match="3 offers have no answer"):
                table = build_teacher(server.url, store).recall(_TEXTS)
            assert server.n_requests == 0
        assert table.loc[2, "DIVERSITY"] == 1
        # The status speaks of the model.
        assert table["status"].tolist() == ["failed"] * 3

    def test_can_be_taken_back(self, store):
        with ChatServer(answer_by_word) as server:
            teacher = build_teacher(server.url, store)
            decide(store, "Une prime.", "COMPENSATION_BENEFITS", 0, day=1)
            decide(store, "Une prime.", "DIVERSITY", 1, day=2)
            assert teacher.annotate(["Une prime."])["COMPENSATION_BENEFITS"].tolist() == [0.0]
            assert store.withdraw_decisions("Une prime.", "COMPENSATION_BENEFITS") == 1
            table = teacher.recall(["Une prime."])
            assert table["COMPENSATION_BENEFITS"].tolist() == [1.0]
            assert table["DIVERSITY"].tolist() == [1.0]
            assert server.n_requests == 1
        assert store.read_decisions()["withdrawn_at"].notna().tolist() == [True, False]

    def test_stand_for_equal_texts_whatever_their_form(self, store):
        decide(store, "Une prime.", "DIVERSITY", 1)
        with ChatServer(answer_by_word) as server:
            table = build_teacher(server.url, store).annotate(["<p>Une&nbsp;prime.</p>", "Une"])
        assert table["DIVERSITY"].tolist() == [1.0, 0.0]

    def test_are_left_out_of_a_replay(self, store):
        with ChatServer(answer_by_word) as server:
            teacher = build_teacher(server.url, store)
            teacher.annotate(_TEXTS)
            decide(store, "Rien.", "DIVERSITY", 1)
            replay = teacher.replay(_TEXTS)
        for table in (replay.before, replay.after):
            assert table["DIVERSITY"].tolist() == [1.0, 0.0, 0.0]
