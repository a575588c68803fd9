"""What an estimate counts, and how far it is from what a run really costs."""

import pytest

from cashier import LIMITED, PRICE, Cashier
from chat_server import ChatServer, Reply, answer_by_word, build_teacher, completion
from fault_replies import answer_by_word as answer_all
from fault_replies import build_completion
from jocas_themes import LLMTeacher, make_offers
from jocas_themes.annotations import AnnotationStore
from jocas_themes.errors import StoreMismatchError, UnknownPriceError
from jocas_themes.taxonomy import HR_THEMES
from jocas_themes.teacher.cost import approximate_tokens, count_request_tokens

_TEXTS = ["Ouvert à tous, prime.", "Une prime.", "Rien."]
_PAID = {"price": PRICE, "request_params": LIMITED}


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-test")


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


def _count(estimate):
    return estimate.n_offers, estimate.n_distinct, estimate.n_stored, estimate.n_calls


class TestCounts:
    def test_nothing_is_sent(self, store, monkeypatch):
        monkeypatch.delenv("TEST_KEY")
        with ChatServer(answer_by_word) as server:
            estimate = build_teacher(server.url, store, **_PAID).estimate(_TEXTS)
        assert server.n_requests == len(store) == 0
        assert _count(estimate) == (3, 3, 0, 3)

    def test_duplicates_empty_offers_and_stored_ones(self, store):
        with ChatServer(answer_by_word) as server:
            teacher = build_teacher(server.url, store, **_PAID)
            teacher.annotate(_TEXTS[:2])
            texts = [*_TEXTS, "Une prime.", "<p>Rien.</p>", "", None]
            assert _count(teacher.estimate(texts)) == (7, 3, 2, 1)
            assert _count(teacher.estimate(_TEXTS[:2])) == (2, 2, 2, 0)
            assert teacher.estimate(_TEXTS[:2]).cost_usd == 0
            # 2 replies of 100 and 20 tokens
            assert teacher.estimate([]).spent_usd == pytest.approx(0.36)

    def test_offers_that_are_one_once_they_are_redacted(self, store):
        texts = ["Appelez Mme Roux. Prime.", "Appelez Mme Morin. Prime."]
        assert _count(build_teacher(None, store, **_PAID).estimate(texts)) == (2, 2, 0, 1)

    def test_votes(self, store):
        with ChatServer(answer_by_word) as server:
            build_teacher(server.url, store, **_PAID).annotate(_TEXTS[:2])
        teacher = build_teacher(server.url, store, votes=3, **_PAID)
        # Two more of the two that have one, three of the third.
        assert _count(teacher.estimate(_TEXTS)) == (3, 3, 0, 7)

    @pytest.mark.filterwarnings("ignore:.* replies are at fault")
    def test_corrections_that_are_left_to_ask(self, store):
        def respond(request):
            is_bad = "Rien" in request["messages"][1]["content"]
            return Reply(completion("Hm.")) if is_bad else answer_by_word(request)

        with ChatServer(respond) as server:
            build_teacher(server.url, store, **_PAID).annotate(_TEXTS)
            without = build_teacher(server.url, store, max_corrections=0, **_PAID)
            assert _count(without.estimate(_TEXTS)) == (3, 3, 3, 0)
            estimate = build_teacher(server.url, store, max_corrections=1, **_PAID).estimate(_TEXTS)
        assert _count(estimate) == (3, 3, 2, 1)
        assert [message["role"] for message in estimate.messages] == [
            "system",
            "user",
            "assistant",
            "user",
        ]


class TestPrompt:
    def test_is_the_one_that_is_sent(self, store):
        with ChatServer(answer_by_word) as server:
            teacher = build_teacher(server.url, store, examples="taxonomy", **_PAID)
            estimate = teacher.estimate(["Appelez Mme Roux. Prime."])
            teacher.annotate(["Appelez Mme Roux. Prime."])
        (request,) = server.requests
        assert list(estimate.messages) == request["messages"]
        assert estimate.prompt_tokens == count_request_tokens(request)
        assert "Mme [nom]. Prime." in str(estimate)
        assert "Roux" not in str(estimate)


class TestCost:
    def test_lies_above_the_real_one_but_not_by_much(self, store):
        offers = make_offers(150, random_state=0)

        def respond(request):
            body = build_completion(request, answer_all(request), number=1)
            # As OpenAI counts, and a third of the prompt from its cache.
            n_prompt = count_request_tokens(request)
            usage = {
                "prompt_tokens": round(0.97 * n_prompt),
                "completion_tokens": approximate_tokens(str(body["choices"])),
                "prompt_tokens_details": {"cached_tokens": n_prompt // 3},
            }
            return Reply(body | {"usage": usage})

        with ChatServer(respond) as server:
            teacher = LLMTeacher(
                "gpt-4o-mini", base_url=server.url, store=store, progress=False, concurrency=4
            )
            estimate = teacher.estimate(offers)
            assert teacher.annotate(offers)["status"].eq("ok").all()
        assert estimate.n_calls == server.n_requests
        real_usd = store.read_spending().spent_usd
        assert real_usd < estimate.cost_usd < 2 * real_usd

    def test_of_the_dearest_server_is_less_than_what_is_reserved(self, store):
        texts = [f"offre {number} {number * 'prime '}" for number in range(20)]
        with ChatServer(Cashier()) as server:
            teacher = build_teacher(server.url, store, **_PAID)
            estimate = teacher.estimate(texts)
            teacher.annotate(texts)
        assert 0.7 * server.respond.charged_usd < estimate.cost_usd < 2 * server.respond.charged_usd

    def test_of_a_model_nobody_knows_is_asked_for(self, store):
        with pytest.raises(UnknownPriceError, match=r"'m' is not known.*price="):
            build_teacher(None, store).estimate(_TEXTS)

    def test_leaves_the_codebook_free_to_change(self, store):
        build_teacher(None, store, **_PAID).estimate(_TEXTS)
        estimate = build_teacher(None, store, taxonomy=HR_THEMES, **_PAID).estimate(_TEXTS)
        assert estimate.n_calls == len(_TEXTS)

    def test_of_another_taxonomy_is_refused(self, store):
        with ChatServer(answer_by_word) as server:
            build_teacher(server.url, store).annotate(_TEXTS)
        with pytest.raises(StoreMismatchError, match="another taxonomy"):
            build_teacher(None, store, taxonomy=HR_THEMES, **_PAID).estimate(_TEXTS)
