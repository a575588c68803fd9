"""Each text is asked once, by the real `openai` client; what was answered is in the table."""

import asyncio
import pickle
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from openai import AsyncOpenAI, OpenAI
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline

from chat_server import (
    TWO_THEMES,
    ChatServer,
    Reply,
    answer_by_word,
    build_teacher,
    completion,
    read_offer,
)
from jocas_themes.annotations import AnnotationStore
from jocas_themes.errors import (
    JocasThemesWarning,
    MissingKeyError,
    StoreMismatchError,
    TeacherAuthError,
    TeacherError,
)
from jocas_themes.taxonomy import HR_THEMES, Taxonomy
from jocas_themes.teacher import LLMTeacher
from jocas_themes.teacher.asking import _loop

_KEY = "sk-test-0123456789abcdef"
_OFFERS = ["Ouvert à tous, prime.", "Une prime.", "Rien."]


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("TEST_KEY", _KEY)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "annotations.sqlite"


@pytest.fixture
def server():
    with ChatServer(answer_by_word) as server:
        yield server


@pytest.fixture
def closed(monkeypatch):
    """Return a function that closes every socket from then on, also those of this machine."""

    def close():
        def refuse(self, address):
            raise AssertionError(f"no network is needed here, but {address} was tried")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.delenv("TEST_KEY")

    return close


class TestTable:
    def test_holds_what_was_answered_beside_the_offers(self, server, store):
        offers = pd.DataFrame(
            {
                "ID_JOCAS": ["a", "b", "c"],
                "description_full": _OFFERS,
                "site_name": ["x", "y", "z"],
            },
            index=[7, 3, 3],
        )
        before = offers.copy()
        table = build_teacher(server.url, store).annotate(offers)
        assert list(table) == [
            "offer_id",
            "text",
            "DIVERSITY",
            "DIVERSITY_confidence",
            "DIVERSITY_evidence",
            "COMPENSATION_BENEFITS",
            "COMPENSATION_BENEFITS_confidence",
            "COMPENSATION_BENEFITS_evidence",
            "status",
            "text_cut",
            "ID_JOCAS",
            "description_full",
            "site_name",
        ]
        assert table.index.tolist() == [7, 3, 3]
        assert table["offer_id"].tolist() == ["a", "b", "c"]
        assert table["DIVERSITY"].tolist() == [1.0, 0.0, 0.0]
        assert table["DIVERSITY_evidence"].tolist() == ["tous", None, None]
        assert table["COMPENSATION_BENEFITS"].tolist() == [1.0, 1.0, 0.0]
        assert table["COMPENSATION_BENEFITS_confidence"].tolist() == [90.0, 90.0, 90.0]
        assert table["status"].tolist() == ["ok", "ok", "ok"]
        assert table["site_name"].tolist() == ["x", "y", "z"]
        pd.testing.assert_frame_equal(offers, before)

    def test_keeps_the_offers_order_whatever_the_order_of_the_replies(self, store):
        texts = [f"offre {i}{' prime' if i % 2 else ''}" for i in range(12)]
        later = {text: (12 - i) / 200 for i, text in enumerate(texts)}

        def respond(request):
            asyncio.run(asyncio.sleep(later[read_offer(request)]))
            return answer_by_word(request)

        with ChatServer(respond) as server:
            table = build_teacher(server.url, store, concurrency=12).annotate(texts)
        assert table["text"].tolist() == texts
        assert table["COMPENSATION_BENEFITS"].tolist() == [0.0, 1.0] * 6

    @pytest.mark.parametrize(
        "convert",
        [
            tuple,
            pd.Series,
            np.array,
            lambda texts: pd.DataFrame({"text": texts}),
            lambda texts: pa.table({"description_full": texts}),
        ],
    )
    def test_takes_any_form_of_offers(self, server, store, convert):
        table = build_teacher(server.url, store).annotate(convert(_OFFERS))
        assert table["COMPENSATION_BENEFITS"].tolist() == [1.0, 1.0, 0.0]
        assert sorted(server.offers) == sorted(_OFFERS)

    def test_of_no_offers_is_empty_and_whole(self, server, store):
        table = build_teacher(server.url, store).annotate([])
        assert table.shape == (0, 10)
        assert server.n_requests == 0

    def test_reads_the_columns_that_are_named(self, server, store):
        offers = pd.DataFrame({"poste": ["Une prime."], "text": ["autre"]})
        teacher = build_teacher(server.url, store, text_columns=["poste"])
        assert teacher.annotate(offers)["COMPENSATION_BENEFITS"].tolist() == [1.0]
        assert server.offers == ["Une prime."]

    @pytest.mark.filterwarnings("ignore:.* replies are at fault")
    def test_replies_that_are_at_fault_are_unknown_and_not_asked_again(self, store):
        with ChatServer(lambda request: Reply(completion("aucun thème"))) as server:
            teacher = build_teacher(server.url, store)
            tables = [teacher.annotate(_OFFERS) for _ in range(2)]
        assert server.n_requests == 3
        for table in tables:
            assert table["status"].tolist() == ["invalid"] * 3
            assert table[list(TWO_THEMES.codes)].isna().all(axis=None)

    @pytest.mark.filterwarnings("ignore:.* replies are at fault")
    def test_six_themes_by_default(self, server, store):
        reply = Reply(completion("{}"))
        server.respond = lambda request: reply
        table = build_teacher(server.url, store, taxonomy=HR_THEMES).annotate(["x"])
        assert table.shape == (1, 4 + 3 * 6)


class TestOncePerText:
    def test_equal_texts_are_asked_once(self, server, store):
        table = build_teacher(server.url, store).annotate(
            ["Une prime.", "Rien.", "<p>Une prime.</p>", "Une\xa0prime."]
        )
        assert sorted(server.offers) == ["Rien.", "Une prime."]
        assert table["COMPENSATION_BENEFITS"].tolist() == [1.0, 0.0, 1.0, 1.0]

    def test_nobody_asks_again(self, server, store):
        teacher = build_teacher(server.url, store)
        first = teacher.annotate(_OFFERS)
        others = [teacher, clone(teacher), pickle.loads(pickle.dumps(teacher))]
        others.append(build_teacher(server.url, AnnotationStore(store), concurrency=1))
        for other in others:
            pd.testing.assert_frame_equal(other.fit_transform(_OFFERS), first)
        pd.testing.assert_frame_equal(teacher.annotate(first), first)
        assert server.n_requests == 3

    def test_a_new_offer_is_asked_alone(self, server, store):
        teacher = build_teacher(server.url, store)
        teacher.annotate(_OFFERS)
        teacher.annotate([*_OFFERS, "Nouveau."])
        assert server.n_requests == 4
        assert server.offers[3] == "Nouveau."

    def test_a_full_store_needs_no_key_no_server_and_no_network(self, server, store, closed):
        first = build_teacher(server.url, store).annotate(_OFFERS)
        closed()
        table = build_teacher("https://nowhere.example/v1", store).annotate(_OFFERS)
        pd.testing.assert_frame_equal(table, first)
        build_teacher(None, store).annotate(_OFFERS)

    def test_transform_asks_nothing(self, server, store):
        table = build_teacher(server.url, store).fit(_OFFERS).transform(_OFFERS)
        assert server.n_requests == 0
        assert table[[*TWO_THEMES.codes, "status"]].isna().all(axis=None)

    @pytest.mark.parametrize(
        "change",
        [
            {"model": "m2"},
            {"request_params": {"temperature": 0}},
            {"request_params": {"temperature": 0, "seed": 2}},
            {"response_format": "text"},
        ],
    )
    def test_what_changes_the_answer_asks_again(self, server, store, change):
        base = {"request_params": {"seed": 1, "temperature": 0.0}}
        build_teacher(server.url, store, **base).annotate(_OFFERS)
        build_teacher(server.url, store, **(base | change)).annotate(_OFFERS)
        assert server.n_requests == 6

    @pytest.mark.parametrize(
        "change",
        [
            {"request_params": {"temperature": 0.0, "seed": 1}},
            {"concurrency": 1, "timeout_s": 1, "max_retries": 1},
            {"base_url": "https://nowhere.example/v1", "api_key_env": "OTHER"},
        ],
    )
    def test_what_does_not_change_it_does_not(self, server, store, change):
        base = {"request_params": {"seed": 1, "temperature": 0.0}}
        build_teacher(server.url, store, **base).annotate(_OFFERS)
        build_teacher(server.url, store, **(base | change)).annotate(_OFFERS)
        assert server.n_requests == 3

    @pytest.mark.filterwarnings("ignore:.* replies are at fault")
    def test_another_taxonomy_is_not_asked_without_a_word(self, server, store):
        build_teacher(server.url, store).annotate(_OFFERS)
        one = Taxonomy(TWO_THEMES[:1])
        teacher = build_teacher(server.url, store, taxonomy=one)
        with pytest.raises(StoreMismatchError, match="3 answers of another taxonomy"):
            teacher.annotate(_OFFERS)
        assert server.n_requests == 3
        with AnnotationStore(store) as opened:
            opened.add_taxonomy(one)
        # The server answers for two themes, one of which was not asked for.
        assert teacher.annotate(_OFFERS)["status"].tolist() == ["invalid"] * 3
        assert server.n_requests == 6
        assert build_teacher(server.url, store).annotate(_OFFERS)["status"].tolist() == ["ok"] * 3
        assert server.n_requests == 6


class TestRequest:
    def test_has_the_words_the_schema_and_the_parameters_but_no_key(self, server, store):
        params = {"temperature": 0, "reasoning_effort": "low", "extra_body": {"top_k": 1}}
        build_teacher(server.url, store, request_params=params).annotate(["Une prime."])
        (request,) = server.requests
        assert server.keys == [f"Bearer {_KEY}"]
        assert _KEY not in str(request)
        assert [message["role"] for message in request["messages"]] == ["system", "user"]
        assert request["messages"][1]["content"] == "<offer>\nUne prime.\n</offer>"
        assert request["model"] == "m"
        assert (request["temperature"], request["reasoning_effort"], request["top_k"]) == (
            0,
            "low",
            1,
        )
        form = request["response_format"]
        assert form["type"] == "json_schema"
        assert form["json_schema"]["strict"] is True
        schema = form["json_schema"]["schema"]
        assert tuple(schema["required"]) == TWO_THEMES.codes
        assert schema["additionalProperties"] is False

    @pytest.mark.parametrize(
        ("response_format", "sent"), [("json_object", {"type": "json_object"}), ("text", None)]
    )
    def test_suits_servers_without_structured_outputs(self, server, store, response_format, sent):
        teacher = build_teacher(server.url, store, response_format=response_format)
        assert teacher.annotate(["x"])["status"].tolist() == ["ok"]
        assert server.requests[0].get("response_format") == sent

    def test_holds_parameters_that_openai_s_client_does_not_know(self, server, store):
        params = {"top_k": 3, "extra_body": {"min_p": 0.1}}
        build_teacher(server.url, store, request_params=params).annotate(["x"])
        [request] = server.requests
        assert (request["top_k"], request["min_p"]) == (3, 0.1)
        assert "extra_body" not in request
        assert len(request["messages"]) == 2

    def test_takes_texts_of_any_length_and_content(self, server, store):
        texts = ["prime " * 20_000, "a\x00b\ud800c", "Ω 😀 \U0010ffff"]
        table = build_teacher(server.url, store, max_offer_tokens=None).annotate(texts)
        assert table["status"].tolist() == ["ok"] * 3
        assert set(server.offers) == {("prime " * 20_000).strip(), "a b\ufffdc", texts[2]}

    def test_is_not_made_for_offers_without_text(self, server, store):
        offers = ["Une prime.", "", None, "<p>&nbsp;</p>", float("nan")]
        with pytest.warns(JocasThemesWarning, match="4 offers have no text") as caught:
            table = build_teacher(server.url, store).annotate(offers)
        assert caught[0].filename == __file__
        assert table["status"].tolist() == ["ok"] + ["failed"] * 4
        assert table["COMPENSATION_BENEFITS"].isna().tolist() == [False] + [True] * 4
        assert server.n_requests == 1


# One bad value for each parameter, and what the error must name.
_BAD = [
    ("model", None),
    ("client", "sk-a-key-in-the-wrong-place"),
    ("base_url", 3),
    ("base_url", "localhost:8000/v1"),
    ("api_key_env", None),
    ("taxonomy", ["DIVERSITY"]),
    ("store", 3),
    ("max_cost_usd", -1),
    ("price", {"input": 1}),
    ("mode", "later"),
    ("votes", 0),
    ("max_corrections", -1),
    ("examples", "gold"),
    ("n_examples", 0),
    ("redact", "yes"),
    ("max_offer_tokens", 10),
    ("requests_per_minute", 0),
    ("tokens_per_minute", -1),
    ("concurrency", 0),
    ("concurrency", 1.5),
    ("request_params", ["temperature"]),
    ("request_params", {"seed": {1}}),
    ("request_params", {"temperature": float("nan")}),
    ("request_params", {"messages": []}),
    ("request_params", {"extra_headers": {"x": "y"}}),
    ("response_format", "xml"),
    ("text_columns", "text"),
    ("timeout_s", 0),
    ("timeout_s", float("nan")),
    ("max_retries", -1),
    ("progress", "yes"),
]


class TestParameters:
    @pytest.mark.parametrize(("name", "value"), _BAD)
    def test_that_are_bad_are_named_before_anything_is_asked(self, server, store, name, value):
        teacher = build_teacher(server.url, store).set_params(**{name: value})
        with pytest.raises(ValueError, match=name) as caught:
            teacher.annotate(_OFFERS)
        assert "in-the-wrong-place" not in str(caught.value)
        assert server.n_requests == 0

    def test_all_have_a_check(self):
        assert {name for name, _ in _BAD} == set(LLMTeacher("m").get_params())

    def test_are_only_stored_when_the_teacher_is_made(self):
        params = {name: object() for name in LLMTeacher("m").get_params()}
        teacher = LLMTeacher(**params)
        assert teacher.get_params() == params

    def test_may_be_numbers_of_numpy(self, server, store):
        teacher = build_teacher(
            server.url,
            store,
            concurrency=np.int64(2),
            timeout_s=np.float32(5),
            max_retries=np.int64(0),
        )
        assert teacher.annotate(_OFFERS)["status"].tolist() == ["ok"] * 3

    def test_of_the_request_may_be_any_mapping(self, server, store):
        params = MappingProxyType({"seed": 1})
        build_teacher(server.url, store, request_params=params).annotate(["x"])
        assert server.requests[0]["seed"] == 1

    @pytest.mark.parametrize(
        "params",
        [
            {"api_key": "x"},
            {"extra_body": {"access_key": "x"}},
            {"extra_body": {"hub": {"token": "x"}}},
            {"user": "sk-proj-0123456789"},
            {"metadata": {"seen": ["hf_0123456789"]}},
        ],
    )
    def test_that_look_like_a_key_are_refused(self, server, store, params):
        teacher = build_teacher(server.url, store, request_params=params)
        with pytest.raises(ValueError, match="request_params"):
            teacher.annotate(_OFFERS)
        assert server.n_requests == 0

    def test_that_only_sound_like_a_key_are_sent(self, server, store):
        params = {"max_completion_tokens": 99, "metadata": {"project": "secretariat"}}
        build_teacher(server.url, store, request_params=params).annotate(["x"])
        assert server.requests[0]["metadata"] == {"project": "secretariat"}

    def test_key_in_place_of_its_name_is_not_repeated(self, server, store):
        teacher = build_teacher(server.url, store, api_key_env=_KEY)
        with pytest.raises(ValueError, match="api_key_env must be the name") as caught:
            teacher.annotate(_OFFERS)
        assert _KEY not in str(caught.value)


class TestKey:
    def test_that_is_missing_is_named_before_anything_is_asked(self, monkeypatch, store):
        monkeypatch.delenv("TEST_KEY")
        with pytest.raises(MissingKeyError, match=r"TEST_KEY is not set, and 2 answers"):
            build_teacher(None, store).annotate(["a", "b", "a"])

    @pytest.mark.parametrize("by_environment", [False, True])
    def test_is_not_sent_in_clear_text(self, monkeypatch, store, closed, by_environment):
        closed()
        monkeypatch.setenv("TEST_KEY", _KEY)
        address = "http://models.example/v1"
        if by_environment:  # which the openai client reads by itself
            monkeypatch.setenv("OPENAI_BASE_URL", address)
        teacher = build_teacher(None if by_environment else address, store)
        with pytest.raises(TeacherAuthError, match=r"clear text to 'models\.example'"):
            teacher.annotate(_OFFERS)

    def test_is_in_no_repr_no_pickle_and_no_file(self, server, store):
        with OpenAI(api_key=_KEY, base_url=server.url) as client:
            for teacher in (
                build_teacher(server.url, store),
                build_teacher(server.url, store, client=client, model="m2"),
            ):
                teacher.annotate(_OFFERS)
                assert _KEY not in repr(teacher)
                assert _KEY not in teacher._repr_html_()
                assert _KEY.encode() not in pickle.dumps(teacher)
        for file in store.parent.iterdir():
            assert _KEY.encode() not in file.read_bytes()


class TestClient:
    def test_works_inside_a_running_loop(self, server, store):
        async def notebook():
            return build_teacher(server.url, store).annotate(_OFFERS)

        assert asyncio.run(notebook())["status"].tolist() == ["ok"] * 3

    def test_may_be_a_synchronous_one(self, server, store):
        with OpenAI(api_key="sk-own", base_url=server.url) as client:
            teacher = build_teacher("https://nowhere.example/v1", store, client=client)
            assert teacher.annotate(_OFFERS)["status"].tolist() == ["ok"] * 3
            assert teacher.annotate(["Nouveau."])["status"].tolist() == ["ok"]
        assert set(server.keys) == {"Bearer sk-own"}

    def test_may_be_an_asynchronous_one_and_stays_open(self, server, store):
        client = AsyncOpenAI(api_key="sk-own", base_url=server.url)
        teacher = build_teacher(None, store, client=client)
        assert teacher.annotate(_OFFERS)["status"].tolist() == ["ok"] * 3

        async def notebook():
            return teacher.annotate(["Nouveau."])

        assert asyncio.run(notebook())["status"].tolist() == ["ok"]
        _loop.submit(client.close()).result(timeout=5)
        assert server.n_requests == 4

    def test_is_shared_by_clones_with_the_store(self, store):
        with OpenAI(api_key="sk-own") as client, AnnotationStore(store) as opened:
            teacher = build_teacher(None, opened, client=client)
            copy = clone(Pipeline([("teacher", teacher)]))["teacher"]
            assert copy is not teacher
            assert copy.client is client
            assert copy.store is opened
            assert copy.taxonomy is teacher.taxonomy

    def test_serves_a_grid_search_that_asks_each_offer_once(self, server, store):
        texts = [f"offre {i} prime" for i in range(6)]
        with OpenAI(api_key="sk-own", base_url=server.url) as client:
            pipeline = Pipeline(
                [("teacher", build_teacher(None, store, client=client)), ("last", _Constant())]
            )
            search = GridSearchCV(pipeline, {"last__value": [0, 1]}, cv=3, error_score="raise")
            search.fit(texts, np.ones(6))
        assert search.best_params_ == {"last__value": 1}
        assert sorted(server.offers) == texts

    def test_left_behind_by_pickle_is_asked_for(self, monkeypatch, server, store):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
        with OpenAI(api_key=_KEY, base_url=server.url) as client:
            teacher = build_teacher(None, store, client=client, api_key_env="OPENAI_API_KEY")
            teacher.annotate(_OFFERS)
            copy = clone(pickle.loads(pickle.dumps(teacher)))
            assert teacher.client is client
            assert copy.client is None
            assert copy.annotate(_OFFERS)["status"].tolist() == ["ok"] * 3
            with pytest.raises(TeacherError, match=r"1 answers .* set_params\(client=\.\.\.\)"):
                copy.annotate([*_OFFERS, "Nouveau."])
            copy.set_params(client=client).annotate([*_OFFERS, "Nouveau."])
        assert server.n_requests == 4


class _Constant(BaseEstimator):
    """A last step that learns nothing, scored by whether its value is the gold."""

    def __init__(self, value=0):
        self.value = value

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def score(self, X, y):
        return float(np.mean(y == self.value))


class TestProgress:
    def test_bar_is_shown_or_not(self, server, store, capfd):
        build_teacher(server.url, store).annotate(_OFFERS)
        assert capfd.readouterr() == ("", "")
        build_teacher(server.url, store, progress=True, model="m2").annotate(_OFFERS)
        out, err = capfd.readouterr()
        assert out == ""
        assert "3/3" in err

    def test_store_tells_what_each_reply_took(self, server, store):
        build_teacher(server.url, store).annotate(_OFFERS[:1])
        with sqlite3.connect(store) as connection:
            (row,) = connection.execute(
                "SELECT status, prompt_tokens, completion_tokens, duration_s > 0 FROM replies"
            )
        connection.close()
        assert row == ("ok", 100, 20, 1)


class TestSharing:
    """Whoever asks the same offers at the same time: each is paid for once."""

    def test_threads(self, store):
        def respond(request):
            time.sleep(0.02)
            return answer_by_word(request)

        texts = [f"offre {i} prime" for i in range(30)]
        with ChatServer(respond) as server, ThreadPoolExecutor(4) as executor:
            teachers = [build_teacher(server.url, store) for _ in range(4)]
            tables = list(executor.map(lambda teacher: teacher.annotate(texts), teachers))
            assert server.n_requests == 30
        for table in tables:
            pd.testing.assert_frame_equal(table, tables[0])

    def test_folds_in_several_processes(self, server, store):
        texts = np.array([f"offre {i} prime" for i in range(40)])
        model = Pipeline(
            [("teacher", build_teacher(server.url, store)), ("student", DummyClassifier())]
        )
        scores = cross_validate(
            model, texts, np.zeros(40), cv=KFold(4), n_jobs=2, error_score="raise"
        )
        assert scores["test_score"].tolist() == [1, 1, 1, 1]
        assert server.n_requests == 40
