"""Several independent answers to each offer, each paid for once, and counted together."""

import itertools
import json
import threading

import pytest

from chat_server import TWO_THEMES, ChatServer, Reply, answer, build_teacher, completion, read_offer
from jocas_themes.annotations import AnnotationStore
from jocas_themes.errors import JocasThemesWarning

_CODES = TWO_THEMES.codes
_TEXTS = ["Ouvert à tous, prime.", "Une prime.", "Rien."]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-test")


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


def vote(*bodies):
    """Reply to each offer with these, one after the other."""
    counters, lock = {}, threading.Lock()

    def respond(request):
        with lock:
            place = next(counters.setdefault(read_offer(request), itertools.count()))
        return Reply(bodies[place % len(bodies)])

    return respond


def _write(confidence, *present):
    return completion(
        json.dumps(answer(_CODES, dict.fromkeys(present, "prime"), confidence=confidence))
    )


class TestVotes:
    def test_are_counted_for_each_theme(self, store):
        # COMPENSATION_BENEFITS: two of three present, with 90 and 60: 2/3 of 75 is 50.
        # DIVERSITY: three of three absent, with 90, 60 and 30: 60.
        bodies = (
            _write(90, "COMPENSATION_BENEFITS"),
            _write(60, "COMPENSATION_BENEFITS"),
            _write(30),
        )
        with ChatServer(vote(*bodies)) as server:
            teacher = build_teacher(server.url, store, votes=3)
            table = teacher.annotate(["Une prime."])
            assert server.n_requests == 3
            assert teacher.annotate(["Une prime."]).equals(table)
            assert server.n_requests == 3
        row = table.iloc[0]
        assert row["status"] == "ok"
        assert (row["COMPENSATION_BENEFITS"], row["COMPENSATION_BENEFITS_confidence"]) == (1, 50)
        assert row["COMPENSATION_BENEFITS_evidence"] == "prime"
        assert (row["DIVERSITY"], row["DIVERSITY_confidence"]) == (0, 60)

    def test_are_asked_with_the_same_words_under_keys_of_their_own(self, store):
        with ChatServer(vote(_write(90))) as server:
            build_teacher(server.url, store, votes=3).annotate(_TEXTS)
        assert server.n_requests == 9
        assert {server.offers.count(text) for text in _TEXTS} == {3}
        assert len({json.dumps(request["messages"][0]) for request in server.requests}) == 1
        frame = store.to_frame()
        assert frame["key"].nunique() == 9
        assert sorted(frame["vote"]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]

    def test_that_are_added_are_asked_alone(self, store):
        with ChatServer(vote(_write(90, "COMPENSATION_BENEFITS"), _write(80))) as server:
            texts = ["Une prime.", "Prime de froid."]
            for votes, n_requests in ((1, 2), (3, 6), (2, 6), (1, 6)):
                table = build_teacher(server.url, store, votes=votes).annotate(texts)
                assert server.n_requests == n_requests
        # The first answer, which says yes, is again all that counts.
        assert table["COMPENSATION_BENEFITS"].tolist() == [1.0, 1.0]
        assert table["COMPENSATION_BENEFITS_confidence"].tolist() == [90.0, 90.0]

    @pytest.mark.filterwarnings("ignore:.* replies are at fault")
    def test_that_are_at_fault_count_against(self, store):
        # Two good ones with 90 of three: 2/3 of 90 is 60.
        bodies = (completion("Hm."), _write(90, "COMPENSATION_BENEFITS"))
        bodies = (*bodies, bodies[1])
        with ChatServer(vote(*bodies)) as server:
            teacher = build_teacher(server.url, store, votes=3, concurrency=1)
            tables = [teacher.annotate(["Une prime."]) for _ in range(2)]
        assert server.n_requests == 3
        for table in tables:
            assert table["status"].tolist() == ["ok"]
            assert table["COMPENSATION_BENEFITS"].tolist() == [1.0]
            assert table["COMPENSATION_BENEFITS_confidence"].tolist() == [60.0]

    def test_that_are_at_fault_are_corrected_each_on_its_own(self, store):
        def respond(request):
            if len(request["messages"]) == 2:
                return Reply(completion("Hm."))
            return Reply(_write(90))

        with ChatServer(respond) as server:
            teacher = build_teacher(server.url, store, votes=2, max_corrections=1)
            table = teacher.annotate(["Rien."])
        assert server.n_requests == 4
        assert table["status"].tolist() == ["ok"]
        assert table["DIVERSITY_confidence"].tolist() == [90.0]

    def test_that_are_tied_are_unknown(self, store):
        bodies = _write(90, "COMPENSATION_BENEFITS"), _write(90)
        with (
            ChatServer(vote(*bodies)) as server,
            pytest.warns(JocasThemesWarning, match="COMPENSATION_BENEFITS: the votes are tied"),
        ):
            table = build_teacher(server.url, store, votes=2).annotate(["Une prime."])
        assert table["status"].tolist() == ["invalid"]
        assert table["COMPENSATION_BENEFITS"].isna().tolist() == [True]
        assert table["DIVERSITY"].tolist() == [0.0]

    def test_some_of_which_fail_are_asked_alone_by_the_next_run(self, store):
        counter = itertools.count()

        def respond(request):
            if next(counter) == 1:
                return Reply({"error": {"message": "Down"}}, 500)
            return Reply(_write(90))

        with ChatServer(respond) as server:
            teacher = build_teacher(server.url, store, votes=3, concurrency=1)
            with pytest.warns(JocasThemesWarning, match="1 votes got no answer"):
                table = teacher.annotate(["Rien."])
            # Two votes of three: 2/3 of 90.
            assert table["DIVERSITY_confidence"].tolist() == [60.0]
            table = teacher.annotate(["Rien."])
            assert server.n_requests == 4
        assert table["DIVERSITY_confidence"].tolist() == [90.0]

    @pytest.mark.parametrize("params", [{"temperature": 0}, {"temperature": 0.0}, {"seed": 1}])
    def test_that_could_not_differ_are_refused(self, store, params):
        with ChatServer(vote(_write(90))) as server:
            teacher = build_teacher(server.url, store, votes=3, request_params=params)
            with pytest.raises(ValueError, match="votes=3 needs answers that can differ"):
                teacher.annotate(_TEXTS)
            assert server.n_requests == 0
            build_teacher(server.url, store, votes=1, request_params=params).annotate(_TEXTS)
