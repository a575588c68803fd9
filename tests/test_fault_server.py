import asyncio
import json
from email.utils import parsedate_to_datetime
from urllib.request import urlopen

import openai
import pytest

from fault_server import FAULTS, STATUSES, FaultServer, fetch_journal, scale_faults, serve_apart

FOREVER = 10**9


def messages(text, *after):
    """Build messages as the teacher does: the words, the offer, then what corrects an answer."""
    offer = {"role": "user", "content": f"<offer>\n{text}\n</offer>"}
    return [{"role": "system", "content": "Mots."}, offer, *after]


def open_client(url, *, timeout=5.0):
    return openai.OpenAI(base_url=url, api_key="k", max_retries=0, timeout=timeout)


def ask(client, text, *after):
    """Ask once; return the reply as it came."""
    create = client.chat.completions.with_raw_response.create
    return create(model="m", messages=messages(text, *after)).http_response


def always(fault, **params):
    return FaultServer(faults={fault: 1.0}, max_in_a_row=FOREVER, **params)


def read_answer(reply):
    return json.loads(reply.json()["choices"][0]["message"]["content"])


def test_weights():
    assert sum(FAULTS.values()) == pytest.approx(0.2)
    assert sum(scale_faults(0.5).values()) == pytest.approx(0.5)


def test_good_reply():
    with FaultServer() as server, open_client(server.url) as client:
        reply = ask(client, "Un poste pour tous")
    assert read_answer(reply)["DIVERSITY"] == {
        "evidence": "tous",
        "present": True,
        "confidence": 90,
    }
    assert reply.headers["x-request-id"] == f"req_{1:032x}"
    assert reply.headers["x-ratelimit-limit-requests"] == "10000000"
    (entry,) = server.journal
    assert (entry.offer, entry.n_messages, entry.fault) == ("Un poste pour tous", 2, "")
    assert entry.delivered
    assert entry.paid
    usage = reply.json()["usage"]
    assert (entry.prompt_tokens, entry.completion_tokens) == (
        usage["prompt_tokens"],
        usage["completion_tokens"],
    )
    assert server.delivered("Un poste pour tous") == 1
    assert server.delivered("Un autre poste") == 0


def test_own_answer():
    with (
        FaultServer(lambda text: {"THEME": text.upper()}) as server,
        open_client(server.url) as client,
    ):
        assert read_answer(ask(client, "offre")) == {"THEME": "OFFRE"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("status", openai.APIStatusError),
        ("reset", openai.APIConnectionError),
        ("cut", openai.APIConnectionError),
        ("stall", openai.APITimeoutError),
        ("storm", openai.RateLimitError),
    ],
)
def test_no_reply(fault, error):
    with always(fault) as server, open_client(server.url, timeout=0.3) as client:
        for text in ("a", "b", "c"):
            with pytest.raises(error) as raised:
                ask(client, text)
            if fault == "status":
                assert raised.value.status_code in STATUSES
    assert [entry.fault for entry in server.journal] == 3 * [fault]
    assert not any(entry.paid for entry in server.journal)


@pytest.mark.parametrize("fault", ["garbage", "empty"])
def test_reply_without_completion(fault):
    with always(fault) as server, open_client(server.url) as client:
        bodies = [ask(client, str(number)).text for number in range(20)]
    assert not any('"usage"' in body and body.endswith("}") for body in bodies)
    assert len(set(bodies)) > 3 if fault == "garbage" else set(bodies) == {""}
    assert not any(entry.paid for entry in server.journal)


@pytest.mark.parametrize("fault", ["slow", "late"])
def test_delayed_reply(fault):
    with always(fault) as server, open_client(server.url) as client:
        assert read_answer(ask(client, "tous"))["DIVERSITY"]["present"]
    assert server.delivered("tous") == 1


@pytest.mark.parametrize(
    ("fault", "reason", "n_themes"),
    [
        ("refusal", "stop", None),
        ("content_filter", "content_filter", None),
        ("length", "length", None),
        ("invalid_json", "stop", None),
        ("missing_theme", "stop", 5),
        ("wrong_evidence", "stop", 6),
    ],
)
def test_faulty_reply_is_paid_and_mended_when_asked(fault, reason, n_themes):
    correction = [{"role": "assistant", "content": "?"}, {"role": "user", "content": "Corrige."}]
    with always(fault) as server, open_client(server.url) as client:
        reply = ask(client, "tous")
        mended = ask(client, "tous", *correction)
    choice = reply.json()["choices"][0]
    assert choice["finish_reason"] == reason
    assert (choice["message"]["refusal"] is not None) == (fault == "refusal")
    if n_themes is None:
        with pytest.raises((TypeError, ValueError)):
            read_answer(reply)
    else:
        assert len(read_answer(reply)) == n_themes
    assert read_answer(mended)["DIVERSITY"]["evidence"] == "tous"
    first, second = server.journal
    assert (first.offer, first.n_messages, first.paid, first.delivered) == ("tous", 2, True, False)
    assert (second.offer, second.n_messages, second.fault) == ("tous", 4, "")
    assert second.delivered


def test_stubborn_fault_stays():
    correction = {"role": "user", "content": "Corrige."}
    with (
        always("refusal", stubborn={"refusal"}) as server,
        open_client(server.url) as client,
    ):
        ask(client, "tous")
        ask(client, "tous", correction)
    assert [entry.fault for entry in server.journal] == ["refusal", "refusal"]


def test_storm_refuses_everybody_for_a_while():
    with always("storm", storm_s=0.3) as server, open_client(server.url) as client:
        waits = []
        for number in range(3):
            with pytest.raises(openai.RateLimitError) as raised:
                ask(client, str(number))
            waits.append(raised.value.response.headers)
    seconds, date, milliseconds = waits  # by turns
    assert seconds["retry-after"] == "1"
    assert parsedate_to_datetime(date["retry-after"])
    assert 0 < int(milliseconds["retry-after-ms"]) <= 300


def test_faults_do_not_depend_on_the_order():
    texts = [f"offre {number}" for number in range(60)]
    faults = scale_faults(0.6) | {"storm": 0, "stall": 0, "twice": 0}
    met = []
    for order in (texts, texts[::-1]):
        with (
            FaultServer(faults=faults, seed=3, slow_s=0) as server,
            open_client(server.url) as client,
        ):
            for text in order:
                try:
                    ask(client, text)
                except openai.OpenAIError:
                    continue
        met.append({entry.offer: entry.fault for entry in server.journal})
    assert met[0] == met[1]
    assert len(set(met[0].values())) > 8


def test_good_reply_after_so_many_faults():
    with (
        FaultServer(faults={"empty": 1.0}, max_in_a_row=2) as server,
        open_client(server.url) as client,
    ):
        bodies = [ask(client, "offre").text for _ in range(6)]
    assert [bool(body) for body in bodies] == [False, False, True, False, False, True]


def test_reply_to_nobody_is_not_delivered():
    with FaultServer(latency_s=0.5) as server:
        with (
            open_client(server.url, timeout=0.1) as client,
            pytest.raises(openai.APITimeoutError),
        ):
            ask(client, "offre")
        with open_client(server.url) as client:
            ask(client, "offre")
    assert server.delivered("offre") == 1


def test_rate_limits_are_told_and_kept():
    # 60 a minute, of which those of ten seconds may be used at once: 10
    with (
        FaultServer(requests_per_minute=60, burst_s=10) as server,
        open_client(server.url) as client,
    ):
        left = [int(ask(client, "a").headers["x-ratelimit-remaining-requests"]) for _ in range(5)]
        for _ in range(5):
            ask(client, "a")
        with pytest.raises(openai.RateLimitError, match="Rate limit reached"):
            ask(client, "a")
    assert left == sorted(left, reverse=True)
    assert left[0] == 9
    assert server.journal[-1].fault == "limit"


def test_second_copy_is_taken_for_the_next_reply():
    # The danger that this fault stands for: nothing but the request id tells.
    with always("twice") as server, open_client(server.url) as client:
        replies = [ask(client, text) for text in ("tous", "prime")]
    assert [read_answer(reply)["DIVERSITY"]["present"] for reply in replies] == [True, True]
    assert len({reply.headers["x-request-id"] for reply in replies}) == 1
    assert server.count_delivered() == {"tous": 1}


def test_client_that_hangs_up_on_a_second_copy_pays_nothing_twice():
    with FaultServer(faults={"twice": 0.3}) as server, open_client(server.url) as client:
        ids, texts = set(), [f"offre {number}" for number in range(40)]
        for text in texts:
            while (reply := ask(client, text)).headers["x-request-id"] in ids:
                reply.extensions["network_stream"].close()
            ids.add(reply.headers["x-request-id"])
    assert server.count_delivered() == dict.fromkeys(texts, 1)
    assert any(entry.fault == "after_twice" for entry in server.journal)


def test_every_offer_gets_through_a_fifth_of_faults():
    texts = [f"offre {number} pour tous" for number in range(300)]

    async def ask_until_good(client, slots, text):
        while True:
            try:
                async with slots:
                    reply = await client.chat.completions.create(model="m", messages=messages(text))
                    json.loads(reply.choices[0].message.content)
                    return
            except (openai.OpenAIError, AttributeError, TypeError, ValueError):
                await asyncio.sleep(0.01)

    async def ask_all(url):
        slots = asyncio.Semaphore(16)
        async with openai.AsyncOpenAI(
            base_url=url, api_key="k", max_retries=0, timeout=0.5
        ) as client:
            await asyncio.gather(*(ask_until_good(client, slots, text) for text in texts))

    with FaultServer(faults=scale_faults(0.2) | {"twice": 0}) as server:
        asyncio.run(ask_all(server.url))
    assert {entry.offer for entry in server.journal if entry.paid} == set(texts)
    n_attempts = sum(entry.fault != "storm" for entry in server.journal)
    n_faulty = sum(entry.fault not in {"", "storm"} for entry in server.journal)
    assert 0.12 < n_faulty / n_attempts < 0.28  # a fifth, give or take four standard errors


def test_server_of_its_own_process():
    with serve_apart("--latency", "0.01", "--keep-bodies") as url:
        with open_client(url) as client:
            ask(client, "tous")
        (entry,) = fetch_journal(url)
        with urlopen(f"{url}/bodies") as reply:
            (body,) = json.load(reply)
    assert body == {"model": "m", "messages": messages("tous")}
    assert (entry.offer, entry.delivered) == ("tous", True)
