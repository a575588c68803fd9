"""The command as a user runs it: what it prints, what it writes, how it fails."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from chat_server import ChatServer, Reply, completion
from jocas_themes import HR_THEMES, load_sample_annotations, load_sample_offers, make_offers
from jocas_themes.cli import main


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    load_sample_offers().to_json("offers.jsonl", orient="records", lines=True)
    load_sample_annotations().to_parquet("annotated.parquet")


def run(capsys: pytest.CaptureFixture[str], command: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(shlex.split(command))
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_the_whole_way(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "train annotated.parquet --out model --review review.jsonl")
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "learnt from 1749 cells, 51 under the threshold left out"
    assert lines[-1] == "written: model, review.jsonl"
    assert any(line.split()[:1] == ["micro"] for line in lines)
    make_offers(100, random_state=0).to_parquet("corpus.parquet")
    status, out, _ = run(capsys, "label corpus.parquet --model model --out labels")
    assert status == 0
    assert re.search(r"^100 offers in .* 0 of them without text\nwritten: 1 part in labels", out)
    labels = pd.read_parquet("labels")
    assert labels.shape == (100, 1 + 6 + 12)
    status, out, _ = run(capsys, "evaluate annotated.parquet --model model --out scores.csv")
    assert status == 0
    assert pd.read_csv("scores.csv", index_col="theme").loc["micro", "f1"] > 0.9


def test_evaluate_cross_validates(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "evaluate annotated.parquet --folds 2")
    assert status == 0
    assert "2-fold cross-validation against the teacher's labels, all cells" in out
    assert out.strip().splitlines()[-1].split()[0] == "macro"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::jocas_themes.errors.JocasThemesWarning")  # few offers
def test_evaluate_writes_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    pd.read_parquet("annotated.parquet").head(60).to_parquet("few.parquet")
    command = "evaluate few.parquet --folds 2 --threshold 0 --html report.html"
    status, out, _ = run(capsys, command)
    assert status == 0
    assert "written: report.html" in out
    assert Path("report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_evaluate_writes_a_page_or_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    command = "evaluate annotated.parquet --html report.html --out scores.csv"
    status, _, err = run(capsys, command)
    assert status == 2
    assert "--out is for them alone" in err


def test_label_issues_and_suggestions(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(
        capsys, "label-issues annotated.parquet --n 5 --out issues.csv --review doubts.jsonl"
    )
    assert status == 0
    assert len(pd.read_csv("issues.csv")) == 5
    assert "label_issue" in Path("doubts.jsonl").read_text(encoding="utf-8")
    assert run(capsys, "train annotated.parquet --out model")[0] == 0
    make_offers(200, random_state=1).to_parquet("pool.parquet")
    command = "suggest pool.parquet --model model --annotated annotated.parquet --n 20"
    status, out, _ = run(capsys, f"{command} --out next.parquet")
    assert status == 0
    assert "20 offers: 16 uncertain, 4 random" in out
    assert len(pd.read_parquet("next.parquet")) == 20


def test_teach_asks_a_server(capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"evidence": None, "present": False, "confidence": 90}
    content = json.dumps(dict.fromkeys(HR_THEMES.codes, answer))
    with ChatServer(lambda request: Reply(completion(content))) as server:
        command = (
            f"teach offers.jsonl --model m --base-url {server.url} --sample 20 --out a.parquet"
        )
        status, out, _ = run(capsys, command)
        assert status == 0
        assert "20 ok\n20 distinct texts among 20 offers\nwritten: a.parquet" in out
        assert run(capsys, command)[0] == 0  # the same sample, from the store
        assert server.n_requests == 20
    annotated = pd.read_parquet("a.parquet")
    assert len(annotated) == 20
    assert (annotated["DIVERSITY"] == 0).all()


def test_teach_by_lexicon_then_train(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "teach offers.jsonl --lexicon --sample 0 --out a.parquet")[0] == 0
    assert len(pd.read_parquet("a.parquet")) == 300
    status, _, err = run(capsys, "train a.parquet --out model")
    assert status == 2
    assert "no theme has any known label" in err
    assert run(capsys, "train a.parquet --out model --threshold 60")[0] == 0


def test_label_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "train annotated.parquet --out model")[0] == 0
    make_offers(30, random_state=0).to_parquet("a.parquet")
    offers = make_offers(30, random_state=1)
    Path("b.parquet").write_text("no Parquet")
    command = "label a.parquet b.parquet --model model --out labels --chunk-rows 20"
    status, _, err = run(capsys, f"{command} --partition-by-month")
    assert status == 2
    last = err.splitlines()[-1]
    assert (
        "1 finished part is kept in labels. When the file is mended, go on with --resume;" in last
    )
    assert "label anew with --overwrite or into another folder" in last
    offers.to_parquet("b.parquet")
    status, _, err = run(capsys, command)
    assert status == 2
    assert "whose labelling was interrupted. Pass --resume, choose another" in err
    status, _, err = run(capsys, f"{command} --resume")
    assert status == 2
    assert "partition_by (['year', 'month'] to [])" in err
    status, out, err = run(capsys, f"{command} --resume --partition-by-month")
    assert status == 0, err
    assert re.search(r"^60 offers in .* s in all .*\nwritten: 3 parts in labels", out)
    status, out, _ = run(capsys, f"{command} --resume --partition-by-month")
    assert (status, out) == (0, "all done already: 60 offers in 3 parts in labels\n")
    assert len(list(Path("labels").glob("year=*/month=*/part-00002.parquet"))) > 1
    with pytest.raises(SystemExit, match="2"):
        main([*shlex.split(command), "--resume", "--overwrite"])


def test_an_interrupted_label_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    assert run(capsys, "train annotated.parquet --out model")[0] == 0
    command = "label offers.jsonl --model model --out labels --chunk-rows 200"
    with monkeypatch.context() as patch:
        patch.setattr("jocas_themes.corpus._job.write_part", interrupt)
        status, _, err = run(capsys, command)
    assert status == 130
    assert err.endswith("interrupted. No part was finished in labels: run it again.\n")
    monkeypatch.setattr("jocas_themes.corpus._job.join_rejects", interrupt)
    status, _, err = run(capsys, command)
    assert status == 130
    assert err.endswith("interrupted. 2 finished parts are kept in labels: go on with --resume.\n")


def test_own_text_columns_all_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    own = load_sample_offers().rename(columns={"job_title": "title", "description_full": "body"})
    own.to_parquet("own.parquet")
    columns = "--text-columns title body"
    for command in (
        f"profile own.parquet {columns}",
        f"teach own.parquet --lexicon --sample 0 {columns} --out a.parquet",
        f"train a.parquet --threshold 60 {columns} --out model",
        "label own.parquet --model model --out labels",
    ):
        status, _, err = run(capsys, command)
        assert status == 0, err
    assert pd.read_parquet("labels")["DIVERSITY"].notna().all()


def test_profile(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "profile offers.jsonl --out profile")
    assert status == 0
    assert re.search(r"education_level +300 +0\.\d+ +\d+ +unusable", out)
    assert {path.name for path in Path("profile").iterdir()} == {
        "columns.csv",
        "months.csv",
        "text_lengths.csv",
    }


def test_demo(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "demo --n-offers 500")
    assert status == 0
    assert "300 answers found in the store, 0 calls made" in err
    assert "How well it learnt" in out
    assert Path("jocas-demo/shares.svg").read_text(encoding="utf-8").startswith("<")
    assert run(capsys, "demo --n-offers 500")[0] == 0  # over the first one


def test_the_demo_replaces_nothing_but_a_demo(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine/labels").mkdir(parents=True)
    Path("mine/labels/part-00000.parquet").write_text("precious")
    status, _, err = run(capsys, "demo --out mine --n-offers 10")
    assert status == 2
    assert "holds files that no demo wrote" in err
    assert Path("mine/labels/part-00000.parquet").read_text() == "precious"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("profile nowhere.parquet", "nowhere.parquet"),
        ("profile offers.jsonl --out offers.jsonl", "--out must be a folder, got the file offers"),
        ("profile 'nothing/*.csv'", "nothing"),
        ("train nowhere.parquet --out model", "there is no file nowhere.parquet"),
        ("train offers.jsonl --out model", "offers.jsonl must be an annotated table, got one that"),
        ("label-issues offers.jsonl", r"lacks \['text'\] and CODE, CODE_confidence"),
        ("train annotated.parquet --out model --threshold 130", "130"),
        ("label offers.jsonl --model nowhere --out labels", "there is no model folder nowhere"),
        ("label offers.jsonl --model . --out labels", "not a model"),
        ("label offers.jsonl --model s3://b/m --out labels", "no model folder 's3://b/m': a model"),
        ("profile offers.jsonl --text-columns titre", r"\['titre'\] of --text-columns; there are"),
        ("evaluate offers.jsonl", "not annotated"),
        ("evaluate annotated.parquet --folds 1", "n_splits|folds"),
        ("teach offers.jsonl --model m --out a.parquet", "OPENAI_API_KEY is not set"),
        ("teach offers.jsonl --model m --out a.csv", "--out must end in .parquet"),
        ("teach offers.jsonl --model m --out nowhere/a.parquet", "folder that is not there"),
        ("teach offers.jsonl --model m --sample -1 --out a.parquet", "--sample must be 0 or more"),
        ("teach offers.jsonl --model m --taxonomy offers.jsonl --out a.parquet", "not valid TOML"),
        ("teach offers.jsonl --lexicon --text-columns texte --out a.parquet", "'texte'"),
        ("demo --n-offers 0", "--n-offers must be 1 or more"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], command: str, message: str
) -> None:
    status, _, err = run(capsys, command)
    last = [line for line in err.splitlines() if line.startswith("jocas-themes ")]
    assert status == 2
    assert len(last) == 1
    assert re.search(message, last[0])
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "command",
    [
        *("", "profile", "teach", "train", "evaluate"),
        *("label-issues", "suggest", "label", "demo"),
    ],
)
def test_help_has_examples(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([*command.split(), "--help"])
    assert "jocas-themes " + (command or "demo") in capsys.readouterr().out


def test_unknown_arguments_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["label"], ["profile", "x", "--nonsense"], ["unknown"]):
        with pytest.raises(SystemExit, match="2"):
            main(arguments)
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("label a --outt X --reusme", "--outt (did you mean --out?) --reusme (did you mean --res"),
        ("label a --model=m --out=b --over", "--over (did you mean --overwrite?)"),
        ("train a --out m --zzz=1", "unrecognized arguments: --zzz\n"),
    ],
)
def test_options_are_written_out(
    capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments.split())
    assert message in capsys.readouterr().err


def test_an_interruption_while_commands_are_imported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupt(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "jocas_themes.cli._arguments", Interrupt("x"))
    assert run(capsys, "demo") == (130, "", "\ninterrupted.\n")


def test_warnings_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.jsonl").write_text('{"ID_JOCAS": "1", "job_title": "Cariste"}\nnot json\n')
    status, _, err = run(capsys, "profile bad.jsonl")
    assert status == 0
    assert re.search(r"[\r\n]warning: .*bad\.jsonl:2", err)
    Path("bad.csv").write_text("ID_JOCAS;job_title\n1;Cafés\n2;Bar\n", encoding="cp1252")
    _, _, err = run(capsys, "profile bad.csv")
    assert "another --encoding may be, such as cp1252" in err


def test_the_installed_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jocas_themes", "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert re.match(r"\d+\.\d+\.\d+", done.stdout)
