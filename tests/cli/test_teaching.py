"""The commands around the teacher: what they cost, what people decide, how good it is."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from chat_server import ChatServer, Reply, completion
from jocas_themes import (
    HR_THEMES,
    fill_sample_store,
    load_sample_annotations,
    load_sample_offers,
    read_review,
)
from jocas_themes.cli import main

_ANSWER = {"evidence": None, "present": False, "confidence": 90}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    load_sample_offers().to_json("offers.jsonl", orient="records", lines=True)
    load_sample_annotations().to_parquet("annotated.parquet")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    # Each reply takes 100 tokens of prompt and 20 of completion.
    body = completion(json.dumps(dict.fromkeys(HR_THEMES.codes, _ANSWER)))
    with ChatServer(lambda request: Reply(body)) as server:
        yield server


def run(capsys: pytest.CaptureFixture[str], command: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(shlex.split(command))
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_an_estimate_sends_nothing(capsys: pytest.CaptureFixture[str], server: ChatServer) -> None:
    command = f"teach offers.jsonl --base-url {server.url} --sample 20 --estimate --model"
    status, out, _ = run(capsys, f"{command} gpt-5-mini")
    assert status == 0
    assert re.search(r"\nAsking gpt-5-mini: about \$0\.0\d+\n.*requests +20\n", out, re.DOTALL)
    assert "<offer>" in out
    status, _, err = run(capsys, f"{command} my-model")
    assert status == 2
    assert "the price of the model 'my-model' is not known. Give it as --price" in err
    assert server.n_requests == 0


def test_a_budget_ends_the_run_and_keeps_what_was_answered(
    capsys: pytest.CaptureFixture[str], server: ChatServer
) -> None:
    # A reply costs 100 + 20 millionths of a dollar; a request may cost 50 for its reply, and
    # its prompt of some 1,700 tokens half as much again, some 2,700 in all.
    command = (
        f"teach offers.jsonl --base-url {server.url} --model m --price 1 1 --sample 50 "
        f"--request-params '{{\"max_tokens\": 50}}' --concurrency 1 --out a.parquet"
    )
    status, out, err = run(capsys, f"{command} --max-cost-usd 0.005")
    assert status == 2
    assert "the budget (max_cost_usd) of $0.005 is reached" in err
    n_answered = int(pd.read_parquet("a.parquet")["status"].eq("ok").sum())
    assert 0 < n_answered == server.n_requests < 50
    assert f"{n_answered} ok" in out
    status, out, err = run(capsys, f"{command} --max-cost-usd 1 --no-decisions")
    assert status == 0
    assert server.n_requests == 50
    assert "spent in annotations.sqlite: $0.0060" in out  # 50 x 0.00012


def test_request_params_must_be_json(capsys: pytest.CaptureFixture[str]) -> None:
    for given, message in (("{", "must be a JSON object"), ("3", "must be a JSON object, got '3'")):
        command = f"teach offers.jsonl --model m --out a.parquet --request-params '{given}'"
        status, _, err = run(capsys, command)
        assert status == 2
        assert message in err


def test_from_a_draw_to_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    fill_sample_store("annotations.sqlite").close()
    status, out, _ = run(capsys, "review todo.jsonl --draw annotated.parquet --n-offers 100")
    assert status == 0
    assert "todo.jsonl: 600 cells, 600 of them without a decision" in out
    status, out, _ = run(capsys, "review todo.jsonl --export todo.csv")
    assert (status, out.splitlines()[0]) == (0, "written: todo.csv (600 cells without a decision)")
    status, _, err = run(capsys, "review todo.jsonl --gold gold.parquet")
    assert status == 2
    assert "none of the 100 offers drawn into todo.jsonl has a decision in annotations" in err
    assert not Path("gold.parquet").exists()
    status, _, err = run(capsys, "review todo.jsonl --import nofile.csv --reviewer Lea")
    assert (status, err) == (2, "jocas-themes review: there is no file nofile.csv to import.\n")
    # A reviewer who agrees with the teacher, and answers where it did not.
    table = pd.read_csv("todo.csv", sep=";", dtype=str)
    table["decision"] = table["proposed"].fillna("0")
    table.to_csv("done.csv", sep=";", index=False)
    status, _, err = run(capsys, "review todo.jsonl --import done.csv")
    assert status == 2
    assert "--reviewer" in err
    status, out, _ = run(capsys, "review todo.jsonl --import done.csv --reviewer Lea")
    assert status == 0
    assert "600 new decisions, kept in annotations.sqlite" in out
    status, out, _ = run(capsys, "review todo.jsonl --gold gold.parquet")
    assert status == 0
    assert "written: gold.parquet (100 offers, 100 of them with a decision)" in out
    status, out, _ = run(capsys, "report annotated.parquet gold.parquet")
    assert status == 0
    assert "alpha" in out
    # As teach leaves decisions out, when it is told to.
    command = "teach offers.jsonl --model recorded --sample 0 --out"
    assert run(capsys, f"{command} with.parquet")[0] == 0
    assert run(capsys, f"{command} without.parquet --no-decisions")[0] == 0
    decided = pd.read_parquet("with.parquet")
    asked = pd.read_parquet("without.parquet")
    assert (decided["DIVERSITY_confidence"] == 100).sum() >= 100
    assert not (asked["DIVERSITY_confidence"] == 100).all()
    assert len(read_review("todo.jsonl")) == 600


def test_a_tool_s_format_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "review todo.jsonl --draw annotated.parquet --n-offers 20")[0] == 0
    status, _, err = run(capsys, "review todo.jsonl --export tasks.json")
    assert status == 2
    assert "--format is missing: 'tasks.json'" in err
    command = "review todo.jsonl --export tasks.json --format label_studio"
    assert run(capsys, command)[0] == 0
    assert len(json.loads(Path("tasks.json").read_text(encoding="utf-8"))) == 20


def test_export(capsys: pytest.CaptureFixture[str]) -> None:
    fill_sample_store("annotations.sqlite").close()
    assert run(capsys, "export annotations.sqlite bundle --no-texts")[0] == 0
    assert len(Path("bundle/replies.jsonl").read_text(encoding="utf-8").splitlines()) == 300
    status, _, err = run(capsys, "export annotations.sqlite bundle")
    assert status == 2
    assert "--overwrite" in err
    assert run(capsys, "export nothing.sqlite other") == (
        2,
        "",
        "jocas-themes export: there is no store nothing.sqlite.\n",
    )
    assert not Path("nothing.sqlite").exists()
