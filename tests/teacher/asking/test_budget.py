"""What the server charges never exceeds the limit, and all that was charged for is kept."""

import itertools
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cashier import LIMITED, MAX_COMPLETION_TOKENS, PRICE, Cashier
from chat_server import ChatServer, Reply, answer_by_word, build_teacher, completion, failure
from jocas_themes.annotations import AnnotationStore
from jocas_themes.errors import (
    BudgetReachedError,
    JocasThemesWarning,
    TeacherUnavailableError,
    UnknownPriceError,
)
from teacher.workers import annotate

_PAID = {"price": PRICE, "request_params": LIMITED}
# What a reply of `Cashier` costs on average is about $1.1, what is reserved for it $2: 20 offers
# take some $20.
_TEXTS = [f"offre {number} {number * 'prime '}" for number in range(20)]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sk-test")


@pytest.fixture
def store(tmp_path):
    with AnnotationStore(tmp_path / "annotations.sqlite") as store:
        yield store


def _annotate(server, store, texts=_TEXTS, **params):
    """Annotate; tell whether there was money for all of it."""
    try:
        build_teacher(server.url, store, **(_PAID | params)).annotate(texts)
    except BudgetReachedError:
        return False
    return True


class TestLimit:
    @pytest.mark.parametrize("concurrency", [1, 16])
    @pytest.mark.parametrize("max_cost_usd", [0, 1.5, 5, 12])
    def test_is_kept_and_used(self, store, max_cost_usd, concurrency):
        with ChatServer(Cashier()) as server:
            assert not _annotate(server, store, max_cost_usd=max_cost_usd, concurrency=concurrency)
            spending = store.read_spending()
        assert server.respond.charged_usd == pytest.approx(spending.spent_usd)
        assert spending.total_usd == spending.spent_usd <= max_cost_usd
        assert len(store) == server.n_requests
        # It was used as far as it goes: not even $2.2, more than any request takes, are left.
        assert max_cost_usd - spending.total_usd < 2.2

    @pytest.mark.parametrize("concurrency", [1, 16])
    def test_of_a_server_that_breaks_off_is_kept_too(self, store, concurrency):
        # What broke off may have been charged: it counts with all that was reserved for it.
        with ChatServer(Cashier(cut=0.3)) as server:
            for max_cost_usd in range(1, 9):
                with_ = {"max_retries": 8, "concurrency": concurrency}
                _annotate(server, store, max_cost_usd=max_cost_usd, **with_)
                spending = store.read_spending()
                assert server.respond.charged_usd <= spending.total_usd <= max_cost_usd
                assert spending.in_flight_usd == 0
        assert server.respond.n_cut > 0
        assert spending.lost_usd > 0
        assert len(store) == server.n_requests - server.respond.n_cut

    def test_that_is_reached_keeps_what_was_paid_for(self, store):
        with ChatServer(Cashier()) as server:
            teacher = build_teacher(server.url, store, max_cost_usd=6, **_PAID)
            with pytest.raises(BudgetReachedError, match=r"max_cost_usd.*recall\(offers\)"):
                teacher.annotate(_TEXTS)
            n_paid = server.n_requests
            with pytest.warns(JocasThemesWarning, match=f"{20 - n_paid} offers have no answer"):
                table = teacher.recall(_TEXTS)
        assert table["status"].eq("ok").sum() == n_paid == len(store)
        known = table.loc[table["status"] == "ok", "text"]
        assert set(known) == {text.strip() for text in server.offers}

    def test_that_is_raised_pays_for_the_rest_alone(self, store):
        with ChatServer(Cashier()) as server:
            done = [_annotate(server, store, max_cost_usd=limit) for limit in (4, 4, 9, 9, 1000)]
        assert done == [False, False, False, False, True]
        assert sorted(server.offers) == sorted(text.strip() for text in _TEXTS)
        assert server.respond.charged_usd == pytest.approx(store.read_spending().spent_usd)

    def test_of_nothing_is_enough_for_what_is_stored(self, store):
        with ChatServer(Cashier()) as server:
            assert _annotate(server, store)
            n_requests = server.n_requests
            assert _annotate(server, store, max_cost_usd=0)
            assert server.n_requests == n_requests

    def test_of_nothing_is_enough_for_what_costs_nothing(self, store):
        with ChatServer(Cashier()) as server:
            free = {"price": {"input": 0, "output": 0}}
            assert _annotate(server, store, max_cost_usd=0, **free)
        assert store.read_spending().total_usd == 0

    def test_holds_for_several_threads(self, store):
        with ChatServer(Cashier()) as server, ThreadPoolExecutor(3) as executor:
            texts = [[f"fil {fil} {text}" for text in _TEXTS] for fil in range(3)]
            done = list(
                executor.map(lambda some: _annotate(server, store, some, max_cost_usd=15), texts)
            )
        assert not all(done)
        spending = store.read_spending()
        assert server.respond.charged_usd == pytest.approx(spending.spent_usd)
        assert spending.total_usd <= 15
        assert len(store) == server.n_requests

    def test_holds_for_several_processes(self, store):
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        context.set_forkserver_preload(["jocas_themes", "openai"])
        texts = [f"offre {number} prime" for number in range(60)]
        with ChatServer(Cashier(pause_s=0.02)) as server:
            processes = [
                context.Process(
                    target=annotate,
                    args=(server.url, store.path, texts[start:], _PAID | {"max_cost_usd": 30}),
                )
                for start in (0, 20)
            ]
            for process in processes:
                process.start()
            for process in processes:
                process.join(60)
            assert [process.exitcode for process in processes] == [0, 0]
            spending = store.read_spending()
            assert server.respond.charged_usd == pytest.approx(spending.spent_usd)
            assert 30 - 2.2 < spending.total_usd <= 30
            # What both wanted was asked by one of them.
            assert len(set(server.offers)) == server.n_requests == len(store)


class TestCost:
    @pytest.mark.parametrize("max_cost_usd", [None, 10])
    def test_of_a_reply_without_usage_is_all_that_was_reserved(self, store, max_cost_usd):
        # Whoever sets a limit tomorrow must know what was spent today.
        with ChatServer(Cashier(usage=False)) as server:
            assert _annotate(server, store, ["une prime"], max_cost_usd=max_cost_usd)
        (cost,) = store.to_frame()["cost_usd"]
        assert cost == store.read_spending().spent_usd
        # At least the reply, and at most that and a prompt of 1,500 tokens.
        reply = MAX_COMPLETION_TOKENS * PRICE["output"] / 1e6
        assert server.respond.charged_usd <= cost
        assert reply < cost < reply + 2.2

    def test_is_that_of_the_price_table(self, store):
        usage = {
            "prompt_tokens": 100_000,
            "prompt_tokens_details": {"cached_tokens": 60_000},
            "completion_tokens": 10_000,
            "completion_tokens_details": {"reasoning_tokens": 9_000},
        }
        body = answer_by_word({"messages": [{"content": "<offer>\nRien\n</offer>"}]}).body
        with ChatServer(lambda request: Reply(body | {"usage": usage})) as server:
            build_teacher(server.url, store, model="gpt-5-mini").annotate(["Rien"])
        # $0.25, $0.025 and $2 per million: 40,000 and 60,000 of the prompt, 10,000 of the reply.
        row = store.to_frame().iloc[0]
        assert row["cost_usd"] == pytest.approx(0.010 + 0.0015 + 0.020)
        tokens = ["prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens"]
        assert row[tokens].tolist() == [100_000, 60_000, 10_000, 9_000]
        assert store.read_spending().spent_usd == row["cost_usd"]

    @pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
    def test_of_an_error_is_none(self, store, status):
        with ChatServer(lambda request: failure(status, "Not now")) as server:
            teacher = build_teacher(server.url, store, max_cost_usd=4, max_retries=1, **_PAID)
            with pytest.raises(TeacherUnavailableError, match="Not now"):
                teacher.annotate(["une prime"])
            assert server.n_requests == 2
        assert store.read_spending().total_usd == 0

    def test_of_a_parameter_that_is_refused_is_none(self, store):
        def respond(request):
            if "seed" in request:
                return failure(400, "Unsupported parameter: 'seed' is not supported.")
            return answer_by_word(request)

        with ChatServer(respond) as server:
            params = {"request_params": LIMITED | {"seed": 1}, "price": PRICE, "max_cost_usd": 4}
            with pytest.warns(JocasThemesWarning, match=r"refuses \['seed'\]"):
                build_teacher(server.url, store, **params).annotate(["une prime"])
        # 100 tokens of the prompt and 20 of the reply: $0.10 + $0.08
        assert store.read_spending().total_usd == pytest.approx(0.18)

    @pytest.mark.parametrize("body", ["<html>Sign in</html>", "", "null"])
    def test_of_a_body_that_is_no_reply_counts_as_lost(self, store, body):
        # A proxy may have spoilt what the model was paid for.
        counter = itertools.count()

        def respond(request):
            return answer_by_word(request) if next(counter) else Reply(body)

        with ChatServer(respond) as server:
            build_teacher(server.url, store, max_retries=1, **_PAID).annotate(["une prime"])
        spending = store.read_spending()
        assert spending.spent_usd == pytest.approx(0.18)
        assert 0.18 < spending.lost_usd < 2.2

    def test_of_a_model_nobody_knows_is_asked_for_before_anything_is_sent(self, store):
        with ChatServer(answer_by_word) as server:
            with pytest.raises(UnknownPriceError, match=r"'m' is not known.*price="):
                build_teacher(server.url, store, max_cost_usd=1).annotate(_TEXTS)
            assert server.n_requests == 0
            build_teacher(server.url, store).annotate(_TEXTS)
            assert server.n_requests == 20
        assert store.to_frame()["cost_usd"].isna().all()

    def test_of_the_replies_to_corrections_counts(self, store):
        def respond(request):
            if len(request["messages"]) == 2:
                return Reply(completion("not JSON"))
            return Reply(answer_by_word({"messages": request["messages"][:2]}).body)

        with ChatServer(respond) as server:
            assert _annotate(server, store, ["une prime"], max_corrections=1)
        assert store.to_frame()["cost_usd"].tolist() == pytest.approx([0.18, 0.18])
        assert store.read_spending().spent_usd == pytest.approx(0.36)


class TestStop:
    def test_waits_for_what_may_yet_cost_less(self, store):
        # $2.9 are reserved for one request and nothing is left, until it is known to cost $0.18.
        first_is_here, second_may_go = threading.Event(), threading.Event()
        counter = itertools.count()

        def respond(request):
            if next(counter) == 0:
                first_is_here.set()
                second_may_go.wait(0.2)
            return answer_by_word(request)

        with ChatServer(respond) as server:
            texts = ["une prime", "pour tous", "rien"]
            assert _annotate(server, store, texts, max_cost_usd=2.9, concurrency=3)
            assert first_is_here.is_set()
            assert server.max_under_way == 1

    def test_tells_what_was_spent_and_what_is_missing(self, store):
        with ChatServer(answer_by_word) as server:
            teacher = build_teacher(server.url, store, max_cost_usd=2, **_PAID)
            with pytest.raises(BudgetReachedError, match=r"replies cost \$\d\.\d+, and the next"):
                teacher.annotate(_TEXTS)
            # 20 offers at $0.18 would be $3.6.
            assert 0 < server.n_requests < 20

    def test_does_not_depend_on_what_others_had_left_under_way(self, store):
        # The asker is gone without a word: what it had claimed is lost, not forgotten.
        with ChatServer(answer_by_word) as server:
            with store.ask(max_cost_usd=2) as asker:
                asker.claim("0" * 64, 0, reserved_usd=1.5).result()
            teacher = build_teacher(server.url, store, max_cost_usd=2, **_PAID)
            with pytest.raises(BudgetReachedError, match=r"up to \$1\.5000 may have been charged"):
                teacher.annotate(_TEXTS)
            assert server.n_requests == 0


class TestWithoutAStatedLimit:
    """How long replies are is not known: the first one tells, and nobody else is asked before."""

    def test_one_is_asked_alone_first(self, store):
        lengths = {"prompt_tokens": 100, "completion_tokens": 16_000, "total_tokens": 16_100}

        def respond(request):
            time.sleep(0.05)
            return Reply(answer_by_word(request).body | {"usage": lengths})

        # A reply costs $0.0161. The first is taken to cost little; each one after it 1.25 as much.
        price = {"input": 1, "output": 1}
        with ChatServer(respond) as server:
            teacher = build_teacher(
                server.url, store, price=price, max_cost_usd=0.05, concurrency=16
            )
            with pytest.raises(BudgetReachedError, match="reached"):
                teacher.annotate(_TEXTS)
        assert store.read_spending().spent_usd <= 0.05
        assert server.n_requests == 2  # 0.0161 + 0.0161, and a third could cost 0.0203

    def test_a_server_that_tells_no_usage_is_not_asked_one_by_one(self, store):
        def respond(request):
            time.sleep(0.05)
            body = dict(answer_by_word(request).body)
            del body["usage"]
            return Reply(body)

        with ChatServer(respond) as server:
            teacher = build_teacher(server.url, store, price={"input": 1, "output": 1})
            teacher.set_params(max_cost_usd=10, concurrency=8).annotate(_TEXTS[:17])
            assert server.max_under_way > 1


class TestRepliesWithoutAPrice:
    def test_count_once_a_price_is_known(self, store):
        texts = _TEXTS[:5]
        with ChatServer(answer_by_word) as server:
            build_teacher(server.url, store).annotate(texts)
            assert store.read_spending().spent_usd == 0
            teacher = build_teacher(
                server.url, store, price={"input": 100, "output": 100}, max_cost_usd=0.05
            )
            with pytest.raises(BudgetReachedError, match=r"cost \$0\.0600"):
                teacher.annotate([*texts, "another"])
            # 5 replies of 100 + 20 tokens, at $100 a million.
            assert store.read_spending().spent_usd == pytest.approx(0.06)
            assert server.n_requests == 5

    def test_of_another_model_are_warned_of(self, store):
        with ChatServer(answer_by_word) as server:
            build_teacher(server.url, store, model="other").annotate(["x"])
            teacher = build_teacher(
                server.url, store, price={"input": 1, "output": 1}, max_cost_usd=1
            )
            with pytest.warns(JocasThemesWarning, match="1 replies in .* no known price"):
                teacher.annotate(["x"])


def test_a_limit_that_is_no_whole_number_is_refused(store):
    for params in ({"max_tokens": 50.0}, {"max_completion_tokens": "50"}, {"max_tokens": 0}):
        teacher = build_teacher("http://127.0.0.1:9/v1", store, request_params=params)
        with pytest.raises(ValueError, match="must be a whole number of tokens"):
            teacher.annotate(["x"])
