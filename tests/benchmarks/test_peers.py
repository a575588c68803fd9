"""The methods compared: named once, learning from what they may learn from."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import peers


class Recorder:
    """A classifier of texts that keeps what it was given."""

    def fit(self, texts: list[str], labels: Any) -> "Recorder":
        self.texts, self.labels = texts, labels
        return self

    def predict(self, texts: list[str]) -> Any:
        return np.ones((len(texts), len(peers.CODES)))


def test_names_are_short_and_differ() -> None:
    for methods in (peers.METHODS, peers.FILTERED):
        names = [method.name for method in methods]
        assert len(set(names)) == len(names)
        assert max(map(len, names)) <= 22


@pytest.mark.parametrize("method", [*peers.METHODS, *peers.FILTERED], ids=lambda m: m.name)
def test_methods_are_built_anew(method: peers.Method) -> None:
    assert method.build(1) is not method.build(1)


def test_text_learner_leaves_out_unknown_offers(sample: pd.DataFrame) -> None:
    annotated = sample.head(3).copy()
    annotated.loc[annotated.index[1], peers.CODES[2]] = np.nan
    recorder = Recorder()
    learner = peers.TextLearner(recorder).fit(annotated)
    assert recorder.texts == annotated["text"].iloc[[0, 2]].tolist()
    assert recorder.labels.tolist() == annotated[peers.CODES].iloc[[0, 2]].to_numpy().tolist()
    assert learner.predict(annotated).shape == (3, len(peers.CODES))


def test_original_method_learns_from_sure_offers_only(sample: pd.DataFrame) -> None:
    recorder = Recorder()
    build = peers.put_behind(lambda _: peers.TextLearner(recorder), 80, "offer")
    build(1).fit(sample)
    confidences = sample[[f"{code}_confidence" for code in peers.CODES]]
    sure = (confidences >= 80).all(axis=1)
    assert 0 < sure.sum() < len(sample)
    assert recorder.texts == sample.loc[sure, "text"].tolist()


@pytest.mark.parametrize(
    "name", ["lexicon", "logistic regression", "linear SVM", "original, no filter"]
)
def test_methods_predict_labels(name: str, sample: pd.DataFrame) -> None:
    method = next(method for method in peers.METHODS if method.name == name)
    predicted = [
        method.build(n_jobs).fit(sample.head(60)).predict(sample.tail(30)) for n_jobs in (1, 2)
    ]
    assert predicted[0].shape == (30, len(peers.CODES))
    assert set(np.unique(predicted[0])) <= {0, 1}
    assert (predicted[0] == predicted[1]).all()
