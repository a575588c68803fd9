"""quality.py: fair folds, fair halves, tables that fit."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import peers
import quality
from jocas_themes.offers import group_near_duplicates


@pytest.fixture(scope="session")
def path(sample: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a file of the sample's answers."""
    file = tmp_path_factory.mktemp("quality") / "annotated.parquet"
    sample.to_parquet(file)
    return str(file)


def test_tables_and_csv(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["lexicon", "logistic regression", "ours, neither"]
    csv = tmp_path / "scores.csv"
    quality.main([path, "--folds", "2", "--jobs", "1", "--only", *chosen, "--csv", str(csv)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 120
    # Averages and the themes' F1 on all cells and on sure ones; probabilities of ours alone.
    assert [sum(line.startswith(name + " ") for line in lines) for name in chosen] == [3, 3, 4]
    scores = pd.read_csv(csv)
    # 3 methods, two choices of offers, two of cells, six themes and two averages.
    assert len(scores) == 3 * 2 * 2 * 8
    assert scores["f1"].between(scores["f1_low"], scores["f1_high"]).all()


def test_whole_boards_held_out(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    quality.main([path, "--by", "site_name", "--only", "lexicon"])
    printed = capsys.readouterr().out
    boards = pd.read_parquet(path)["site_name"].nunique()
    assert f"{boards} folds, whole groups by site_name" in printed
    assert "Micro-F1 by site_name" in printed


def test_no_fold_shares_a_board_nor_a_near_duplicate() -> None:
    texts = ["un cariste à Lyon en 2x8", "une boulangère à Nantes", "un juriste à Paris"]
    annotated = pd.DataFrame(
        {
            "text": [texts[0], texts[1], texts[0], texts[2]],
            "site_name": ["board_a", "board_a", "board_b", None],
        }
    )
    clusters = group_near_duplicates(annotated["text"])
    folds = quality.make_folds(annotated, clusters, "site_name", 5)
    # Without board_a, its copy on board_b is out too; and the other way round.
    sides = {tuple(test.tolist()): train.tolist() for train, test in folds}
    assert sides == {(0, 1): [3], (2,): [1, 3], (3,): [0, 1, 2]}


def test_years_and_families() -> None:
    annotated = pd.DataFrame(
        {
            "date_sitePublicationDay": ["2022-10-01", "01/02/2023", None],
            "job_ROME_code": ["M1801", None, "K1302"],
        }
    )
    assert quality.read_groups(annotated, "year").tolist() == ["2022", "2023", "unknown"]
    families = quality.read_groups(annotated, "rome_family").tolist()
    assert len(set(families)) == 3
    assert families[0] == "M"


def test_groups_need_their_column() -> None:
    with pytest.raises(SystemExit, match="needs the column 'job_ROME_code'"):
        quality.read_groups(pd.DataFrame({"text": ["a"]}), "rome_family")


def test_odd_ids_are_new_to_the_lexicon() -> None:
    # 0x1f is 31, 0x20 is 32.
    real = pd.DataFrame({"offer_id": ["1f", "20"]})
    assert quality.find_new(real).tolist() == [True, False]
    shipped = pd.DataFrame({"offer_id": ["1f", "site_c_1"]})
    assert quality.find_new(shipped).tolist() == [True, True]


def test_scores_on_both_halves_by_hand() -> None:
    codes = peers.CODES
    answers = np.zeros((4, len(codes)))
    answers[:, 0] = 1
    predicted = answers.astype(int)
    predicted[[0, 1], 0] = 0
    annotated = pd.DataFrame(answers, columns=codes).assign(
        **{f"{code}_confidence": [90, 70, 90, 90] for code in codes},
        offer_id=["1", "2", "3", "5"],
    )
    trial = quality.Trial(peers.METHODS[0], predicted, None, 0.0)
    scores = quality.score_trials([trial], annotated, np.arange(4))
    found = scores[scores["theme"] == "micro"].set_index(["offers", "cells"])["f1"]
    # All: 2 hits, 2 misses. Sure, without the second: 2 hits, 1 miss; nor is it new.
    assert found.loc[("all", "all")] == pytest.approx(2 * 2 / (2 * 2 + 2))
    for offers, cells in [("all", "sure"), ("new to the lexicon", "all")]:
        assert found.loc[(offers, cells)] == pytest.approx(2 * 2 / (2 * 2 + 1))


def test_absent_package_is_said(
    path: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(n_jobs: int) -> None:
        raise AssertionError("a method without its package was built")

    absent = peers.Method("needs more", refuse, package="no_such_package")
    monkeypatch.setattr(quality, "METHODS", (peers.METHODS[0], absent))
    quality.main([path, "--folds", "2"])
    row = next(
        line for line in capsys.readouterr().out.splitlines() if line.startswith("needs more")
    )
    assert "not installed" in row


def test_methods_by_name() -> None:
    with pytest.raises(SystemExit, match="got \\['svm'\\]"):
        quality.choose_methods(peers.METHODS, ["svm"], fast=False)
    named = quality.choose_methods(peers.METHODS, ["ours", "lexicon"], fast=True)
    assert [method.name for method in named] == ["lexicon", "ours"]
    fast = quality.choose_methods(peers.METHODS, None, fast=True)
    assert 0 < len(fast) < len(peers.METHODS)
