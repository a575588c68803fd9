"""fastText (floret) and Insee's torchTextClassifiers, as classifiers of texts into many labels.

Both are optional. Their settings are the best of a few that were tried on one fold.
"""

import contextlib
import io
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import strip_accents_unicode

Labels = npt.NDArray[np.int64]

_WORD = re.compile(r"\w+")
_PREFIX = "__label__"
_NO_LABEL = "none"  # fastText skips a line without a label
_BATCH = 64


class FloretClassifier:
    """fastText's supervised mode on words, one sigmoid a label."""

    def fit(self, texts: list[str], labels: Labels) -> Self:
        """Learn from texts and labels of shape (n_texts, n_labels)."""
        import floret

        self.n_labels_ = labels.shape[1]
        with TemporaryDirectory() as folder:
            path = Path(folder) / "train.txt"
            path.write_text("\n".join(map(_write_line, texts, labels)), encoding="utf-8")
            # One thread: with more, each run gives another model.
            self.model_ = floret.train_supervised(
                str(path), loss="ova", dim=50, epoch=50, lr=0.2, thread=1, seed=0, verbose=0
            )
        return self

    def predict(self, texts: list[str]) -> Labels:
        """Predict labels, of shape (n_texts, n_labels)."""
        predicted = np.zeros((len(texts), self.n_labels_), dtype=np.int64)
        for row, text in enumerate(texts):
            # Not predict() of floret 0.10, which fails for one text under NumPy 2 and gives all
            # labels the same probability for several.
            found = self.model_.f.predict(_flatten(text) + "\n", -1, 0.5, "strict")
            names = [name.removeprefix(_PREFIX) for _, name in found]
            predicted[row, [int(name) for name in names if name != _NO_LABEL]] = 1
        return predicted


class TorchClassifier:
    """torchTextClassifiers: the mean of word and n-gram vectors, one sigmoid a label."""

    def __init__(self, n_jobs: int) -> None:
        self.n_jobs = n_jobs

    def fit(self, texts: list[str], labels: Labels) -> Self:
        """Learn from texts and labels of shape (n_texts, n_labels)."""
        with _hush(), TemporaryDirectory() as folder:
            self.tokenizer_, self.model_ = self._train(texts, labels, folder)
        return self

    def _train(self, texts: list[str], labels: Labels, folder: str) -> tuple[Any, Any]:
        import torch
        from torchTextClassifiers import ModelConfig, TrainingConfig, torchTextClassifiers
        from torchTextClassifiers.tokenizers import NGramTokenizer

        torch.manual_seed(0)
        torch.set_num_threads(self.n_jobs if self.n_jobs > 0 else torch.get_num_threads())
        tokenizer = NGramTokenizer(
            min_count=2,
            min_n=6,
            max_n=6,
            num_tokens=50_000,
            len_word_ngrams=1,
            training_text=[_flatten(text) for text in texts],
        )
        classifier = torchTextClassifiers(
            tokenizer, ModelConfig(embedding_dim=50, num_classes=labels.shape[1])
        )
        config = TrainingConfig(
            num_epochs=5,
            batch_size=32,
            lr=1e-2,
            loss=torch.nn.BCEWithLogitsLoss(),
            raw_categorical_inputs=False,
            raw_labels=False,
            accelerator="cpu",
            num_workers=0,
            save_path=str(Path(folder) / "model"),
            trainer_params={"default_root_dir": folder, "enable_progress_bar": False},
        )
        classifier.train(np.array(texts, dtype=object), labels, config)
        return tokenizer, classifier.pytorch_model.eval()

    def predict(self, texts: list[str]) -> Labels:
        """Predict labels, of shape (n_texts, n_labels)."""
        import torch

        scores = []
        # Not its own predict(), which gives the likeliest labels of a softmax.
        with torch.no_grad():
            for start in range(0, len(texts), _BATCH):
                words = self.tokenizer_.tokenize(texts[start : start + _BATCH])
                scores.append(self.model_(words.input_ids, words.attention_mask, None).numpy())
        return (np.concatenate(scores) > 0).astype(np.int64)


def _write_line(text: str, labels: Labels) -> str:
    """Write a text and its labels as fastText reads them."""
    names = np.flatnonzero(labels).tolist() or [_NO_LABEL]
    return " ".join([*(f"{_PREFIX}{name}" for name in names), _flatten(text)])


def _flatten(text: str) -> str:
    """Return the words of a text, in one line, lower case, without accents."""
    return " ".join(_WORD.findall(strip_accents_unicode(text.lower())))


@contextlib.contextmanager
def _hush() -> Iterator[None]:
    """Keep quiet what would print, log and warn at each fit."""
    disabled = logging.root.manager.disable
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(disabled)
