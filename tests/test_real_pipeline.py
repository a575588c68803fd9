"""The whole way on 2,077 real offers, their annotations replayed over HTTP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline

from chat_server import ChatServer, Reply, completion, read_offer
from jocas_themes import (
    HR_THEMES,
    ConfidenceFilter,
    LexiconTeacher,
    LLMTeacher,
    MaskedScorer,
    NearDuplicateKFold,
    ThemeClassifier,
    as_offers,
    compute_shares,
    draw_shares_svg,
    evaluate_themes,
    label_corpus,
    read_offers,
    read_review,
)

pytestmark = pytest.mark.real_data
CODES = list(HR_THEMES.codes)


@dataclass
class Replay:
    """Real offers, and a server that answers as the language model did."""

    server: ChatServer
    offers: pd.DataFrame
    gold: np.ndarray
    folder: Path

    def make_pipeline(self, **student: object) -> Pipeline:
        teacher = LLMTeacher(
            "replayed",
            base_url=self.server.url,
            store=self.folder / "annotations.sqlite",
            progress=False,
        )
        return Pipeline(
            [
                ("teacher", teacher),
                ("filter", ConfidenceFilter(80, review_path=self.folder / "to_review.jsonl")),
                ("student", ThemeClassifier(**student)),
            ]
        )


@pytest.fixture(scope="module")
def replay(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    path = shared_data / "offers_labelled.parquet"
    labels = pd.read_parquet(path)
    own = [name for name in labels if not name.startswith(tuple(CODES))]
    offers = read_offers(path, columns=own[1:])
    teacher = LLMTeacher("replayed")
    answers = {
        teacher.build_key(text).text: json.dumps(
            {
                code: {
                    "evidence": row[f"{code}_evidence"] if row[code] else None,
                    "present": bool(row[code]),
                    "confidence": int(row[f"{code}_confidence"]),
                }
                for code in CODES
            }
        )
        for text, row in zip(as_offers(offers)["text"], labels.to_dict("records"), strict=True)
    }
    with ChatServer(lambda request: Reply(completion(answers[read_offer(request)]))) as server:
        gold = labels[CODES].to_numpy(dtype=int)
        yield Replay(server, offers, gold, tmp_path_factory.mktemp("replay"))


@pytest.fixture(scope="module")
def distil(replay: Replay) -> Pipeline:
    return replay.make_pipeline().fit(replay.offers)


def test_every_distinct_offer_is_asked_once(replay: Replay, distil: Pipeline) -> None:
    n_distinct = as_offers(replay.offers)["text"].nunique()
    assert len(replay.offers) == 2077
    assert replay.server.n_requests == n_distinct
    annotated = distil["teacher"].annotate(replay.offers)
    assert (annotated["status"] == "ok").all()
    np.testing.assert_array_equal(annotated[CODES], replay.gold)


def test_a_second_fit_and_predict_call_nobody(replay: Replay, distil: Pipeline) -> None:
    before = replay.server.n_requests
    again = clone(distil).fit(replay.offers)
    np.testing.assert_array_equal(again.predict(replay.offers), distil.predict(replay.offers))
    assert distil.predict(["Poste ouvert aux personnes en situation de handicap."]).shape == (1, 6)
    assert replay.server.n_requests == before


def test_evidence_is_verbatim_and_review_holds_the_unsure_cells(
    replay: Replay, distil: Pipeline
) -> None:
    annotated = distil["teacher"].annotate(replay.offers)
    for code in CODES:
        for text, label, evidence in zip(
            annotated["text"], annotated[code], annotated[f"{code}_evidence"], strict=True
        ):
            assert (evidence in text) if label else evidence is None
    review = read_review(replay.folder / "to_review.jsonl")
    unsure = sum(int((annotated[f"{code}_confidence"] < 80).sum()) for code in CODES)
    assert len(review) == unsure
    assert set(review["reason"]) == {"low_confidence"}


@pytest.mark.slow
def test_cross_validated_scores_reach_the_original_method(replay: Replay, distil: Pipeline) -> None:
    # Plain TF-IDF + XGBoost one-vs-rest had 0.771 / 0.761 on all cells.
    model = clone(distil).set_params(student__n_jobs=2, filter__review_path=None)
    before = replay.server.n_requests
    scores = cross_validate(
        model,
        replay.offers,
        replay.gold,
        scoring={
            "f1_micro": "f1_micro",
            "f1_macro": "f1_macro",
            "masked_micro": MaskedScorer("f1", average="micro"),
        },
        # Two folds of five: a fit takes seconds.
        cv=list(KFold(5, shuffle=True, random_state=0).split(replay.offers))[:2],
    )
    assert scores["test_f1_micro"].mean() >= 0.85
    assert scores["test_f1_macro"].mean() >= 0.84
    np.testing.assert_allclose(scores["test_masked_micro"], scores["test_f1_micro"])
    assert replay.server.n_requests == before


@pytest.mark.slow
def test_grid_search_over_the_threshold_in_two_processes(replay: Replay, distil: Pipeline) -> None:
    rows = np.arange(0, 2077, 3)
    before = replay.server.n_requests
    search = GridSearchCV(
        clone(distil),
        {"filter__threshold": [0, 70, 90]},
        scoring=MaskedScorer("f1", average="micro"),
        cv=NearDuplicateKFold(2, random_state=0),
        n_jobs=2,
    ).fit(replay.offers.iloc[rows], replay.gold[rows])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.predict(replay.offers.iloc[:5]).shape == (5, 6)
    assert replay.server.n_requests == before
    review = read_review(replay.folder / "to_review.jsonl")
    assert not review.duplicated(["offer_id", "theme"]).any()


def test_real_unlabelled_offers_are_labelled(
    distil: Pipeline, shared_data: Path, tmp_path: Path
) -> None:
    done = label_corpus(
        distil, shared_data / "offers_unlabelled.parquet", tmp_path / "labels", progress=False
    )
    labels = done.read()
    assert done.n_offers == len(labels) == 11_123
    assert labels["offer_id"].is_unique
    shares = labels[CODES].mean()
    assert ((shares > 0.01) & (shares < 0.8)).all()
    # These offers have a publication day only: the first date with a value counts.
    by_year = compute_shares(tmp_path / "labels", by="year")
    assert by_year.groupby("theme")["n_offers"].sum().eq(11_123).all()
    assert draw_shares_svg(compute_shares(tmp_path / "labels")).startswith("<")


def test_the_lexicon_is_a_baseline_worth_beating(replay: Replay) -> None:
    annotated = LexiconTeacher().annotate(replay.offers)
    scores = evaluate_themes(replay.gold, annotated[CODES].to_numpy(), themes=CODES)
    assert scores.loc["micro", "f1"] > 0.6
