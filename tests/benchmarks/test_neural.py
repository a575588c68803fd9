"""Optional methods: what is written for fastText, and how its answer is read."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import neural

TEXTS = ["Télétravail et RTT", "Cariste à Lyon\nen 2x8", "Équipe soudée"]
LABELS = np.array([[1, 0], [0, 0], [1, 1]])


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put a stand-in in floret's place; return the lines that it is given to learn from."""
    seen: list[str] = []

    def train_supervised(path: str, **params: Any) -> SimpleNamespace:
        seen.extend(Path(path).read_text(encoding="utf-8").split("\n"))
        return SimpleNamespace(f=SimpleNamespace(predict=predict))

    def predict(text: str, k: int, threshold: float, errors: str) -> list[tuple[float, str]]:
        return [(0.9, "__label__1"), (0.6, "__label__none")] if "soudee" in text else []

    module = SimpleNamespace(train_supervised=train_supervised)
    monkeypatch.setitem(sys.modules, "floret", module)
    return seen


def test_floret_reads_one_line_a_text(lines: list[str]) -> None:
    model = neural.FloretClassifier().fit(TEXTS, LABELS)
    assert lines == [
        "__label__0 teletravail et rtt",
        "__label__none cariste a lyon en 2x8",
        "__label__0 __label__1 equipe soudee",
    ]
    assert model.predict(TEXTS).tolist() == [[0, 0], [0, 0], [0, 1]]


@pytest.mark.parametrize("package", ["floret", "torchTextClassifiers"])
def test_installed_package_learns(package: str) -> None:
    pytest.importorskip(package, reason=f"needs {package}")
    texts = ["mutuelle et prime", "cariste en entrepôt"] * 60
    labels = np.array([[1, 0], [0, 1]] * 60)
    models = {"floret": neural.FloretClassifier, "torchTextClassifiers": neural.TorchClassifier}
    model = models[package](**{"n_jobs": 1} if package != "floret" else {})
    model.fit(texts, labels)
    assert model.predict(texts[:2]).tolist() == [[1, 0], [0, 1]]
