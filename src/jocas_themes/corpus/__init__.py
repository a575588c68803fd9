"""Labelling a corpus: one pure function on batches, and what carries it over millions."""

from jocas_themes.corpus._chunk import label_chunk
from jocas_themes.corpus._label import KEEP_COLUMNS, LabelledCorpus, label_corpus

__all__ = ["KEEP_COLUMNS", "LabelledCorpus", "label_chunk", "label_corpus"]
