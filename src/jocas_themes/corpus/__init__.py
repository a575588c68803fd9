"""Labelling a corpus: one pure function on batches, and what carries it over millions."""

from jocas_themes.corpus._batch import label_batch
from jocas_themes.corpus._label import KEEP_COLUMNS, LabelledCorpus, label_corpus

__all__ = ["KEEP_COLUMNS", "LabelledCorpus", "label_batch", "label_corpus"]
